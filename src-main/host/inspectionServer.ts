/** The engine process's side of looking inside networks. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { SaliencyNews } from '../../src-shared/inspection.ts'
import { INPUT } from '../../src-shared/network/shapes.ts'
import type { Normalisation } from '../../src-shared/models.ts'
import type { Handlers, StreamInput } from '../../src-shared/wire/contract.ts'
import { normalisationTables, toNetworkInput } from '../features/networkInput.ts'
import { openPixelFile, type PatchPixels, WHOLE_UP_TO } from '../features/pixelFile.ts'
import { walkOf } from '../features/symmetries.ts'
import { excitement } from '../inspection/excitement.ts'
import { mapShape } from '../inspection/mapShape.ts'
import { occlusionMap } from '../inspection/occlusion.ts'
import { gradCam, gradientTimesInput, lastMap } from '../inspection/saliency.ts'
import { openInspection, type OpenInspection } from '../nn/backendInspection.ts'
import type { EngineContract } from '../nn/engineContract.ts'
import { type inspectionEngineCalls, type inspectionEngineStreams, OpenInspectionId } from '../nn/inspectionContract.ts'

type InspectionHandlers = Handlers<{
  calls: typeof inspectionEngineCalls
  streams: typeof inspectionEngineStreams
  events: {}
}>
type Open = { network: OpenInspection; normalisation: Normalisation }
/** The values of one layer for one patch: what is looked at again and again while a hand moves over it. */
type Looked = { key: string; shape: readonly number[]; data: Float32Array }

/** Patches in one pass. */
const AT_ONCE = 16

/** @param threads for each network */
export function inspectionServer(threads: number): InspectionHandlers {
  const open = new Map<OpenInspectionId, Open>()
  let opened = 0
  let patch: { key: string; prepared: Float32Array } | null = null
  let looked: Looked | null = null

  const byId = (id: OpenInspectionId): Open => {
    const found = open.get(id)
    if (!found)
      throw tesseraError('MODEL_UNKNOWN', 'This network is no longer open in the engine. Look into it again.', {
        model: String(id),
      })
    return found
  }
  /** One patch as the network is given it. */
  const patchOf = async (id: OpenInspectionId, pixels: string): Promise<Float32Array> => {
    const key = `${id} ${pixels}`
    if (patch?.key === key) return patch.prepared
    const of = byId(id)
    const prepared = await withPixels(pixels, 1, of.network, (file) => preparedPatches(of, file, 0, 1))
    patch = { key, prepared }
    return prepared
  }

  return {
    calls: {
      async 'engine.inspect'(order) {
        const network = await openInspection(order, threads)
        const inspection = OpenInspectionId.parse(++opened)
        open.set(inspection, { network, normalisation: order.normalisation })
        const { sha256, members, input, layers, noGradients, firstFilters } = network
        const facts = { members, layers: [...layers], noGradients, firstFilters }
        return { inspection, sha256, network: { ...facts, input: [input[0], input[1], input[2]] } }
      },
      async 'engine.inspectAnswer'({ inspection, pixels }) {
        return { answer: await byId(inspection).network.answer(await patchOf(inspection, pixels), 1) }
      },
      async 'engine.inspectMaps'({ inspection, pixels, layer, first, count }) {
        const key = `${inspection} ${pixels} ${layer}`
        const values =
          looked?.key === key
            ? looked
            : { key, ...(await byId(inspection).network.layer(layer, await patchOf(inspection, pixels), 1)) }
        looked = values
        const [channels, height, width] = mapShape(values.shape)
        const { least, greatest, silent } = rangeOf(values.data, channels, height * width)
        const part = values.data.slice(first * height * width, Math.min(channels, first + count) * height * width)
        return { shape: [channels, height, width], first, values: part, least, greatest, silent }
      },
      async 'engine.inspectWindow'({ inspection, pixels, layer, channel, row, column }) {
        return byId(inspection).network.window(layer, [channel, row, column], await patchOf(inspection, pixels))
      },
      async 'engine.excitement'({ inspection, layer, by, file, patches }) {
        const of = byId(inspection)
        return withPixels(file, patches, of.network, async (pixels) => {
          const parts = []
          for (let first = 0; first < patches; first += AT_ONCE) {
            const count = Math.min(AT_ONCE, patches - first)
            const values = await of.network.layer(layer, preparedPatches(of, pixels, first, count), count)
            parts.push(excitement(values, count, by))
          }
          const { channels, width } = parts[0]!
          const value = new Float32Array(patches * channels)
          const place = new Uint32Array(patches * channels)
          for (const [i, part] of parts.entries()) {
            value.set(part.value, i * AT_ONCE * channels)
            place.set(part.place, i * AT_ONCE * channels)
          }
          return { channels, width, value, place }
        })
      },
    },
    streams: {
      async *'engine.saliency'(order, signal) {
        const { network } = byId(order.inspection)
        const prepared = await patchOf(order.inspection, order.pixels)
        yield* saliency(network, prepared, order, signal)
      },
    },
  }
}

