/**
 * What follows from a network's description: the shape of every layer's output, its parameters, its multiply-adds and
 * how much of the patch one of its values sees. Reads no weights.
 *
 * Shapes are [channels, height, width] of one patch, or [features] after flatten, global pooling and dense; the batch
 * axis is left out.
 */
import { isTesseraError, type TesseraError } from '../errors.ts'
import type { Layer, NetworkDescription, SymmetryGroup } from '../networks.ts'
import { countOf, layerParameters, type LayerParameter } from './layerParameters.ts'
import { multiplyAddsOf, receptiveFieldOf, type ReceptiveField } from './layerReach.ts'
import { invalid, outputOf, type Made, type MapShape, type Shape } from './layerShape.ts'

export type LayerShape = {
  layer: Layer
  /** Names of the layers read, with the default (the layer before) written out. */
  inputs: readonly string[]
  inputShapes: readonly Shape[]
  shape: Shape
  /** of the first input and of the output: what their channels stand for beside fields; null = nothing */
  inputSymmetry: SymmetryGroup | null
  symmetry: SymmetryGroup | null
  weights: readonly LayerParameter[]
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

/**
 * The layers of a network as far as they can be built, and what stands in the way of the rest: for those who look at a
 * network while it is being changed.
 */
export function layersSoFar(network: NetworkDescription): {
  layers: readonly LayerShape[]
  problem: TesseraError<'NETWORK_INVALID'> | null
} {
  const layers: LayerShape[] = []
  try {
    for (const layer of walk(network)) layers.push(layer)
    endsWithClasses(layers)
    return { layers, problem: null }
  } catch (error) {
    if (!isTesseraError(error, 'NETWORK_INVALID')) throw error
    return { layers, problem: error }
  }
}

/**
 * @throws {TesseraError} NETWORK_INVALID with the layer, what it needs and what it has: a layer read before it is made,
 * two of one name, shapes that do not fit, a window larger than its map, a layer nobody reads, no dense layer at the end
 */
export function networkShapes(network: NetworkDescription): NetworkShapes {
  const { layers, problem } = layersSoFar(network)
  if (problem) throw problem
  const seen = layers.filter(({ layer }) => layer.kind.endsWith('convolution'))
  return {
    name: network.name,
    input: network.input,
    layers,
    classes: layers.at(-1)?.shape[0] ?? 0,
    parameters: layers.reduce((sum, { parameters }) => sum + parameters, 0),
    multiplyAdds: layers.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
    receptiveFieldPx: Math.max(1, ...seen.map(({ receptiveField }) => receptiveField.size)),
  }
}

/** @throws {TesseraError} NETWORK_INVALID at the first layer that can not be built */
function* walk(network: NetworkDescription): Generator<LayerShape> {
  type Source = Made & { receptiveField: ReceptiveField }
  const patch: Source = { shape: network.input, symmetry: null, receptiveField: { size: 1, jump: 1 } }
  const made = new Map<string, Source>([[INPUT, patch]])
  let before = INPUT
  for (const layer of network.layers) {
    if (made.has(layer.id))
      throw invalid(layer.id, 'a name of its own', `the name of ${layer.id === INPUT ? 'the patch' : 'another layer'}`)
    const inputs = layer.inputs ?? [before]
    const read = inputs.map((name) => {
      const source = made.get(name)
      if (!source) throw invalid(layer.id, 'inputs made by layers before it', `input “${name}”`)
      return source
    })
    const output = outputOf(layer, read)
    const receptiveField = receptiveFieldOf(
      layer,
      read,
      read.map((source) => source.receptiveField),
    )
    const weights = layerParameters(layer, read)
    yield {
      layer,
      inputs,
      inputShapes: read.map((source) => source.shape),
      shape: output.shape,
      inputSymmetry: read[0]?.symmetry ?? null,
      symmetry: output.symmetry,
      weights,
      parameters: countOf(weights),
      multiplyAdds: multiplyAddsOf(layer, read, output),
      receptiveField,
    }
    made.set(layer.id, { ...output, receptiveField })
    before = layer.id
  }
}

/** @throws {TesseraError} NETWORK_INVALID when the end is no classes, or a layer leads nowhere */
function endsWithClasses(layers: readonly LayerShape[]): void {
  const last = layers.at(-1)
  if (!last || last.layer.kind !== 'dense')
    throw invalid(
      null,
      'a dense layer at its end, with one unit for each class',
      last ? `“${last.layer.id}”` : 'no layers',
    )
  const read = new Set(layers.flatMap(({ inputs }) => inputs))
  for (const { layer } of layers.slice(0, -1))
    if (!read.has(layer.id)) throw invalid(layer.id, 'a later layer that reads it', 'none')
}
