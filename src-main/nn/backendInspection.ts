/**
 * A network opened to be looked into, run by ONNX Runtime on the processor: its inner values for some patches, and the
 * gradients of its classes.
 *
 * One of Tessera's own files is cut to what a value depends on. A file of another program is only added to, see
 * graph/innerValue.ts; which of its values are numbers is found by a trial run.
 */
import './keptQuiet.ts' // before the runtime
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as ort from 'onnxruntime-node'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import type { FirstFilters, InspectedLayer, WindowNumbers } from '../../src-shared/inspection.ts'
import { describedLayers } from '../../src-shared/network/describedLayers.ts'
import { INPUT, networkShapes } from '../../src-shared/network/shapes.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import { fileError } from '../files/fileErrors.ts'
import { imageInput } from './backendEncoder.ts'
import { firstFilters } from './graph/firstFilters.ts'
import { PROBABILITIES } from './graph/forwardGraph.ts'
import { GRADIENT_RESULTS, gradientGraph } from './graph/gradientGraph.ts'
import { graphLayers } from './graph/graphLayers.ts'
import { cutGraph, isOwnModel, valueOfLayer, withValues } from './graph/innerValue.ts'
import { memberOfModel, memberPrefixes, type Member } from './graph/members.ts'
import { decodeModel, encodeModel, type OnnxModel, type OnnxNode } from './graph/onnx.ts'
import { hasWindowNumbers, type Value, valuesOfWindow, windowNumbers } from './graph/windowNumbers.ts'
import type { InspectionOrder } from './inspectionContract.ts'
import { storedWeights } from './storedWeights.ts'

/** What a layer makes of some patches: [count, …shape] */
export type LayerValues = { shape: readonly number[]; data: Float32Array }

export type Gradient = {
  /** before softmax, [class] */
  logits: Float32Array
  /** of one patch: what the layer makes of it, and ∂logit/∂output */
  output: LayerValues
  gradient: LayerValues
}

export interface OpenInspection {
  readonly file: string
  readonly sha256: string
  /** networks in the file */
  readonly members: number
  readonly input: readonly [number, number, number]
  readonly layers: readonly InspectedLayer[]
  /** why there are none; null = there are */
  readonly noGradients: string | null
  readonly firstFilters: FirstFilters | null
  /** The patches as this network expects them; @param patches normalised as the file expects */
  readonly prepared: (patches: Float32Array) => Float32Array
  /** What the network answers: probabilities [count, class], or features [count, feature]. @param patches prepared */
  answer(patches: Float32Array, count: number): Promise<Float32Array>
  /** @param name of a layer; `input` = the patch. @throws {TesseraError} LAYER_UNKNOWN */
  layer(name: string, patches: Float32Array, count: number): Promise<LayerValues>
  /** @throws {TesseraError} LAYER_UNKNOWN, LAYER_PLACE_UNKNOWN */
  window(name: string, place: readonly [number, number, number], patch: Float32Array): Promise<WindowNumbers>
  /** @param layer by name; `input` = the patch. @throws {TesseraError} LAYER_UNKNOWN, GRADIENTS_NOT_POSSIBLE */
  gradient(layer: string, classIndex: number, patch: Float32Array): Promise<Gradient>
  dispose(): Promise<void>
}

/** @throws {TesseraError} FILE_NOT_FOUND and its like; MODEL_FILE_BROKEN; MODEL_UNKNOWN for a member that is not there */
export async function openInspection(order: InspectionOrder, threads: number): Promise<OpenInspection> {
  const { file, description } = order
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileError(file, error)
  })
  const whole = attemptOn(file, () => decodeModel(bytes))
  const own = isOwnModel(whole)
  const prefixes = own ? memberPrefixes(whole) : ['']
  const prefix = prefixes[order.member]
  if (prefix === undefined)
    throw tesseraError(
      'MODEL_UNKNOWN',
      `“${file}” holds ${prefixes.length} ${prefixes.length === 1 ? 'network' : 'networks'}; there is no network ${order.member + 1}.`,
      { model: file },
    )
  const { model, renormalised } = attemptOn(file, () => memberOfModel(whole, prefix))
  const runs = sessionsOf(model, own ? null : bytes, file, threads)
  try {
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    return await described({ ...order, own, prefixes: prefixes.length, model, renormalised, runs, description, sha256 })
  } catch (error) {
    await runs.dispose()
    throw error
  }
}

function attemptOn<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw notInspected(file, error)
  }
}

const notInspected = (file: string, error: unknown) => {
  const reason = messageOf(error)
  return tesseraError(
    'MODEL_FILE_BROKEN',
    `“${file}” can not be looked into: ${reason}.`,
    { file, reason },
    { cause: error },
  )
}

type Described = InspectionOrder & {
  own: boolean
  prefixes: number
  model: OnnxModel
  renormalised: Member['renormalised']
  runs: Sessions
  sha256: string
}

