/** Networks run by ONNX Runtime on the processor. The only file that knows the runtime. */
import './keptQuiet.ts' // before the runtime
import * as ort from 'onnxruntime-node'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import { partsOf } from '../../src-shared/network/parts.ts'
import { plansMemory } from '../../src-shared/network/trainingMemory.ts'
import { parallelTrainer } from './parallelTrainer.ts'
import type { Backend, Predictor, Trainer, TrainerInput, TrainerStep } from './backend.ts'
import { PROBABILITIES } from './graph/forwardGraph.ts'
import { decodeModel, type OnnxValue } from './graph/onnx.ts'
import { parameterView, type Weights } from './graph/parameters.ts'
import { INPUT } from '../../src-shared/network/shapes.ts'
import { trainingGraph } from './graph/trainingGraph.ts'

/** Only errors are worth a line: the runtime warns of initialisers it removes. */
const LOG_ERRORS = 3

export function onnxBackend(threads: number): Backend {
  const session = (bytes: Uint8Array, level: 'extended' | 'all', enableMemPattern = true) =>
    ort.InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: level,
      enableMemPattern,
      logSeverityLevel: LOG_ERRORS,
      // Numbers too small to matter take a hundred times as long to multiply.
      extra: { session: { set_denormal_as_zero: '1' } },
    })
  return {
    info: { name: 'ONNX Runtime', version: ort.env.versions.node ?? ort.env.versions.common, device: 'CPU', threads },

    async createTrainer(network, batch, { of = batch, floats = (length: number) => new Float32Array(length) } = {}) {
      const parts = partsOf(batch, threads)
      if (parts > 1)
        return parallelTrainer(network, batch, parts, (part) =>
          onnxBackend(1).createTrainer(network, part, { of: batch }),
        )
      const graph = trainingGraph(network, batch, of)
      const running = await engineCall(() => session(graph.bytes, 'extended', plansMemory(graph.shapes, of)))
      return onnxTrainer(running, network, graph, floats)
    },

    async createPredictor(onnx, file) {
      try {
        const { input, classes } = predictorShape(onnx)
        return onnxPredictor(await session(onnx, 'all'), input, classes)
      } catch (error) {
        const reason = messageOf(error)
        throw tesseraError(
          'MODEL_FILE_BROKEN',
          `“${file}” is not a model Tessera can run: ${reason}. It takes ONNX files with one input of patches and one output of probabilities, such as its own.`,
          { file, reason },
          { cause: error },
        )
      }
    },
  }
}

/** @throws {TesseraError} ENGINE_FAILED with the runtime's own words */
async function engineCall<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const reason = messageOf(error)
    throw tesseraError(
      'ENGINE_FAILED',
      `The network engine failed: ${reason}. If memory is short, a smaller batch needs less of it.`,
      { reason },
      { cause: error },
    )
  }
}

function onnxTrainer(
  session: ort.InferenceSession,
  network: NetworkDescription,
  { batch, layout, masks, shapes }: ReturnType<typeof trainingGraph>,
  floats: (length: number) => Float32Array,
): Trainer {
  const float = (data: Float32Array, dims: readonly number[]) => new ort.Tensor('float32', data, dims)
  const results = {
    loss: float(new Float32Array(1), []),
    logits: float(new Float32Array(batch * shapes.classes), [batch, shapes.classes]),
    gradient: float(floats(layout.length), [layout.length]),
    ...(layout.runningLength > 0 && {
      mean: float(floats(layout.runningLength), [layout.runningLength]),
      variance: float(floats(layout.runningLength), [layout.runningLength]),
    }),
  }
  const numbers = (name: string): Float32Array => {
    const tensor = (results as Record<string, ort.Tensor>)[name]
    return tensor ? (tensor.data as Float32Array) : new Float32Array()
  }
  const feedsOf = (weights: Weights, input: TrainerInput): Record<string, ort.Tensor> => ({
    [INPUT]: float(input.patches, [batch, ...network.input]),
    target: float(input.target, [batch, shapes.classes]),
    // Views of the flat vector: nothing is copied.
    ...Object.fromEntries(
      layout.parameters.map((parameter) => [
        parameter.name,
        float(parameterView(weights.parameters, parameter), parameter.dims),
      ]),
    ),
    ...Object.fromEntries(
      masks.map(({ name, dims }, place) => [name, float(input.masks[place] ?? new Float32Array(), dims)]),
    ),
  })
  return {
    layout,
    classes: shapes.classes,
    masks,
    batch,
    results: { gradient: numbers('gradient'), mean: numbers('mean'), variance: numbers('variance') },
    async step(weights: Weights, input: TrainerInput): Promise<TrainerStep> {
      await engineCall(() => session.run(feedsOf(weights, input), results))
      return {
        loss: numbers('loss')[0] ?? Number.NaN,
        correct: countCorrect(numbers('logits'), input.target, shapes.classes),
        gradient: numbers('gradient'),
        mean: numbers('mean'),
        variance: numbers('variance'),
      }
    },
    dispose: () => session.release(),
  }
}

function countCorrect(logits: Float32Array, target: Float32Array, classes: number): number {
  let correct = 0
  for (let start = 0; start < logits.length; start += classes)
    if (largest(logits, start, classes) === largest(target, start, classes)) correct++
  return correct
}

/** Place of the largest number of a row; the first of equals. */
function largest(rows: Float32Array, start: number, length: number): number {
  let best = 0
  for (let i = 1; i < length; i++) if ((rows[start + i] ?? 0) > (rows[start + best] ?? 0)) best = i
  return best
}

/** @throws {Error} when the file does not take patches and give probabilities */
function predictorShape(onnx: Uint8Array): { input: readonly [number, number, number]; classes: number } {
  const { graph } = decodeModel(onnx)
  const stored = new Set(graph.initializer.map((tensor) => tensor.name))
  const inputs = graph.input.filter((value) => !stored.has(value.name))
  const [input] = inputs
  const output = graph.output.find((value) => value.name === PROBABILITIES)
  if (!input || inputs.length > 1 || input.name !== INPUT) throw new Error(`it has no single input named “${INPUT}”`)
  if (!output) throw new Error(`it has no output named “${PROBABILITIES}”`)
  const [, channels, height, width] = lengthsOf(input)
  const [, classes] = lengthsOf(output)
  if (channels === undefined || height === undefined || width === undefined || classes === undefined)
    throw new Error('its input is not [batch, channels, height, width] of fixed size')
  return { input: [channels, height, width], classes }
}

const lengthsOf = (value: OnnxValue): (number | undefined)[] =>
  value.type.tensorType.shape.dim.map((axis) => axis.dimValue)

function onnxPredictor(
  session: ort.InferenceSession,
  input: readonly [number, number, number],
  classes: number,
): Predictor {
  return {
    input,
    classes,
    async run(patches, count) {
      const { [PROBABILITIES]: probabilities } = await engineCall(() =>
        session.run({ [INPUT]: new ort.Tensor('float32', patches, [count, ...input]) }),
      )
      return (probabilities as ort.Tensor).data as Float32Array
    },
    dispose: () => session.release(),
  }
}
