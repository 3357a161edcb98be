/**
 * The gradient of the classes of a trained network with respect to one of its layers, or to the patch: what Grad-CAM and
 * gradient × input are made of. The network is as it is used: batch norms by their running averages, no dropout.
 *
 *   input       [1, channels, height, width]   a normalised patch
 *   direction   [1, classes]                   1 at the class that is asked about, else 0
 *
 *   logits      [1, classes]                   before softmax
 *   output      [1, …shape of the layer]       what the layer makes of the patch
 *   gradient    [1, …shape of the layer]       ∂(Σ direction · logits) / ∂output
 *
 * The backward pass of each layer is that of training (gradients/), but of batch norm: in use it is a scale and a shift
 * for each channel, so that its gradient is multiplied with the scale.
 */
import type { Shape } from '../../../src-shared/network/layerShape.ts'
import { INPUT, networkShapes, type LayerShape } from '../../../src-shared/network/shapes.ts'
import type { LayerOf, NetworkDescription } from '../../../src-shared/networks.ts'
import type { Backward } from './gradients/backward.ts'
import { layerGradient } from './gradients/layerGradient.ts'
import { graphWriter, type GraphWriter } from './graphWriter.ts'
import { cutGraph } from './innerValue.ts'
import type { ParameterNames } from './layerOps.ts'
import { acrossPlaces } from './normOps.ts'
import { encodeModel } from './onnx.ts'
import { parameterLayout, parameterView, type ParameterLayout, type Weights } from './parameters.ts'
import { repeated } from './symmetries.ts'
import { trainingOp } from './trainingOps.ts'

export const GRADIENT_RESULTS = ['logits', 'output', 'gradient'] as const

type Step = Omit<Backward, 'gradient'> & {
  /** of a batch norm: what it multiplies each channel with */
  scale: string | null
}

/**
 * @param layer by name; `input` = the patch itself
 * @throws {TesseraError} NETWORK_INVALID
 */
export function gradientGraph(network: NetworkDescription, weights: Weights, layer: string): Uint8Array {
  const shapes = networkShapes(network)
  const layout = parameterLayout(shapes)
  const graph = graphWriter(`${network.name}, gradient at ${layer}`)
  graph.input(INPUT, [1, ...network.input])
  const direction = graph.input('direction', [1, shapes.classes])
  const values = new Map([[INPUT, INPUT]])
  const steps = shapes.layers.flatMap((shape): Step[] => {
    const inputs = shape.inputs.map((name) => values.get(name) ?? name)
    if (shape.layer.kind === 'dropout') {
      values.set(shape.layer.id, inputs[0] ?? INPUT)
      return []
    }
    const step = forwardStep(graph, shape, inputs, layout, weights)
    values.set(shape.layer.id, step.output)
    return [step]
  })
  const of = values.get(layer)
  if (of === undefined) throw new Error(`The network “${network.name}” has no layer “${layer}”.`)
  const logits = steps.at(-1)?.output ?? INPUT
  const gradient = backTo(graph, steps, of, logits, direction)
  const shape = layer === INPUT ? network.input : shapeOf(shapes.layers, layer)
  graph.output('logits', logits, [1, shapes.classes])
  graph.output('output', of, [1, ...shape])
  graph.output('gradient', gradient, [1, ...shape])
  return encodeModel(cutGraph(graph.graph(), GRADIENT_RESULTS), { text: graph.graph().name })
}

const shapeOf = (layers: readonly LayerShape[], layer: string): Shape =>
  layers.find((each) => each.layer.id === layer)?.shape ?? [1]

function forwardStep(
  graph: GraphWriter,
  shape: LayerShape,
  inputs: readonly string[],
  layout: ParameterLayout,
  weights: Weights,
): Step {
  const { layer } = shape
  const common = { graph, batch: 1, shape, inputs, needed: inputs.map(() => true) }
  if (layer.kind === 'batch-norm') {
    const { scale, shift } = asScaleAndShift(layer, layout, weights)
    const [times, plus] = [scale, shift].map((numbers) =>
      acrossPlaces(graph, graph.constant([numbers.length], numbers), shape.shape),
    ) as [string, string]
    const output = graph.op('Add', [graph.op('Mul', [inputs[0] ?? INPUT, times]), plus])
    return { ...common, output, parameters: {}, kept: {}, scale: times }
  }
  const own = layout.parameters.filter((parameter) => parameter.layer === layer.id)
  const parameters: ParameterNames = Object.fromEntries(
    own.map((each) => [each.role, graph.constant(each.dims, parameterView(weights.parameters, each), each.name)]),
  )
  const { output, kept } = trainingOp(graph, 1, shape, inputs, parameters, [])
  return { ...common, output, parameters, kept, scale: null }
}

/** γ · (x − μ) / √(σ² + ε) + β as one multiplication and one addition for each channel. */
function asScaleAndShift(
  { id, epsilon, orientations }: LayerOf<'batch-norm'>,
  layout: ParameterLayout,
  weights: Weights,
): { scale: Float32Array; shift: Float32Array } {
  const view = (role: 'scale' | 'shift'): Float32Array => {
    const found = layout.parameters.find((each) => each.layer === id && each.role === role)
    if (!found) throw new Error(`The batch norm “${id}” has no ${role}.`)
    return parameterView(weights.parameters, found)
  }
  const range = layout.running.find((each) => each.layer === id)
  if (!range) throw new Error(`The batch norm “${id}” has no running averages.`)
  const [mean, variance] = (['mean', 'variance'] as const).map((what) =>
    weights[what].subarray(range.offset, range.offset + range.channels),
  ) as [Float32Array, Float32Array]
  const scale = view('scale').map((gamma, channel) => gamma / Math.sqrt(variance[channel]! + epsilon))
  const shift = view('shift').map((beta, channel) => beta - mean[channel]! * scale[channel]!)
  return { scale: repeated(scale, orientations), shift: repeated(shift, orientations) }
}

/** From the classes back to one value; where a value was read several times, its gradients add up. */
function backTo(graph: GraphWriter, steps: readonly Step[], value: string, logits: string, direction: string): string {
  const arrived = new Map([[logits, [direction]]])
  for (const { scale, ...step } of steps.toReversed()) {
    const parts = arrived.get(step.output)
    // All that reads a value comes after it, so what has arrived at the one that is asked for is whole here.
    if (step.output === value) break
    if (!parts) continue
    const gradient = added(graph, parts)
    const inputs = scale === null ? layerGradient({ ...step, gradient }).inputs : [graph.op('Mul', [gradient, scale])]
    for (const [place, input] of step.inputs.entries()) {
      const part = inputs[place] ?? null
      if (part !== null) arrived.set(input, [...(arrived.get(input) ?? []), part])
    }
  }
  const parts = arrived.get(value)
  if (!parts) throw new Error(`No class depends on “${value}”.`)
  return added(graph, parts)
}

function added(graph: GraphWriter, parts: readonly string[]): string {
  const [only = ''] = parts
  if (parts.length === 1) return only
  return graph.op(parts.length === 2 ? 'Add' : 'Sum', parts)
}
