/** The door of the inspection room: what is inside a network, and what it makes of patches. Changes nothing. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { SourceId } from '../../src-shared/ids.ts'
import {
  EXCITED_KEPT,
  type Inspected,
  type InspectedNetwork,
  type inspectionCalls,
  type inspectionStreams,
} from '../../src-shared/inspection.ts'
import type { Model } from '../../src-shared/models.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import type { CallHandlers, StreamHandlers } from '../../src-shared/wire/contract.ts'
import { fileError } from '../files/fileErrors.ts'
import { ahead } from '../jobs/ahead.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import type { OpenInspectionId } from '../nn/inspectionContract.ts'
import type { ReadPixels } from '../training/runFiles.ts'
import { EndOfOrder } from './excitement.ts'
import { checkSource, orderFor } from './inspectedModel.ts'
import { type HeldEngine, keptEngine } from './keptEngine.ts'

export type InspectionDependencies = {
  workerHost: WorkerHost
  modelById: (model: Model['id']) => Model
  weightsOf: (model: Model['id']) => string
  sourceById: (source: SourceId) => PatchSource
  /** The patches of a source that networks get: inside its mask, and those that fit. */
  patchesOf: (source: PatchSource) => Uint32Array
  readPixels: ReadPixels
}

export interface InspectionRoom {
  calls: CallHandlers<typeof inspectionCalls>
  streams: StreamHandlers<typeof inspectionStreams>
  close(): Promise<void>
}

/** After this without a question the engine’s memory is given back. */
const IDLE_MS = 120_000
/** Patches in one read: often enough for a bar that moves, few enough to be left at once. */
const BLOCK = 64
/** Pixel files of single patches that are kept: those one goes back and forth between. */
const KEPT_PATCHES = 24

type Opened = { inspection: OpenInspectionId; network: InspectedNetwork }
type OnPatch = { of: Inspected; source: SourceId; patch: number }

