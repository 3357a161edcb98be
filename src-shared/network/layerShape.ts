/** What one layer makes of the shapes it reads, and why it can not. */
import { tesseraError, type TesseraError } from '../errors.ts'
import type { Layer, LayerOf, SymmetryGroup } from '../networks.ts'

export type MapShape = readonly [channels: number, height: number, width: number]
export type FlatShape = readonly [features: number]
export type Shape = MapShape | FlatShape

/**
 * A value of the network: its shape and, where group convolutions made it, the symmetry its channels stand for. Oriented
 * maps have channel = field · orientations + orientation; null = ordinary channels.
 */
export type Made = { shape: Shape; symmetry: SymmetryGroup | null }

export const isMap = (shape: Shape): shape is MapShape => shape.length === 3
export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, length) => product * length, 1)

/** Channels of one field: turns, or turns and mirrored turns, of a square. */
export const orientationsOf = (symmetry: SymmetryGroup | null): number =>
  symmetry === null ? 1 : symmetry === 'p4' ? 4 : 8

export type Window = { kernel: number; stride: number; padding: number; dilation?: number }

/** Places from the first tap of a window to its last, both counted. */
export const spanOf = ({ kernel, dilation = 1 }: { kernel: number; dilation?: number }): number =>
  dilation * (kernel - 1) + 1

/** Values along one axis of a convolution's or a pool's output; the window never reaches past the padding. */
const windowsAlong = (length: number, window: Window): number =>
  Math.floor((length + 2 * window.padding - spanOf(window)) / window.stride) + 1

export const invalid = (layer: string | null, expected: string, found: string): TesseraError<'NETWORK_INVALID'> =>
  tesseraError(
    'NETWORK_INVALID',
    `This network can not be built: ${layer === null ? 'it' : `layer “${layer}”`} needs ${expected}, but has ${found}.`,
    { layer, expected, found },
  )

const inWords = ({ shape, symmetry }: Made): string =>
  (isMap(shape) ? `${shape[0]} channels of ${shape[1]} × ${shape[2]}` : `${shape[0]} features`) +
  (symmetry === null ? '' : `, oriented (${symmetry})`)

/** @throws {TesseraError} NETWORK_INVALID with the layer, what it needs and what it has */
export function outputOf(layer: Layer, inputs: readonly Made[]): Made {
  const [first] = inputs
  if (!first) throw invalid(layer.id, 'an input', 'none')
  switch (layer.kind) {
    case 'convolution':
      fitsGroups(layer, plainMap(layer, first)[0])
      return plain(overWindows(layer, plainMap(layer, first), layer.filters))
    case 'transposed-convolution':
      return plain(transposed(layer, plainMap(layer, first)))
    case 'group-convolution':
      return lifted(layer, first)
    case 'orientation-pool': {
      const [channels, height, width] = mapOf(layer, first)
      if (first.symmetry === null) throw invalid(layer.id, 'oriented maps of a group convolution', inWords(first))
      return plain([channels / orientationsOf(first.symmetry), height, width])
    }
    case 'batch-norm':
      if (layer.orientations !== orientationsOf(first.symmetry))
        throw invalid(
          layer.id,
          `${orientationsOf(first.symmetry)} orientations, as its input has`,
          `${layer.orientations}`,
        )
      return first
    case 'group-norm':
      multipleOf(layer, layer.groups, 'channels', plainOnly(layer, first)[0])
      return first
    case 'layer-norm':
    case 'softmax':
      plainOnly(layer, first)
      return first
    case 'relu':
    case 'leaky-relu':
    case 'gelu':
    case 'silu':
    case 'sigmoid':
    case 'tanh':
    case 'dropout':
      return first
    case 'max-pool':
    case 'average-pool': {
      const map = mapOf(layer, first)
      if (layer.padding >= layer.kernel)
        throw invalid(layer.id, 'less padding than its kernel', `padding ${layer.padding} and kernel ${layer.kernel}`)
      return { ...first, shape: overWindows(layer, map, map[0]) }
    }
    case 'global-average-pool':
    case 'global-max-pool':
      return plain([plainMap(layer, first)[0]])
    case 'flatten':
      return plain([sizeOf(plainOnly(layer, first))])
    case 'dense':
      if (isMap(first.shape))
        throw invalid(layer.id, 'features (put flatten or global average pooling before it)', inWords(first))
      return plain([layer.units])
    case 'squeeze-excitation':
      plainMap(layer, first)
      return first
    case 'add': {
      const other = inputs.find((input) => !isAlike(input, first))
      if (other) throw invalid(layer.id, 'inputs of one shape', `${inWords(first)} and ${inWords(other)}`)
      return first
    }
    case 'multiply':
      return multiplied(layer, first, inputs[1] ?? first)
    case 'concatenate':
      return joined(layer, first, inputs)
  }
}