type SaliencyOrder = Omit<StreamInput<EngineContract, 'engine.saliency'>, 'inspection' | 'pixels'>

async function* saliency(
  network: OpenInspection,
  patch: Float32Array,
  order: SaliencyOrder,
  signal: AbortSignal,
): AsyncGenerator<SaliencyNews> {
  const [, height, width] = network.input
  const { class: classIndex } = order
  if (order.method === 'occlusion') {
    const scores = await scoresOf(network, patch, classIndex)
    const { square, step } = order
    const work = occlusionMap({ patch, shape: network.input, square, step, scores })
    for (let next = await work.next(); !signal.aborted; next = await work.next()) {
      if (next.done) {
        yield { kind: 'map', height, width, ...next.value }
        return
      }
      yield { kind: 'progress', ...next.value }
    }
    return
  }
  if (classIndex === null) throw gradientsOfNothing(network.file)
  const layer = order.method === 'grad-cam' ? (order.layer ?? lastMap(network.layers) ?? INPUT) : INPUT
  const { logits, output, gradient } = await network.gradient(layer, classIndex, patch)
  const score = logits[classIndex]!
  if (order.method === 'gradient-input')
    yield { kind: 'map', height, width, values: gradientTimesInput(output, gradient), score }
  else {
    const [, rows, columns] = mapShape(output.shape)
    yield { kind: 'map', height: rows, width: columns, values: gradCam(output, gradient), score }
  }
}

/** How a patch is scored: by the probability of a class, or by how near its features are to those of the patch as it is. */
async function scoresOf(network: OpenInspection, patch: Float32Array, classIndex: number | null) {
  const whole = (await network.answer(patch, 1)).slice()
  return async (patches: Float32Array, count: number): Promise<Float32Array> => {
    const answers = await network.answer(patches, count)
    const { length } = whole
    return Float32Array.from({ length: count }, (_, i) => {
      const answer = answers.subarray(i * length, (i + 1) * length)
      return classIndex === null ? cosine(answer, whole) : answer[classIndex]!
    })
  }
}

/** Of the angle between two vectors; 0 where one has no direction. */
function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, at) => sum + value * y[at]!, 0)
  const lengths = Math.sqrt(dot(a, a) * dot(b, b))
  return lengths > 0 ? dot(a, b) / lengths : 0
}

const gradientsOfNothing = (model: string) =>
  tesseraError('GRADIENTS_NOT_POSSIBLE', `“${model}” has no classes, so no class has a gradient. Use occlusion.`, {
    model,
    reason: 'it has no classes',
  })

async function withPixels<T>(
  file: string,
  patches: number,
  { input: [channels, height, width] }: OpenInspection,
  work: (pixels: PatchPixels) => T | Promise<T>,
): Promise<T> {
  const pixels = await openPixelFile(file, patches, { channels, height, width }, WHOLE_UP_TO)
  try {
    return await work(pixels)
  } finally {
    await pixels.close()
  }
}

function preparedPatches({ network, normalisation }: Open, pixels: PatchPixels, first: number, count: number) {
  const { shape } = pixels
  const tables = normalisationTables(normalisation, shape.channels)
  const asIs = walkOf({ leftRight: false, upDown: false, quarters: 0 }, shape)
  const into = new Float32Array(count * shape.channels * shape.height * shape.width)
  toNetworkInput(pixels.range(first, count), count, shape, tables, asIs, into)
  return network.prepared(into)
}

function rangeOf(data: Float32Array, channels: number, places: number) {
  let least = Infinity
  let greatest = -Infinity
  let silent = 0
  for (let channel = 0; channel < channels; channel++) {
    let zeros = 0
    for (let at = channel * places; at < (channel + 1) * places; at++) {
      const value = data[at]!
      if (value < least) least = value
      if (value > greatest) greatest = value
      if (value === 0) zeros++
    }
    if (zeros === places) silent++
  }
  return { least, greatest, silent }
}