async function described(of: Described): Promise<OpenInspection> {
  const { file, model, own, runs, description, input } = of
  const [channels, height, width] = input
  const { name: inputName } = attemptOn(file, () => imageInput(model))
  const layers =
    own && description
      ? describedLayers(description)
      : graphLayers(model.graph, { name: inputName, shape: input }, await runs.shapes(inputName, input))
  const byName = new Map(layers.map((layer) => [layer.name, layer] as const))
  const makers = new Map(model.graph.node.flatMap((node) => node.output.map((value) => [value, node] as const)))
  const known = (name: string): InspectedLayer => {
    const found = byName.get(name)
    if (!found) throw layerUnknown(file, name, [...byName.keys()])
    return found
  }
  const valueOf = (name: string): string => valueOfName(name, { own: own && description !== null, byName, inputName })
  const nameOf = new Map([...byName.keys()].map((name) => [valueOf(name), name] as const))
  const results = model.graph.output.map(({ name }) => name)
  const result = results.includes(PROBABILITIES) ? PROBABILITIES : results[0]!
  const noGradients = whyNoGradients(own, description)
  const gradients = new Map<string, Promise<ort.InferenceSession>>()
  const shapes = noGradients === null && description ? networkShapes(description) : null
  const weights = shapes && storedWeights(model, shapes, file)
  const feeds = (patches: Float32Array, count: number) => ({
    [inputName]: new ort.Tensor('float32', patches, [count, ...input]),
  })

  return {
    file,
    sha256: of.sha256,
    members: of.prefixes,
    input,
    layers,
    noGradients,
    firstFilters: attemptOn(file, () => firstFilters(model.graph, channels, (value) => nameOf.get(value) ?? value)),
    prepared: (patches) => renormalise(patches, of.renormalised, height * width),
    async answer(patches, count) {
      const value = of.answer === null ? result : valueOf(of.answer)
      const { [value]: found } = await runs.run([value], feeds(patches, count))
      return meansOfMaps(found!, count)
    },
    async layer(name, patches, count) {
      const value = valueOf(name)
      const shape = name === INPUT ? input : known(name).shape
      // The patch itself, or a layer that does nothing to it in use.
      if (value === inputName) return { shape, data: patches }
      const { [value]: found } = await runs.run([value], feeds(patches, count))
      return { shape, data: found!.data }
    },
    async window(name, place, patch) {
      const layer = known(name)
      const maker = makers.get(valueOf(name))
      if (!maker || !hasWindowNumbers(maker) || layer.shape.some((length, axis) => place[axis]! >= length))
        throw placeUnknown(layer, place)
      const wanted = valuesOfWindow(model.graph, maker)
      const found = await runs.run(
        wanted.filter((value) => value !== inputName),
        feeds(patch, 1),
      )
      const values = new Map<string, Value>(
        wanted.map((value) => [
          value,
          value === inputName
            ? { shape: input, data: patch }
            : { shape: found[value]!.dims.slice(1), data: found[value]!.data },
        ]),
      )
      return attemptOn(file, () =>
        windowNumbers(
          model.graph,
          maker,
          place,
          (value) => values.get(value)!,
          (value) => nameOf.get(value) ?? value,
        ),
      )
    },
    async gradient(layer, classIndex, patch) {
      if (!shapes || !weights || !description)
        throw tesseraError('GRADIENTS_NOT_POSSIBLE', `There are no gradients of “${file}”: ${noGradients}.`, {
          model: file,
          reason: noGradients ?? '',
        })
      const shape = layer === INPUT ? input : known(layer).shape
      const opened = gradients.get(layer) ?? runs.open(gradientGraph(description, weights, layer))
      gradients.set(layer, opened)
      const direction = new Float32Array(shapes.classes)
      direction[classIndex] = 1
      const found = await running(async () =>
        (await opened).run(
          { ...feeds(patch, 1), direction: new ort.Tensor('float32', direction, [1, shapes.classes]) },
          [...GRADIENT_RESULTS],
        ),
      )
      const numbers = (name: string) => found[name]!.data as Float32Array
      return {
        logits: numbers('logits'),
        output: { shape, data: numbers('output') },
        gradient: { shape, data: numbers('gradient') },
      }
    },
    async dispose() {
      await runs.dispose()
      for (const session of gradients.values()) await (await session).release()
    },
  }
}

/** A dropout does nothing in use: its value is that of what it reads. */
function valueOfName(
  name: string,
  of: { own: boolean; byName: ReadonlyMap<string, InspectedLayer>; inputName: string },
): string {
  if (name === INPUT) return of.inputName
  if (!of.own) return name
  const layer = of.byName.get(name)
  return layer?.kind === 'dropout' ? valueOfName(layer.inputs[0] ?? INPUT, of) : valueOfLayer(name)
}

const whyNoGradients = (own: boolean, description: NetworkDescription | null): string | null => {
  if (!own) return 'it was made by another program, and Tessera knows the way back only through layers it has described'
  return description ? null : 'its card does not describe the layers of this network'
}

