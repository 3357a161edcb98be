/**
 * Which part of the patch a value of a layer is worked out from, to the px: back through every window on the way.
 *
 *   of a window   rows from row · stride − padding to there + span − 1
 *
 * What goes through statistics of a whole map (norms over a patch, the gates of channels) is left out, as receptive fields
 * leave it out (layerReach.ts). A network without other ways to a value sees nothing else: changing px outside changes it
 * not.
 */
import { isMap, spanOf, type Shape } from './layerShape.ts'
import { INPUT, type LayerShape } from './shapes.ts'

/** px of the patch, first and last both counted; within the patch. */
export type Seen = { top: number; left: number; bottom: number; right: number }

/** Places of one axis, first and last both counted. */
type Stretch = readonly [first: number, last: number]

/**
 * @param layers of one network, in its order
 * @param layer by name; `input` = the patch
 * @param row of its map; 0 for features
 */
export function seenBy(layers: readonly LayerShape[], input: Shape, layer: string, row: number, column: number): Seen {
  const [, height = 1, width = 1] = input
  const [top, bottom] = along(layers, layer, [row, row], 1, height)
  const [left, right] = along(layers, layer, [column, column], 2, width)
  return { top, left, bottom, right }
}

/** @param axis of the shape: 1 = rows, 2 = columns */
function along(layers: readonly LayerShape[], layer: string, places: Stretch, axis: 1 | 2, length: number): Stretch {
  // What of each layer is needed; walked from the last to the first, so that each is whole when it is its turn.
  const needed = new Map<string, Stretch>([[layer, places]])
  for (const shape of layers.toReversed()) {
    const wanted = needed.get(shape.layer.id)
    if (!wanted) continue
    for (const [at, name] of shape.inputs.entries()) {
      const read = shape.inputShapes[at] ?? [1]
      // The gates of channels are no places.
      if (shape.layer.kind === 'multiply' && !isMap(read) && isMap(shape.shape)) continue
      needed.set(name, joined(needed.get(name), back(shape, wanted, read[axis] ?? 1)))
    }
  }
  const [first, last] = needed.get(INPUT) ?? [0, length - 1]
  return [Math.max(0, first), Math.min(length - 1, last)]
}

const joined = (a: Stretch | undefined, b: Stretch): Stretch => (a ? [Math.min(a[0], b[0]), Math.max(a[1], b[1])] : b)

/** @param length of the axis of what is read */
function back({ layer, inputShapes: [read] }: LayerShape, [first, last]: Stretch, length: number): Stretch {
  const within = (from: number, to: number): Stretch => [Math.max(0, from), Math.min(length - 1, to)]
  switch (layer.kind) {
    case 'convolution':
    case 'group-convolution':
    case 'max-pool':
    case 'average-pool': {
      const from = first * layer.stride - layer.padding
      return within(from, last * layer.stride - layer.padding + spanOf(layer) - 1)
    }
    case 'transposed-convolution':
      return within(
        Math.ceil((first + layer.padding - layer.kernel + 1) / layer.stride),
        Math.floor((last + layer.padding) / layer.stride),
      )
    case 'global-average-pool':
    case 'global-max-pool':
    case 'flatten':
    case 'dense':
      return [0, length - 1]
    default:
      return read && isMap(read) ? within(first, last) : [0, length - 1]
  }
}
