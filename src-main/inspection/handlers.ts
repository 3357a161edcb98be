/** The door of the inspection room: what is inside a network, and what it makes of patches. Changes nothing. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { tesseraError } from '../../src-shared/errors.ts'
import type { SourceId } from '../../src-shared/ids.ts'
import {
  EXCITED_KEPT,
  type Inspected,
  type InspectedNetwork,
  type inspectionCalls,
  type inspectionStreams,
} from '../../src-shared/inspection.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import type { CallHandlers, StreamHandlers } from '../../src-shared/wire/contract.ts'
import { fileError } from '../files/fileErrors.ts'
import { ahead } from '../jobs/ahead.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import type { OpenInspectionId } from '../nn/inspectionContract.ts'
import { noneReadable } from '../patches/unread.ts'
import type { ReadPixels } from '../training/runFiles.ts'
import { EndOfOrder } from './excitement.ts'
import { type HeldEngine, keptEngine } from './keptEngine.ts'
import { type Subject, type SubjectDependencies, subjectOf } from './subject.ts'

export type InspectionDependencies = SubjectDependencies & {
  workerHost: WorkerHost
  sourceById: (source: SourceId) => PatchSource
  nameOfSource: (source: SourceId) => string
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

type Opened = { inspection: OpenInspectionId; sha256: string; network: InspectedNetwork }
type OnPatch = { of: Inspected; source: SourceId; patch: number }

export function createInspection(dependencies: InspectionDependencies): InspectionRoom {
  const { sourceById, readPixels } = dependencies
  const kept = keptEngine(dependencies.workerHost, IDLE_MS)
  const patches = new Map<string, Promise<string>>()
  let scratch: Promise<string> | null = null
  let made = 0

  const scratchFolder = (): Promise<string> =>
    (scratch ??= mkdtemp(path.join(tmpdir(), 'tessera-inside-')).catch((error: unknown) => {
      scratch = null
      throw fileError(tmpdir(), error)
    }))

  /** Opens a network for patches of one edge, once for each engine process. */
  async function opened(
    { engine, memory }: HeldEngine,
    subject: Subject,
    of: Inspected,
    edgePx: number,
  ): Promise<Opened> {
    const key = `${JSON.stringify(of)} ${edgePx}`
    const known = memory.get(key) as Promise<Opened> | undefined
    if (known) return known
    const opening = open(engine, subject, edgePx)
    memory.set(key, opening)
    opening.catch(() => memory.delete(key)) // told to who asked; the next may have more luck
    return opening
  }

  async function open(engine: HeldEngine['engine'], subject: Subject, edgePx: number): Promise<Opened> {
    const file = await subject.file()
    const found = await engine.call('engine.inspect', subject.order(file, edgePx))
    if (subject.sha256 !== null && subject.sha256 !== found.sha256)
      throw tesseraError(
        'ENCODER_CHANGED',
        `“${file}” is not the file “${subject.name}” was added from: its SHA-256 begins with ${found.sha256.slice(0, 12)}, ${subject.sha256.slice(0, 12)} was expected. Put the file back, or add this one as another encoder.`,
        { file, expected: subject.sha256, actual: found.sha256 },
      )
    return found
  }

  /** @returns the file, and the patches that are not in it because their slide is damaged where they lie */
  const read = async (
    { channels }: Subject,
    source: SourceId,
    wanted: { patches: Uint32Array; edgePx: number },
    signal: AbortSignal,
  ) => {
    const file = path.join(await scratchFolder(), `${made++}.pixels`)
    const unread = await readPixels({ source, channels, ...wanted }, file, { signal, onProgress: () => undefined })
    return { file, unread }
  }

  async function readOne(subject: Subject, source: SourceId, patch: number, edgePx: number): Promise<string> {
    const wanted = { patches: Uint32Array.of(patch), edgePx }
    const { file, unread } = await read(subject, source, wanted, new AbortController().signal)
    if (unread.length > 0) throw noneReadable(dependencies.nameOfSource(source), 'to look into', 1)
    return file
  }

  /** The pixels of one patch in a file, read once while it is looked at. */
  function pixelsOf(subject: Subject, source: SourceId, patch: number, edgePx: number): Promise<string> {
    const key = `${source} ${patch} ${edgePx} ${subject.channels}`
    const known = patches.get(key)
    if (known) return known
    const reading = readOne(subject, source, patch, edgePx)
    patches.set(key, reading)
    reading.catch(() => patches.delete(key)) // told to who asked
    const [oldest] = patches.keys()
    if (patches.size > KEPT_PATCHES && oldest !== undefined) {
      const old = patches.get(oldest)!
      patches.delete(oldest)
      old.then((file) => rm(file, { force: true })).catch(() => undefined) // goes with the folder at the latest
    }
    return reading
  }

  const prepared = async (held: HeldEngine, { of, source, patch }: OnPatch) => {
    const subject = subjectOf(dependencies, of)
    const edgePx = subject.edgeFor(sourceById(source))
    const [{ inspection }, pixels] = await Promise.all([
      opened(held, subject, of, edgePx),
      pixelsOf(subject, source, patch, edgePx),
    ])
    return { subject, edgePx, on: { inspection, pixels } }
  }

  type Prepared = Awaited<ReturnType<typeof prepared>>
  const onPatch = <T>(
    order: OnPatch,
    ask: (engine: HeldEngine['engine'], on: Prepared['on'], about: Prepared) => Promise<T>,
  ): Promise<T> =>
    kept.use(async (held) => {
      const about = await prepared(held, order)
      return ask(held.engine, about.on, about)
    })

  return {
    calls: {
      'inspection.network': ({ of, source }) => {
        const subject = subjectOf(dependencies, of)
        const edgePx = subject.edgeFor(source === null ? null : sourceById(source))
        return kept.use(async (held) => (await opened(held, subject, of, edgePx)).network)
      },
      'inspection.patch': (order) =>
        onPatch(order, async (engine, on, { subject, edgePx }) => {
          const { answer } = await engine.call('engine.inspectAnswer', on)
          const pixels = inColour(await readWhole(on.pixels), subject.channels)
          return { edgePx, pixels, probabilities: subject.classes ? answer : null }
        }),
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
          const { on } = await prepared(held, { of, source, patch })
          for await (const news of held.engine.stream('engine.saliency', { ...on, ...wanted })) {
            if (signal.aborted) return
            yield news
          }
        })
      },
      async *'inspection.excited'({ of, source: id, layer, by }, signal) {
        const subject = subjectOf(dependencies, of)
        const source = sourceById(id)
        const edgePx = subject.edgeFor(source)
        const all = dependencies.patchesOf(source)
        yield* kept.follow(async function* (held) {
          const { inspection } = await opened(held, subject, of, edgePx)
          const ends = { most: new EndOfOrder(EXCITED_KEPT, 'most'), least: new EndOfOrder(EXCITED_KEPT, 'least') }
          const readBlock = async (first: number) => {
            const block = all.slice(first, first + BLOCK)
            const { file, unread } = await read(subject, id, { patches: block, edgePx }, signal)
            const damaged = new Set(unread)
            return { file, unread, block: block.filter((patch) => !damaged.has(patch)) }
          }
          let done = 0
          let leftOut = 0
          for await (const { block, unread, file } of ahead(firsts(all.length), readBlock, signal)) {
            done += block.length + unread.length
            leftOut += unread.length
            if (block.length > 0) {
              const order = { inspection, layer, by, file, patches: block.length }
              const { channels, width, value, place } = await held.engine.call('engine.excitement', order)
              for (const end of Object.values(ends)) end.add(block, channels, value, place)
              yield {
                done,
                total: all.length,
                leftOut,
                channels,
                width,
                most: ends.most.ends(),
                least: ends.least.ends(),
              }
            }
            await rm(file, { force: true })
            if (signal.aborted) return
          }
          if (leftOut === all.length && leftOut > 0)
            throw noneReadable(dependencies.nameOfSource(id), 'to look through', leftOut)
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
