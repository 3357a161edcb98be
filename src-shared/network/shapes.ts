/**
 * What follows from a network's description: the shape of every layer's output, its parameters, its multiply-adds and
 * how much of the patch one of its values sees. Reads no weights.
 *
 * Shapes are [channels, height, width] of one patch, or [features] after flatten, global average pooling and dense; the
 * batch axis is left out.
 */
import { tesseraError, type TesseraError } from '../errors.ts'
import type { Layer, NetworkDescription } from '../networks.ts'

export type MapShape = readonly [channels: number, height: number, width: number]
export type FlatShape = readonly [features: number]
export type Shape = MapShape | FlatShape

/**
 * Receptive field of one value, px of the patch: `size` = edge of the square it sees, `jump` = distance between the
 * squares of two neighbouring values.
 *
 *   size' = size + (kernel − 1) · jump        jump' = jump · stride
 *
 * Where branches meet, the largest counts.
 * @see Araujo, Norris, Sim, Computing Receptive Fields of Convolutional Neural Networks, Distill (2019)
 */
export type ReceptiveField = { size: number; jump: number }

export type LayerShape = {
  layer: Layer
  /** Names of the layers read, with the default (the layer before) written out. */
  inputs: readonly string[]
  inputShapes: readonly Shape[]
  shape: Shape
  /** numbers that training changes; running averages are not counted */
  parameters: number
  /** for one patch; only convolutions and dense layers have any worth counting */
  multiplyAdds: number
  receptiveField: ReceptiveField
}

export type NetworkShapes = {
  name: string
  input: MapShape
  layers: readonly LayerShape[]
  classes: number
  parameters: number
  multiplyAdds: number
  /** px of the patch that one value of the last convolution sees; the largest where branches end side by side */
  receptiveFieldPx: number
}

export const INPUT = 'input'

export const isMap = (shape: Shape): shape is MapShape => shape.length === 3
export const sizeOf = (dims: readonly number[]): number => dims.reduce((product, length) => product * length, 1)
const inWords = (shape: Shape): string =>
  isMap(shape) ? `${shape[0]} channels of ${shape[1]} × ${shape[2]}` : `${shape[0]} features`

const invalid = (layer: string | null, expected: string, found: string): TesseraError<'NETWORK_INVALID'> =>
  tesseraError(
    'NETWORK_INVALID',
    `This network can not be built: ${layer === null ? 'it' : `layer “${layer}”`} needs ${expected}, but has ${found}.`,
    { layer, expected, found },
  )

/** Values along one axis of a convolution's or a pool's output; the window never reaches past the padding. */
const windowsAlong = (length: number, layer: Window): number =>
  Math.floor((length + 2 * layer.padding - spanOf(layer)) / layer.stride) + 1

type Window = { kernel: number; stride: number; padding: number; dilation?: number }

/** Places from the first tap of a window to its last, both counted. */
export const spanOf = ({ kernel, dilation = 1 }: { kernel: number; dilation?: number }): number =>
  dilation * (kernel - 1) + 1

/**
 * @throws {TesseraError} NETWORK_INVALID with the layer, what it needs and what it has: a layer read before it is made,
 * two of one name, shapes that do not fit, a window larger than its map, a layer nobody reads, no dense layer at the end
 */
export function networkShapes(network: NetworkDescription): NetworkShapes {
  const made = new Map<string, { shape: Shape; receptiveField: ReceptiveField }>()
  made.set(INPUT, { shape: network.input, receptiveField: { size: 1, jump: 1 } })
  const layers: LayerShape[] = []
  const unread = new Set<string>()
  let before = INPUT

  for (const layer of network.layers) {
    if (made.has(layer.id))
      throw invalid(layer.id, 'a name of its own', `the name of ${layer.id === INPUT ? 'the patch' : 'another layer'}`)
    const inputs = layer.inputs ?? [before]
    const read = inputs.map((name) => {
      const source = made.get(name)
      if (!source) throw invalid(layer.id, 'inputs made by layers before it', `input “${name}”`)
      unread.delete(name)
      return source
    })
    const inputShapes = read.map((source) => source.shape)
    const receptiveField = widen(layer, inputShapes, {
      size: Math.max(...read.map((source) => source.receptiveField.size)),
      jump: Math.max(...read.map((source) => source.receptiveField.jump)),
    })
    const shape = outputShape(layer, inputShapes)
    layers.push({ layer, inputs, inputShapes, shape, receptiveField, ...costs(layer, inputShapes, shape) })
    made.set(layer.id, { shape, receptiveField })
    unread.add(layer.id)
    before = layer.id
  }

  const last = layers.at(-1)
  if (!last || last.layer.kind !== 'dense')
    throw invalid(
      null,
      'a dense layer at its end, with one unit for each class',
      last ? `“${last.layer.id}”` : 'no layers',
    )
  unread.delete(last.layer.id)
  for (const name of unread) throw invalid(name, 'a later layer that reads it', 'none')

  const seen = layers
    .filter(({ layer }) => layer.kind === 'convolution')
    .map(({ receptiveField }) => receptiveField.size)
  return {
    name: network.name,
    input: network.input,
    layers,
    classes: last.layer.units,
    parameters: layers.reduce((sum, { parameters }) => sum + parameters, 0),
    multiplyAdds: layers.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
    receptiveFieldPx: Math.max(1, ...seen),
  }
}

