/**
 * Encoders run by ONNX Runtime on the processor: an ONNX file with one input of patches, and one of its values as the
 * features. What the file leaves open (batch, edge, length of the features) is found by a trial run.
 */
import './keptQuiet.ts' // before the runtime
import { readFile } from 'node:fs/promises'
import * as ort from 'onnxruntime-node'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import { fileError } from '../files/fileErrors.ts'
import type { Predictor } from './backend.ts'
import { type EncoderOrder, encoderIncomplete, layerUnknown } from './encoderContract.ts'
import {
  beforeLastDense,
  cutModel,
  FEATURES,
  isOwnModel,
  layersOf,
  type Pooling,
  withResult,
} from './graph/innerValue.ts'
import { decodeModel, FLOAT32, type OnnxModel, type OnnxValue } from './graph/onnx.ts'

/** Everything a thread needs to open the same encoder. */
export type EncoderGraph = {
  /** the bytes to run; a path where the file is run as it is, so that weights beside it are found */
  onnx: Uint8Array | string
  /** in words of the caller, for errors */
  file: string
  input: { name: string; shape: readonly [number, number, number]; batch: number | null }
  output: string
}

export type OpenEncoder = {
  graph: EncoderGraph
  /** [count, dimension]; `classes` are the dimensions here */
  predictor: Predictor
  dimensions: number
  layer: string
  pooling: Pooling
  bytes: Uint8Array
}

/** Patches of a trial run. */
const TRIAL = 2

/**
 * @throws {TesseraError} FILE_NOT_FOUND and its like; MODEL_FILE_BROKEN when the runtime refuses the file;
 * ENCODER_LAYER_UNKNOWN with those there are; MODEL_INPUT_MISMATCH; ENCODER_INCOMPLETE when the file leaves its input open
 */
export async function openEncoder(order: EncoderOrder, threads: number): Promise<OpenEncoder> {
  const { file } = order
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileError(file, error)
  })
  const model = decoded(bytes, file)
  const input = inputOf(model, order)
  const { layer, graphOf } = isOwnModel(model) ? ownLayer(model, order) : otherValue(model, bytes, order)
  const open = async (pooling: Pooling) => {
    const graph: EncoderGraph = { ...graphOf(pooling), file, input }
    return { graph, ...(await openGraph(graph, threads)), pooling }
  }
  let opened = await open('none')
  if (opened.dims.length === 4) {
    await opened.predictor.dispose()
    opened = await open('mean')
  }
  const { graph, predictor, dims, pooling } = opened
  if (dims.length !== 2) {
    await predictor.dispose()
    const shape = `[${dims.join(', ')}]`
    throw tesseraError(
      'MODEL_FILE_BROKEN',
      `“${layer}” of “${file}” can not be used as features: for ${TRIAL} patches it is ${shape}, where [${TRIAL}, features] or a map was expected. Choose another value with --layer.`,
      { file, reason: `“${layer}” is ${shape}` },
    )
  }
  return { graph, predictor, dimensions: dims[1]!, layer, pooling, bytes }
}

/** Opens a graph that was prepared before, in a thread of its own. */
export const openEncoderGraph = async (graph: EncoderGraph, threads: number): Promise<Predictor> =>
  (await openGraph(graph, threads)).predictor

async function openGraph(graph: EncoderGraph, threads: number): Promise<{ predictor: Predictor; dims: number[] }> {
  const { onnx, file, input, output } = graph
  const refuse = (error: unknown) => {
    const reason = messageOf(error)
    return tesseraError(
      'MODEL_FILE_BROKEN',
      `“${file}” can not be run as an encoder: ${reason}.`,
      { file, reason },
      { cause: error },
    )
  }
  const options: ort.InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: { session: { set_denormal_as_zero: '1' } },
  }
  const session = await (
    typeof onnx === 'string' ? ort.InferenceSession.create(onnx, options) : ort.InferenceSession.create(onnx, options)
  ).catch((error: unknown) => {
    throw refuse(error)
  })
  const length = input.shape.reduce((product, axis) => product * axis, 1)
  const runBatch = async (patches: Float32Array, count: number): Promise<ort.Tensor> => {
    const feeds = { [input.name]: new ort.Tensor('float32', patches, [count, ...input.shape]) }
    const found = (await session.run(feeds, [output]))[output]
    if (found?.type !== 'float32') throw new Error(`its output is ${found?.type ?? 'missing'}, float32 was expected`)
    if (found.dims[0] !== count)
      throw new Error(`for ${count} patches its output is [${found.dims.join(', ')}], which is not one row for each`)
    return found
  }
  /** A file may take batches of one size only: the last is filled up with zeros. */
  const run = async (patches: Float32Array, count: number): Promise<{ rows: Float32Array; dims: number[] }> => {
    const { batch } = input
    if (batch === null) {
      const found = await runBatch(patches, count)
      return { rows: found.data as Float32Array, dims: [...found.dims] }
    }
    let rows: Float32Array | null = null
    let dims: number[] = []
    for (let first = 0; first < count; first += batch) {
      const now = Math.min(batch, count - first)
      const part = new Float32Array(batch * length)
      part.set(patches.subarray(first * length, (first + now) * length))
      const found = await runBatch(part, batch)
      const width = found.data.length / batch
      rows ??= new Float32Array(count * width)
      rows.set((found.data as Float32Array).subarray(0, now * width), first * width)
      dims = [count, ...found.dims.slice(1)]
    }
    return { rows: rows ?? new Float32Array(), dims }
  }
  try {
    const { dims } = await run(new Float32Array(TRIAL * length), TRIAL)
    const predictor: Predictor = {
      input: input.shape,
      classes: dims.slice(1).reduce((product, axis) => product * axis, 1),
      async run(patches, count) {
        try {
          return (await run(patches, count)).rows
        } catch (error) {
          const reason = messageOf(error)
          throw tesseraError('ENGINE_FAILED', `The network engine failed: ${reason}.`, { reason }, { cause: error })
        }
      },
      dispose: () => session.release(),
    }
    return { predictor, dims }
  } catch (error) {
    await session.release()
    throw refuse(error)
  }
}

