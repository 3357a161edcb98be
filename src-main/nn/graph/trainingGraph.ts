/**
 * One training step as a graph: forward, loss and backward. Shapes are fixed, so there is one graph for each batch size.
 *
 *   input       [batch, channels, height, width]   normalised patches
 *   target      [batch, classes]                   what each should be; rows add up to 1
 *   <parameter> as parameterLayout names them       read anew at each step
 *   <layer>.mask [batch, …shape of the layer]       for each dropout: 0 or 1 / (1 − rate)
 *
 *   loss        []                                 mean cross-entropy, nats
 *   logits      [batch, classes]
 *   <gradient>  [parameters]                       ∂loss/∂parameter, flat, in the order of the layout; see GradientResult
 *   mean, variance [channels of all batch norms]   of this batch, for the running averages; absent without batch norm
 *
 * On the processor the gradient is one result for each parameter, which its operator writes where it is wanted: joining
 * eleven million of them took 8 ms on each thread, and as long again for the runtime to find memory for the copy of a
 * result that it hands out. On other devices it is one result, because each is a transfer of its own.
 */
import { INPUT, networkShapes, type NetworkShapes } from '../../../src-shared/network/shapes.ts'
import type { NetworkDescription } from '../../../src-shared/networks.ts'
import type { Backward } from './gradients/backward.ts'
import { layerGradient } from './gradients/layerGradient.ts'
import { softmaxCrossEntropy } from './gradients/softmaxCrossEntropy.ts'
import { graphWriter, type GraphWriter, type OperatorSet } from './graphWriter.ts'
import type { ParameterNames } from './layerOps.ts'
import { encodeModel, intAttribute } from './onnx.ts'
import { parameterLayout, type ParameterLayout } from './parameters.ts'
import { trainingOp, type MaskInput } from './trainingOps.ts'

/** A graph of a step, or of its forward pass alone. */
export type StepGraph = {
  bytes: Uint8Array
  batch: number
  shapes: NetworkShapes
  layout: ParameterLayout
  masks: readonly MaskInput[]
}

export type TrainingGraph = StepGraph & { gradients: readonly GradientResult[] }

/** A result of the graph that is a stretch of the flat gradient. */
export type GradientResult = { name: string; offset: number; length: number }

/** A layer as the forward pass left it, waiting for its backward pass. */
type Step = Omit<Backward, 'gradient'>

/**
 * @param of patches the loss is a mean over: more than `batch` when this is one part of a larger batch
 * @param operators `standard` for graphics devices, see standardOperators.ts; the numbers are the same
 * @throws {TesseraError} NETWORK_INVALID
 */
export function trainingGraph(
  network: NetworkDescription,
  batch: number,
  of = batch,
  operators: OperatorSet = 'processor',
): TrainingGraph {
  const shapes = networkShapes(network)
  const graph = graphWriter(`${network.name}, one training step`, operators)
  const target = graph.input('target', [batch, shapes.classes])
  const { steps, layout, masks } = begun(graph, batch, shapes)
  const logits = steps.at(-1)?.output ?? INPUT
  const { loss, gradient } = softmaxCrossEntropy(graph, of, logits, target)
  graph.output('loss', loss, [])
  graph.output('logits', logits, [batch, shapes.classes])
  const gradientOf = backward(graph, steps, logits, gradient)
  writeStatistics(graph, layout, steps)
  const gradients = writeGradient(graph, layout, gradientOf)
  return { bytes: encodeModel(graph.graph(), { text: graph.graph().name }), batch, shapes, layout, masks, gradients }
}

/** The forward pass of a training step alone, with the output of every layer as a result of its own name. */
export function layerOutputsGraph(network: NetworkDescription, batch: number, operators: OperatorSet): StepGraph {
  const shapes = networkShapes(network)
  const graph = graphWriter(`${network.name}, every layer`, operators)
  const { steps, layout, masks } = begun(graph, batch, shapes)
  for (const { shape, output } of steps) graph.output(layerResult(shape.layer.id), output, [batch, ...shape.shape])
  return { bytes: encodeModel(graph.graph(), { text: graph.graph().name }), batch, shapes, layout, masks }
}