/** [count, channel, row, column] → [count, channel]; what has no places is as it is */
function meansOfMaps({ dims, data }: { dims: readonly number[]; data: Float32Array }, count: number): Float32Array {
  if (dims.length < 4) return data
  const rows = count * dims[1]!
  const places = data.length / rows
  return Float32Array.from({ length: rows }, (_, row) => {
    const map = data.subarray(row * places, (row + 1) * places)
    return map.reduce((sum, value) => sum + value, 0) / places
  })
}

/** @param places of one channel of one patch */
function renormalise(patches: Float32Array, how: Member['renormalised'], places: number): Float32Array {
  if (!how) return patches
  const channels = how.scale.length
  return patches.map((value, at) => {
    const channel = Math.floor(at / places) % channels
    return value * how.scale[channel]! + how.shift[channel]!
  })
}

/** Names in a message; a network has hundreds. */
const NAMED = 12

function layerUnknown(model: string, layer: string, known: string[]) {
  const rest = known.length > NAMED ? ` and ${known.length - NAMED} more` : ''
  return tesseraError(
    'LAYER_UNKNOWN',
    `“${model}” has no layer “${layer}”. It has ${known.slice(0, NAMED).join(', ')}${rest}.`,
    { model, layer, known },
  )
}

const placeUnknown = (
  { name, kind, shape }: InspectedLayer,
  [channel, row, column]: readonly [number, number, number],
) =>
  tesseraError(
    'LAYER_PLACE_UNKNOWN',
    `The window of channel ${channel + 1}, row ${row + 1}, column ${column + 1} of “${name}” can not be shown: it is a ${kind} of ${shape.join(' × ')}. Choose a place on a convolution or a pool.`,
    { layer: name, channel, row, column, shape: [...shape] },
  )

type Found = Record<string, { dims: readonly number[]; data: Float32Array }>

/** One session for each set of values that is asked for; the last few are kept. */
interface Sessions {
  open(onnx: Uint8Array): Promise<ort.InferenceSession>
  run(values: readonly string[], feeds: Record<string, ort.Tensor>): Promise<Found>
  /** Of every value that is numbers, for one patch; without the batch axis. */
  shapes(input: string, shape: readonly number[]): Promise<Map<string, readonly number[]>>
  dispose(): Promise<void>
}

const KEPT_SESSIONS = 6

/** @param bytes of a file of another program; null = the model is one of Tessera's own and may be cut */
function sessionsOf(model: OnnxModel, bytes: Uint8Array | null, file: string, threads: number): Sessions {
  const kept = new Map<string, Promise<ort.InferenceSession>>()
  const open = (onnx: Uint8Array): Promise<ort.InferenceSession> =>
    ort.InferenceSession.create(onnx, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      extra: { session: { set_denormal_as_zero: '1' } },
    }).catch((error: unknown) => {
      throw notInspected(file, error)
    })
  const results = new Set(model.graph.output.map(({ name }) => name))
  const modelFor = (values: readonly string[]): Uint8Array =>
    bytes
      ? withValues(
          bytes,
          values.filter((value) => !results.has(value)),
        )
      : encodeModel(cutGraph(model.graph, values), { text: model.docString })
  async function sessionFor(values: readonly string[]): Promise<ort.InferenceSession> {
    const key = values.toSorted().join('\n')
    const found = kept.get(key) ?? open(modelFor(values))
    kept.delete(key)
    kept.set(key, found)
    const [oldest] = kept.keys()
    if (kept.size > KEPT_SESSIONS && oldest !== undefined) {
      const session = kept.get(oldest)!
      kept.delete(oldest)
      await (await session).release()
    }
    return found
  }
  const run: Sessions['run'] = async (values, feeds) => {
    const wanted = [...new Set(values)]
    const session = await sessionFor(wanted)
    const found = await running(() => session.run(feeds, wanted))
    return Object.fromEntries(
      Object.entries(found).map(([name, tensor]) => {
        if (tensor.type !== 'float32')
          throw notInspected(file, new Error(`its value “${name}” is ${tensor.type}, float32 was expected`))
        return [name, { dims: tensor.dims, data: tensor.data as Float32Array }]
      }),
    )
  }
  return {
    open,
    run,
    async shapes(input, shape) {
      const names = [...new Set(model.graph.node.flatMap(outputsOf))]
      const session = await open(modelFor(names))
      try {
        const patch = new ort.Tensor('float32', new Float32Array(shape.reduce((a, b) => a * b, 1)), [1, ...shape])
        const found = await running(() => session.run({ [input]: patch }))
        return new Map(
          Object.entries(found)
            .filter(([, { type, dims }]) => type === 'float32' && dims.length > 1 && dims[0] === 1)
            .map(([name, { dims }]) => [name, dims.slice(1)]),
        )
      } finally {
        await session.release()
      }
    },
    async dispose() {
      for (const session of kept.values()) await (await session).release()
      kept.clear()
    },
  }
}

const outputsOf = ({ output }: OnnxNode): string[] => output.filter((name) => name !== '')

async function running<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const reason = messageOf(error)
    throw tesseraError('ENGINE_FAILED', `The network engine failed: ${reason}.`, { reason }, { cause: error })
  }
}