const plain = (shape: Shape): Made => ({ shape, symmetry: null })

const isAlike = (one: Made, other: Made): boolean =>
  one.symmetry === other.symmetry && one.shape.join() === other.shape.join()

function mapOf(layer: Layer, input: Made): MapShape {
  if (!isMap(input.shape)) throw invalid(layer.id, 'a map with height and width', inWords(input))
  return input.shape
}

/** What a layer that treats orientations as any channels would break is refused before it does. */
function plainOnly(layer: Layer, input: Made): Shape {
  if (input.symmetry !== null)
    throw invalid(layer.id, 'ordinary channels (put orientation pooling before it)', inWords(input))
  return input.shape
}

function plainMap(layer: Layer, input: Made): MapShape {
  plainOnly(layer, input)
  return mapOf(layer, input)
}

function overWindows(layer: Layer & Window, [, height, width]: MapShape, channels: number): MapShape {
  const rows = windowsAlong(height, layer)
  const columns = windowsAlong(width, layer)
  if (rows < 1 || columns < 1)
    throw invalid(layer.id, `a map of at least ${spanOf(layer) - 2 * layer.padding} px`, `${height} × ${width}`)
  return [channels, rows, columns]
}

/** @throws {TesseraError} NETWORK_INVALID when channels or filters can not be dealt out evenly to the groups */
function fitsGroups(layer: LayerOf<'convolution'>, channels: number): void {
  multipleOf(layer, layer.groups, 'channels', channels)
  multipleOf(layer, layer.groups, 'filters', layer.filters)
}

function multipleOf(layer: Layer, groups: number, what: string, number: number): void {
  if (number % groups !== 0)
    throw invalid(layer.id, `${what} that are a multiple of its ${groups} groups`, `${number} ${what}`)
}

function transposed(layer: LayerOf<'transposed-convolution'>, [, height, width]: MapShape): MapShape {
  const { id, filters, kernel, stride, padding, outputPadding } = layer
  if (outputPadding >= stride)
    throw invalid(id, 'less output padding than its stride', `output padding ${outputPadding} and stride ${stride}`)
  const along = (length: number) => (length - 1) * stride - 2 * padding + kernel + outputPadding
  if (along(height) < 1 || along(width) < 1)
    throw invalid(id, `a map so large that something is left within a padding of ${padding}`, `${height} × ${width}`)
  return [filters, along(height), along(width)]
}

function lifted(layer: LayerOf<'group-convolution'>, input: Made): Made {
  const map = mapOf(layer, input)
  if (input.symmetry !== null && input.symmetry !== layer.group)
    throw invalid(layer.id, `an ordinary map or one oriented by ${layer.group}`, inWords(input))
  return {
    shape: overWindows(layer, map, layer.filters * orientationsOf(layer.group)),
    symmetry: layer.group,
  }
}

function multiplied(layer: Layer, one: Made, other: Made): Made {
  if (isAlike(one, other)) return one
  const [map, gate] = isMap(one.shape) ? [one, other] : [other, one]
  const fits = isMap(map.shape) && !isMap(gate.shape) && map.shape[0] === gate.shape[0] && map.symmetry === null
  if (!fits)
    throw invalid(
      layer.id,
      'two inputs of one shape, or a map and a feature for each of its channels',
      `${inWords(one)} and ${inWords(other)}`,
    )
  return map
}

/** Maps side by side along their channels, or features along themselves. */
function joined(layer: Layer, first: Made, inputs: readonly Made[]): Made {
  let channels = 0
  for (const input of inputs) {
    const apart = input.shape.slice(1).join() !== first.shape.slice(1).join() || input.symmetry !== first.symmetry
    if (apart || isMap(input.shape) !== isMap(first.shape))
      throw invalid(layer.id, 'maps of one height and width', `${inWords(first)} and ${inWords(input)}`)
    channels += input.shape[0]
  }
  const { shape } = first
  return { ...first, shape: isMap(shape) ? [channels, shape[1], shape[2]] : [channels] }
}
