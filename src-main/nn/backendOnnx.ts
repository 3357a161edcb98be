/** Networks run by ONNX Runtime, on the processor or another device. The only file that knows the runtime. */
import './keptQuiet.ts' // before the runtime
import * as ort from 'onnxruntime-node'
import { DeviceName, deviceFacts } from '../../src-shared/devices.ts'
import { isTesseraError, messageOf, tesseraError } from '../../src-shared/errors.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import { partsOf } from '../../src-shared/network/parts.ts'
import { plansMemory } from '../../src-shared/network/trainingMemory.ts'
import { partOf } from './batchParts.ts'
import { parallelTrainer } from './parallelTrainer.ts'
import type { Backend, Predictor, Trainer, TrainerInput, TrainerStep } from './backend.ts'
import { deviceLost } from './deviceWords.ts'
import { PROBABILITIES } from './graph/forwardGraph.ts'
import type { OperatorSet } from './graph/graphWriter.ts'
import { decodeModel, type OnnxValue } from './graph/onnx.ts'
import { parameterView, type Weights } from './graph/parameters.ts'
import { INPUT } from '../../src-shared/network/shapes.ts'
import {
  layerOutputsGraph,
  layerResult,
  trainingGraph,
  type StepGraph,
  type TrainingGraph,
} from './graph/trainingGraph.ts'
import { sharedFloats } from './sharedFloats.ts'
import { trainerInTurn } from './trainerInTurn.ts'
import { doWork } from './vectorWork.ts'

/** Only errors are worth a line: the runtime warns of initialisers it removes. */
const LOG_ERRORS = 3
/** On a device every error is thrown, and told once by whoever asked for the device. */
const LOG_NOTHING = 4

export type BackendOptions = {
  /** what training graphs are written in; for each device the right one by default */
  operators?: OperatorSet
  /**
   * Which order of the axes WebGPU convolves in. The provider's own default, NHWC, gave wrong convolutions from 6
   * channels to a multiple of 4 (1.30.0, seen on SwiftShader; docs/devices.md).
   */
  layout?: 'NCHW' | 'NHWC'
}

/** @param threads also the parts a batch is cut into: a device runs them in turn, so that it learns as the processor does */
export function onnxBackend(
  threads: number,
  device: DeviceName = 'cpu',
  { operators = device === 'cpu' ? 'processor' : 'standard', layout = 'NCHW' }: BackendOptions = {},
): Backend {
  const { label, provider } = deviceFacts[device]
  const session = (bytes: Uint8Array, level: 'extended' | 'all', enableMemPattern = true) =>
    ort.InferenceSession.create(bytes, {
      executionProviders: [device === 'webgpu' ? { name: device, preferredLayout: layout } : device],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: level,
      // DirectML takes no memory patterns.
      enableMemPattern: enableMemPattern && device !== 'dml',
      logSeverityLevel: device === 'cpu' ? LOG_ERRORS : LOG_NOTHING,
      // Numbers too small to matter take a hundred times as long to multiply.
      extra: { session: { set_denormal_as_zero: '1' } },
    })
  const opened = async (...given: Parameters<typeof session>): Promise<ort.InferenceSession> => {
    if (device === 'cpu') return engineCall(device, () => session(...given))
    try {
      return await session(...given)
    } catch (error) {
      const reason = ownWords(messageOf(error))
      throw tesseraError(
        'DEVICE_UNAVAILABLE',
        `${label} can not be used on this machine: ${reason}.`,
        { device, reason },
        { cause: error },
      )
    }
  }
  return {
    info: {
      name: 'ONNX Runtime',
      version: ort.env.versions.node ?? ort.env.versions.common,
      device: label,
      provider,
      threads,
    },

    async createTrainer(network, batch, { of = batch, floats = (length: number) => new Float32Array(length) } = {}) {
      const parts = partsOf(batch, threads)
      if (parts > 1) {
        const own = (part: number) =>
          onnxBackend(1, device, { operators, layout }).createTrainer(network, part, {
            of: batch,
            floats: sharedFloats,
          })
        return operators === 'processor'
          ? parallelTrainer(network, batch, parts, own)
          : trainerInTurn(batch, parts, await own(batch / parts))
      }
      const graph = trainingGraph(network, batch, of, operators)
      const running = await opened(graph.bytes, 'extended', plansMemory(graph.shapes, of))
      return onnxTrainer(running, device, network, graph, floats)
    },

    async createPredictor(onnx, file) {
      try {
        const { input, classes } = predictorShape(onnx)
        const running = device === 'cpu' ? await session(onnx, 'all') : await opened(onnx, 'all')
        return onnxPredictor(running, device, input, classes)
      } catch (error) {
        if (isTesseraError(error, 'DEVICE_UNAVAILABLE')) throw error
        const reason = messageOf(error)
        throw tesseraError(
          'MODEL_FILE_BROKEN',
          `“${file}” is not a model Tessera can run: ${reason}. It takes ONNX files with one input of patches and one output of probabilities, such as its own.`,
          { file, reason },
          { cause: error },
        )
      }
    },

    async layerOutputs(network, batch, weights, input) {
      const parts = partsOf(batch, threads)
      const graph = layerOutputsGraph(network, batch / parts, operators)
      const running = await opened(graph.bytes, 'extended')
      try {
        const feeds = stepFeeds(network, graph, weights, partOf(input, 0, parts))
        const results = await engineCall(device, () => running.run(feeds))
        return new Map(
          graph.shapes.layers.map(({ layer }) => [layer.id, results[layerResult(layer.id)]?.data as Float32Array]),
        )
      } finally {
        await running.release()
      }
    },
  }
}