export const layerResult = (layer: string): string => `${layer}.result`

/** The inputs of a step and its forward pass. */
function begun(graph: GraphWriter, batch: number, shapes: NetworkShapes) {
  const layout = parameterLayout(shapes)
  const masks: MaskInput[] = []
  graph.input(INPUT, [batch, ...shapes.input])
  for (const { name, dims } of layout.parameters) graph.input(name, dims)
  return { steps: forward(graph, batch, shapes, layout, masks), layout, masks }
}

function forward(
  graph: GraphWriter,
  batch: number,
  shapes: NetworkShapes,
  layout: ParameterLayout,
  masks: MaskInput[],
): Step[] {
  const values = new Map([[INPUT, INPUT]])
  const trained = new Set<string>()
  return shapes.layers.map((shape) => {
    const { layer } = shape
    const inputs = shape.inputs.map((name) => values.get(name) ?? name)
    const own = layout.parameters.filter((parameter) => parameter.layer === layer.id)
    const parameters: ParameterNames = Object.fromEntries(own.map(({ role, name }) => [role, name]))
    const { output, kept } = trainingOp(graph, batch, shape, inputs, parameters, masks)
    const needed = inputs.map((input) => trained.has(input))
    if (own.length > 0 || needed.includes(true)) trained.add(output)
    values.set(layer.id, output)
    return { graph, batch, shape, inputs, output, parameters, kept, needed }
  })
}

/** From the last layer to the first; where a value was read several times, its gradients add up. */
function backward(graph: GraphWriter, steps: readonly Step[], logits: string, atLogits: string): Map<string, string> {
  const arrived = new Map([[logits, [atLogits]]])
  const ofParameters = new Map<string, string>()
  for (const step of steps.toReversed()) {
    const parts = arrived.get(step.output)
    const [first] = parts ?? []
    if (!parts || first === undefined) continue
    const gradient = parts.length === 1 ? first : graph.op(parts.length === 2 ? 'Add' : 'Sum', parts)
    const { inputs, parameters } = layerGradient({ ...step, gradient })
    for (const [place, input] of step.inputs.entries()) {
      const part = inputs[place] ?? null
      if (part !== null && step.needed[place] === true) arrived.set(input, [...(arrived.get(input) ?? []), part])
    }
    for (const [role, value] of Object.entries(parameters)) ofParameters.set(`${step.shape.layer.id}.${role}`, value)
  }
  return ofParameters
}

/** In the order of the layout, so that each is worked out when the backward pass is at its layer: see flatOutputs. */
function writeGradient(
  graph: GraphWriter,
  layout: ParameterLayout,
  gradientOf: ReadonlyMap<string, string>,
): GradientResult[] {
  const values = layout.parameters.map(({ name }) => {
    const gradient = gradientOf.get(name)
    if (gradient === undefined) throw new Error(`No gradient was written for ${name}.`)
    return gradient
  })
  if (graph.operators === 'standard') return [joinedGradient(graph, layout, values)]
  const names = graph.flatOutputs(values)
  return layout.parameters.map(({ offset, length }, place) => ({ name: names[place]!, offset, length }))
}

function joinedGradient(graph: GraphWriter, { length }: ParameterLayout, values: readonly string[]): GradientResult {
  const flat = values.map((value) => graph.op('Flatten', [value], [intAttribute('axis', 0)]))
  const row = graph.op('Concat', flat, [intAttribute('axis', 1)])
  graph.output('gradient', graph.op('Reshape', [row, graph.integers([length])]), [length])
  return { name: 'gradient', offset: 0, length }
}

function writeStatistics(graph: GraphWriter, layout: ParameterLayout, steps: readonly Step[]): void {
  if (layout.running.length === 0) return
  for (const what of ['mean', 'variance']) {
    const parts = steps.flatMap(({ shape, kept }) => (shape.layer.kind === 'batch-norm' ? (kept[what] ?? []) : []))
    graph.output(what, graph.op('Concat', parts, [intAttribute('axis', 0)]), [layout.runningLength])
  }
}
