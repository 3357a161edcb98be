/**
 * The weights of a network out of one of Tessera's own files, orientations that share weights included: a file has the
 * filters of a group convolution written out in all orientations (graph/usedOps.ts), the first of which are the weights
 * themselves.
 */
import { tesseraError } from '../../src-shared/errors.ts'
import { orientationsOf, sizeOf } from '../../src-shared/network/layerShape.ts'
import type { NetworkShapes } from '../../src-shared/network/shapes.ts'
import type { Layer } from '../../src-shared/networks.ts'
import { FLOAT32, floatsOf, type OnnxModel } from './graph/onnx.ts'
import { parameterLayout, parameterView, type Weights } from './graph/parameters.ts'

/**
 * @param file in words of the caller, for errors
 * @throws {TesseraError} MODEL_WEIGHTS_MISMATCH with the first layer that the file has no such numbers for
 */
export function storedWeights({ graph }: OnnxModel, shapes: NetworkShapes, file: string): Weights {
  const layout = parameterLayout(shapes)
  const layers = new Map(shapes.layers.map(({ layer }) => [layer.id, layer] as const))
  const stored = new Map(
    graph.initializer.filter(({ dataType }) => dataType === FLOAT32).map((each) => [each.name, each]),
  )
  const weights: Weights = {
    parameters: new Float32Array(layout.length),
    mean: new Float32Array(layout.runningLength),
    variance: new Float32Array(layout.runningLength),
  }
  const take = (name: string, layer: string, length: number, into: Float32Array): void => {
    const copies = copiesIn(layers.get(layer))
    const found = stored.get(name)
    const expected = `${name} of ${length * copies.times} numbers`
    const actual = found ? `${name} of ${sizeOf(found.dims)} numbers` : `no ${name}`
    if (!found || expected !== actual)
      throw tesseraError(
        'MODEL_WEIGHTS_MISMATCH',
        `The weights of “${file}” do not fit the network its card describes: layer “${layer}” needs ${expected}, the file has ${actual}. Import the model anew with its own card.`,
        { model: file, layer, expected, actual },
      )
    const block = length / copies.blocks
    const numbers = floatsOf(found)
    for (let at = 0; at < copies.blocks; at++)
      into.set(numbers.subarray(at * block * copies.times, at * block * copies.times + block), at * block)
  }
  for (const parameter of layout.parameters) {
    const { name, layer, length } = parameter
    take(name, layer, length, parameterView(weights.parameters, parameter))
  }
  for (const { layer, offset, channels } of layout.running)
    for (const what of ['mean', 'variance'] as const)
      take(`${layer}.${what}`, layer, channels, weights[what].subarray(offset, offset + channels))
  return weights

  /** How often the file has each field's numbers, and how many fields there are. */
  function copiesIn(layer: Layer | undefined): { times: number; blocks: number } {
    if (layer?.kind === 'group-convolution') return { times: orientationsOf(layer.group), blocks: layer.filters }
    if (layer?.kind === 'batch-norm' && layer.orientations > 1) {
      const [channels = 1] = shapes.layers.find((each) => each.layer.id === layer.id)?.shape ?? []
      return { times: layer.orientations, blocks: channels / layer.orientations }
    }
    return { times: 1, blocks: 1 }
  }
}