export function createInspection(dependencies: InspectionDependencies): InspectionRoom {
  const { modelById, weightsOf, sourceById, readPixels } = dependencies
  const kept = keptEngine(dependencies.workerHost, IDLE_MS)
  const patches = new Map<string, Promise<string>>()
  let scratch: Promise<string> | null = null
  let made = 0

  const scratchFolder = (): Promise<string> =>
    (scratch ??= mkdtemp(path.join(tmpdir(), 'tessera-inside-')).catch((error: unknown) => {
      scratch = null
      throw fileError(tmpdir(), error)
    }))

  /** Opens a network, once for each engine process. */
  function opened({ engine, memory }: HeldEngine, of: Inspected): Promise<Opened> {
    const file = weightsOf(of.model)
    const key = `${file} ${of.member}`
    const known = memory.get(key) as Promise<Opened> | undefined
    if (known) return known
    const opening = engine.call('engine.inspect', orderFor(modelById(of.model), of, file))
    memory.set(key, opening)
    opening.catch(() => memory.delete(key)) // told to who asked; the next may have more luck
    return opening
  }

  const read = async (model: Model, source: PatchSource, wanted: Uint32Array, signal: AbortSignal) => {
    const { edgePx, channels } = model.card.input
    const file = path.join(await scratchFolder(), `${made++}.pixels`)
    await readPixels({ source: source.id, patches: wanted, edgePx, channels }, file, {
      signal,
      onProgress: () => undefined,
    })
    return file
  }

  /** The pixels of one patch in a file, read once while it is looked at. */
  function pixelsOf({ of, source: id, patch }: OnPatch): Promise<string> {
    const model = modelById(of.model)
    const source = sourceById(id)
    checkSource(model, source)
    const { edgePx, channels } = model.card.input
    const key = `${id} ${patch} ${edgePx} ${channels}`
    const known = patches.get(key)
    if (known) return known
    const reading = read(model, source, Uint32Array.of(patch), new AbortController().signal)
    patches.set(key, reading)
    reading.catch(() => patches.delete(key)) // told to who asked
    const [oldest] = patches.keys()
    if (patches.size > KEPT_PATCHES && oldest !== undefined) {
      void patches.get(oldest)!.then((file) => rm(file, { force: true }))
      patches.delete(oldest)
    }
    return reading
  }

  const onPatch = <T>(
    order: OnPatch,
    ask: (engine: HeldEngine['engine'], on: { inspection: OpenInspectionId; pixels: string }) => Promise<T>,
  ): Promise<T> =>
    kept.use(async (held) => {
      const [{ inspection }, pixels] = await Promise.all([opened(held, order.of), pixelsOf(order)])
      return ask(held.engine, { inspection, pixels })
    })

  return {
    calls: {
      'inspection.network': ({ of }) => kept.use(async (held) => (await opened(held, of)).network),
      async 'inspection.patch'(order) {
        const { card } = modelById(order.of.model)
        return onPatch(order, async (engine, on) => ({
          edgePx: card.input.edgePx,
          pixels: inColour(await readWhole(on.pixels), card.input.channels),
          ...(await engine.call('engine.inspectAnswer', on)),
        }))
      },
      'inspection.maps': (order) =>
        onPatch(order, (engine, on) => {
          const { layer, first, count } = order
          return engine.call('engine.inspectMaps', { ...on, layer, first, count })
        }),
      'inspection.window': (order) =>
        onPatch(order, (engine, on) => {
          const { layer, channel, row, column } = order
          return engine.call('engine.inspectWindow', { ...on, layer, channel, row, column })
        }),
    },
    streams: {
      async *'inspection.saliency'({ of, source, patch, ...wanted }, signal) {
        yield* kept.follow(async function* (held) {
          const [{ inspection }, pixels] = await Promise.all([opened(held, of), pixelsOf({ of, source, patch })])
          for await (const news of held.engine.stream('engine.saliency', { inspection, pixels, ...wanted })) {
            if (signal.aborted) return
            yield news
          }
        })
      },
      async *'inspection.excited'({ of, source: id, layer, by }, signal) {
        const model = modelById(of.model)
        const source = sourceById(id)
        checkSource(model, source)
        const all = dependencies.patchesOf(source)
        yield* kept.follow(async function* ({ engine, memory }) {
          const { inspection } = await opened({ engine, memory }, of)
          const ends = { most: new EndOfOrder(EXCITED_KEPT, 'most'), least: new EndOfOrder(EXCITED_KEPT, 'least') }
          const readBlock = async (first: number) => {
            const block = all.slice(first, first + BLOCK)
            return { block, file: await read(model, source, block, signal) }
          }
          let done = 0
          for await (const { block, file } of ahead(firsts(all.length), readBlock, signal)) {
            const order = { inspection, layer, by, file, patches: block.length }
            const { channels, width, value, place } = await engine.call('engine.excitement', order)
            await rm(file, { force: true })
            if (signal.aborted) return
            for (const end of Object.values(ends)) end.add(block, channels, value, place)
            done += block.length
            yield { done, total: all.length, channels, width, most: ends.most.ends(), least: ends.least.ends() }
          }
        })
      },
    },
    async close() {
      kept.close()
      const folder = await scratch?.catch(() => null) // told to who asked
      if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}

const firsts = (length: number): number[] => Array.from({ length: Math.ceil(length / BLOCK) }, (_, i) => i * BLOCK)

const readWhole = (file: string): Promise<Uint8Array> =>
  readFile(file).catch((error: unknown) => {
    throw fileError(file, error)
  })

/** A picture to look at: RGB bytes. */
const inColour = (pixels: Uint8Array, channels: 1 | 3): Uint8Array =>
  channels === 3
    ? new Uint8Array(pixels)
    : Uint8Array.from({ length: pixels.length * 3 }, (_, at) => pixels[Math.floor(at / 3)]!)
