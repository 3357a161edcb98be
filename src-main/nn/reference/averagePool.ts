/**
 * Average pooling: the mean of each window.
 *
 *   y[n, c, window] = mean of x[n, c, place] over the window's places that lie on the map
 *
 * Padding is not counted: at a border the mean is over fewer values, not mixed with zeros. (ONNX: AveragePool with
 * count_include_pad = 0, its default. PyTorch counts the zeros unless told otherwise.) Backward, every value that went
 * into a mean of k values gets 1/k of its gradient.
 */
import { maps, placeIn, zeros, type Tensor } from './tensor.ts'
import { eachWindow, placesOn, windowsAlong, type Window } from './windows.ts'

export function averagePool(x: Tensor, window: Window): Tensor {
  const input = maps(x)
  const y = zeros([input.batch, input.channels, windowsAlong(input.height, window), windowsAlong(input.width, window)])
  const output = maps(y)
  for (const { n, channel, windowRow, windowColumn } of eachWindow(output)) {
    const places = [...placesOn(input, window, windowRow, windowColumn)]
    const sum = places.reduce((sum, { row, column }) => sum + input.data[placeIn(input, n, channel, row, column)]!, 0)
    output.data[placeIn(output, n, channel, windowRow, windowColumn)] = sum / places.length
  }
  return y
}

export function averagePoolBackward(dimsOfX: readonly number[], window: Window, gradient: Tensor): Tensor {
  const toX = zeros(dimsOfX)
  const input = maps(toX)
  const output = maps(gradient)
  for (const { n, channel, windowRow, windowColumn } of eachWindow(output)) {
    const places = [...placesOn(input, window, windowRow, windowColumn)]
    const share = output.data[placeIn(output, n, channel, windowRow, windowColumn)]! / places.length
    for (const { row, column } of places) input.data[placeIn(input, n, channel, row, column)]! += share
  }
  return toX
}