function decoded(bytes: Uint8Array, file: string): OnnxModel {
  try {
    return decodeModel(bytes)
  } catch (error) {
    const reason = messageOf(error)
    throw tesseraError(
      'MODEL_FILE_BROKEN',
      `“${file}” is not an ONNX file: ${reason}.`,
      { file, reason },
      { cause: error },
    )
  }
}

/** What of an input a file fixes. */
export type FileInput = { name: string; batch: number | null; axes: (number | null)[] }

/** The one input of patches. @throws {Error} saying what there is instead */
export function imageInput({ graph }: OnnxModel): FileInput {
  const stored = new Set(graph.initializer.map(({ name }) => name))
  const inputs = graph.input.filter(({ name }) => !stored.has(name))
  const [input] = inputs
  if (!input || inputs.length > 1)
    throw new Error(`it has ${inputs.length} inputs (${inputs.map(inWords).join('; ') || 'none'}), one was expected`)
  const [batch = null, ...axes] = axesOf(input)
  if (input.type.tensorType.elemType !== FLOAT32 || axes.length !== 3)
    throw new Error(`its input is ${inWords(input)}, float32 [batch, channels, height, width] was expected`)
  return { name: input.name, batch, axes }
}

const axesOf = ({ type }: OnnxValue): (number | null)[] =>
  type.tensorType.shape?.dim.map(({ dimValue }) => dimValue ?? null) ?? []

/** TensorProto.DataType of those that are met. */
const elementNames: Record<number, string> = { 1: 'float32', 2: 'uint8', 7: 'int64', 10: 'float16', 11: 'float64' }

const inWords = (value: OnnxValue): string => {
  const { elemType, shape } = value.type.tensorType
  const axes = shape?.dim.map(({ dimValue, dimParam }) => dimValue ?? dimParam ?? '?').join(', ') ?? '?'
  return `“${value.name}”, ${elementNames[elemType] ?? `element type ${elemType}`} [${axes}]`
}

function inputOf(model: OnnxModel, { file, input }: EncoderOrder): EncoderGraph['input'] {
  let found: FileInput
  try {
    found = imageInput(model)
  } catch (error) {
    const reason = messageOf(error)
    throw tesseraError('MODEL_FILE_BROKEN', `“${file}” can not be used as an encoder: ${reason}.`, { file, reason })
  }
  const wanted = [input.channels, input.edgePx, input.edgePx]
  if (found.axes.some((axis, i) => axis !== null && axis !== wanted[i])) {
    const [expected, actual] = [found.axes.map((axis) => axis ?? '?').join(' × '), wanted.join(' × ')]
    throw tesseraError(
      'MODEL_INPUT_MISMATCH',
      `“${file}” takes patches of ${expected} (channels, height, width), not of ${actual}.`,
      { model: file, expected, actual },
    )
  }
  return { name: found.name, shape: [input.channels, input.edgePx, input.edgePx], batch: found.batch }
}

type Chosen = { layer: string; graphOf: (pooling: Pooling) => Pick<EncoderGraph, 'onnx' | 'output'> }

function ownLayer(model: OnnxModel, { file, layer }: EncoderOrder): Chosen {
  const known = layersOf(model)
  if (layer !== null && !known.includes(layer)) throw layerUnknown(file, layer, known)
  const layers = layer === null ? beforeLastDense(model) : [layer]
  return {
    layer: layers.join(' + '),
    graphOf: (pooling) => ({ onnx: cutModel(model, layers, pooling), output: FEATURES }),
  }
}

function otherValue(model: OnnxModel, bytes: Uint8Array, { file, layer }: EncoderOrder): Chosen {
  const results = model.graph.output.map(({ name }) => name)
  const known = [...results, ...model.graph.node.flatMap(({ output }) => output.filter((name) => name !== ''))]
  if (layer === null && results.length !== 1)
    throw encoderIncomplete(file, [
      `which of its results the features are: --layer ${results.map((name) => `“${name}”`).join(' or ')}`,
    ])
  const value = layer ?? results[0]!
  if (!known.includes(value)) throw layerUnknown(file, value, [...new Set(known)])
  return {
    layer: value,
    graphOf: (pooling) =>
      pooling === 'none' && results.includes(value)
        ? { onnx: file, output: value }
        : { onnx: withResult(bytes, value, pooling), output: FEATURES },
  }
}