function outputShape(layer: Layer, inputs: readonly Shape[]): Shape {
  const [first] = inputs
  if (!first) throw invalid(layer.id, 'an input', 'none')
  switch (layer.kind) {
    case 'convolution':
    case 'max-pool':
    case 'average-pool': {
      const [channels, height, width] = mapOf(layer, first)
      if (layer.kind !== 'convolution' && layer.padding >= layer.kernel)
        throw invalid(layer.id, 'less padding than its kernel', `padding ${layer.padding} and kernel ${layer.kernel}`)
      const rows = windowsAlong(height, layer)
      const columns = windowsAlong(width, layer)
      if (rows < 1 || columns < 1)
        throw invalid(layer.id, `a map of at least ${spanOf(layer) - 2 * layer.padding} px`, `${height} × ${width}`)
      if (layer.kind === 'convolution') fitGroups(layer, channels)
      return [layer.kind === 'convolution' ? layer.filters : channels, rows, columns]
    }
    case 'batch-norm':
      return mapOf(layer, first)
    case 'relu':
    case 'dropout':
      return first
    case 'global-average-pool':
      return [mapOf(layer, first)[0]]
    case 'flatten':
      return [sizeOf(first)]
    case 'dense':
      if (isMap(first))
        throw invalid(layer.id, 'features (put flatten or global average pooling before it)', inWords(first))
      return [layer.units]
    case 'add': {
      const other = inputs.find((shape) => shape.join() !== first.join())
      if (other) throw invalid(layer.id, 'inputs of one shape', `${inWords(first)} and ${inWords(other)}`)
      return first
    }
    case 'concatenate': {
      const [, height, width] = mapOf(layer, first)
      let channels = 0
      for (const shape of inputs) {
        const map = mapOf(layer, shape)
        if (map[1] !== height || map[2] !== width)
          throw invalid(layer.id, 'maps of one height and width', `${inWords(first)} and ${inWords(map)}`)
        channels += map[0]
      }
      return [channels, height, width]
    }
  }
}

/** @throws {TesseraError} NETWORK_INVALID when channels or filters can not be dealt out evenly to the groups */
function fitGroups({ id, filters, groups }: Extract<Layer, { kind: 'convolution' }>, channels: number): void {
  for (const [what, number] of [
    ['channels', channels],
    ['filters', filters],
  ] as const)
    if (number % groups !== 0)
      throw invalid(id, `${what} that are a multiple of its ${groups} groups`, `${number} ${what}`)
}

function mapOf(layer: Layer, shape: Shape): MapShape {
  if (!isMap(shape)) throw invalid(layer.id, 'a map with height and width', inWords(shape))
  return shape
}

function widen(layer: Layer, inputs: readonly Shape[], { size, jump }: ReceptiveField): ReceptiveField {
  const [first] = inputs
  const edge = first && isMap(first) ? Math.max(first[1], first[2]) : 1
  switch (layer.kind) {
    case 'convolution':
    case 'max-pool':
    case 'average-pool':
      return { size: size + (spanOf(layer) - 1) * jump, jump: jump * layer.stride }
    case 'global-average-pool':
    case 'flatten':
      return { size: size + (edge - 1) * jump, jump }
    case 'batch-norm':
    case 'relu':
    case 'dropout':
    case 'dense':
    case 'add':
    case 'concatenate':
      return { size, jump }
  }
}

function costs(layer: Layer, inputs: readonly Shape[], shape: Shape): { parameters: number; multiplyAdds: number } {
  const channels = inputs[0]?.[0] ?? 0
  switch (layer.kind) {
    case 'convolution': {
      const weights = (layer.filters * channels * layer.kernel ** 2) / layer.groups
      const [, rows = 1, columns = 1] = shape
      return { parameters: weights + (layer.bias ? layer.filters : 0), multiplyAdds: weights * rows * columns }
    }
    case 'batch-norm':
      return { parameters: 2 * channels, multiplyAdds: 0 }
    case 'dense':
      return { parameters: (channels + 1) * layer.units, multiplyAdds: channels * layer.units }
    case 'relu':
    case 'max-pool':
    case 'average-pool':
    case 'global-average-pool':
    case 'flatten':
    case 'dropout':
    case 'add':
    case 'concatenate':
      return { parameters: 0, multiplyAdds: 0 }
  }
}