/** The devices this build of the runtime has a provider for; whether a machine has the device is known once it is opened. */
export function runtimeDevices(): DeviceName[] {
  const listed = new Set(ort.listSupportedBackends().map(({ name }) => name))
  return DeviceName.options.filter((device) => listed.has(device))
}

/** @throws {TesseraError} ENGINE_FAILED, or on a device DEVICE_LOST, with the runtime's own words */
async function engineCall<T>(device: DeviceName, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const reason = messageOf(error)
    if (device !== 'cpu') throw deviceLost(device, `${ownWords(reason)}.`, error)
    throw tesseraError(
      'ENGINE_FAILED',
      `The network engine failed: ${reason}. If memory is short, a smaller batch needs less of it.`,
      { reason },
      { cause: error },
    )
  }
}

/** What the runtime says without the place in its source that says it. */
const ownWords = (message: string): string =>
  message
    .replace(/^\S*onnxruntime_src\S*:\d+ .*? was false\. /s, '')
    .trim()
    .replace(/\.$/, '')

const float = (data: Float32Array, dims: readonly number[]) => new ort.Tensor('float32', data, dims)

/** What the forward pass of a step reads. Parameters are views of the flat vector: nothing is copied. */
const stepFeeds = (
  network: NetworkDescription,
  { batch, layout, masks }: StepGraph,
  weights: Weights,
  input: TrainerInput,
): Record<string, ort.Tensor> => ({
  [INPUT]: float(input.patches, [batch, ...network.input]),
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

function onnxTrainer(
  session: ort.InferenceSession,
  device: DeviceName,
  network: NetworkDescription,
  graph: TrainingGraph,
  floats: (length: number) => Float32Array,
): Trainer {
  const { batch, layout, masks, shapes } = graph
  const gradient = floats(layout.length)
  const gradients = graph.gradients.map(({ name, offset, length }) => [
    name,
    float(gradient.subarray(offset, offset + length), shapeOfResult(session, name)),
  ])
  const results = {
    loss: float(new Float32Array(1), []),
    logits: float(new Float32Array(batch * shapes.classes), [batch, shapes.classes]),
    ...(Object.fromEntries(gradients) as Record<string, ort.Tensor>),
    ...(layout.runningLength > 0 && {
      mean: float(floats(layout.runningLength), [layout.runningLength]),
      variance: float(floats(layout.runningLength), [layout.runningLength]),
    }),
  }
  const numbers = (name: string): Float32Array => {
    const tensor = (results as Record<string, ort.Tensor>)[name]
    return tensor ? (tensor.data as Float32Array) : new Float32Array()
  }
  return {
    layout,
    classes: shapes.classes,
    masks,
    batch,
    results: { gradient, mean: numbers('mean'), variance: numbers('variance') },
    async step(weights: Weights, input: TrainerInput): Promise<TrainerStep> {
      await engineCall(device, () => {
        const target = float(input.target, [batch, shapes.classes])
        return session.run({ ...stepFeeds(network, graph, weights, input), target }, results)
      })
      return {
        loss: numbers('loss')[0] ?? Number.NaN,
        correct: countCorrect(numbers('logits'), input.target, shapes.classes),
        gradient,
        mean: numbers('mean'),
        variance: numbers('variance'),
      }
    },
    share: (work) => Promise.resolve(doWork(work)),
    dispose: () => session.release(),
  }
}

/** @throws {Error} when the runtime does not know it: a bug of the graph's writer */
function shapeOfResult(session: ort.InferenceSession, name: string): number[] {
  const result = session.outputMetadata.find((each) => each.name === name)
  if (!result?.isTensor) throw new Error(`The graph has no result “${name}”.`)
  return result.shape.map((length) => {
    if (typeof length === 'string') throw new Error(`The shape of “${name}” is not fixed: ${result.shape.join(' × ')}.`)
    return length
  })
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
  value.type.tensorType.shape?.dim.map((axis) => axis.dimValue) ?? []

function onnxPredictor(
  session: ort.InferenceSession,
  device: DeviceName,
  input: readonly [number, number, number],
  classes: number,
): Predictor {
  return {
    input,
    classes,
    async run(patches, count) {
      const { [PROBABILITIES]: probabilities } = await engineCall(device, () =>
        session.run({ [INPUT]: float(patches, [count, ...input]) }),
      )
      return (probabilities as ort.Tensor).data as Float32Array
    },
    dispose: () => session.release(),
  }
}
