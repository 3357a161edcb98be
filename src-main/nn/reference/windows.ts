/** Windows that step over a map: what convolutions and pools have in common. */
import { isInside, type Maps } from './tensor.ts'

/**
 * All in px of the map; `padding` rows and columns are thought to lie around it on every side; `dilation` is the distance
 * between neighbouring places of a window, 1 where they touch.
 */
export type Window = { kernel: number; stride: number; padding: number; dilation?: number }

/** How many windows fit along an axis; a rest too short for a window is left over. */
export const windowsAlong = (length: number, { kernel, stride, padding, dilation = 1 }: Window): number =>
  Math.floor((length + 2 * padding - (dilation * (kernel - 1) + 1)) / stride) + 1

/** One place of a window: (i, j) within the window, (row, column) on the map it steps over. */
export type Place = { i: number; j: number; row: number; column: number }

/** The places of one window that lie on the map, in reading order; those on the padding are left out. */
export function* placesOn(
  map: Omit<Maps, 'data'>,
  window: Window,
  windowRow: number,
  windowColumn: number,
): Generator<Place> {
  const { dilation = 1 } = window
  for (let i = 0; i < window.kernel; i++)
    for (let j = 0; j < window.kernel; j++) {
      const row = windowRow * window.stride - window.padding + i * dilation
      const column = windowColumn * window.stride - window.padding + j * dilation
      if (isInside(map, row, column)) yield { i, j, row, column }
    }
}

/** Every window of every channel of every patch. */
export function* eachWindow(
  output: Omit<Maps, 'data'>,
): Generator<{ n: number; channel: number; windowRow: number; windowColumn: number }> {
  for (let n = 0; n < output.batch; n++)
    for (let channel = 0; channel < output.channels; channel++)
      for (let windowRow = 0; windowRow < output.height; windowRow++)
        for (let windowColumn = 0; windowColumn < output.width; windowColumn++)
          yield { n, channel, windowRow, windowColumn }
}
