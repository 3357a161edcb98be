/**
 * The job that predicts: block by block, read the patches, run the network, write and record the probabilities. While the
 * network works on one block the next is read and the one before is written. Finished blocks are never done twice, so it
 * resumes anywhere.
 */
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { type DeviceName, deviceFacts } from '../../src-shared/devices.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { PredictionRunId, type SourceId } from '../../src-shared/ids.ts'
import type { Model } from '../../src-shared/models.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import { type PredictionBlock, type PredictionRun, summarise } from '../../src-shared/predictions.ts'
import { fileError } from '../files/fileErrors.ts'
import { ahead } from '../jobs/ahead.ts'
import type { JobRunner } from '../jobs/queue.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import { openCheckedModel } from '../models/openModel.ts'
import { withEngine } from '../nn/engine.ts'
import type { Devices } from '../nn/devices.ts'
import { engineOn } from '../nn/engineFacts.ts'
import { patchesForNetworks } from '../patches/patchesForNetworks.ts'
import { noneReadable, unreadInWords } from '../patches/unread.ts'
import type { Store } from '../store/database.ts'
import type { ReadPixels } from '../training/runFiles.ts'
import { readBlocks, sealOf, withGaps, withoutGaps, writeBlock } from './probabilityFile.ts'
import { addEngine, findRun, insertBlock, listBlocks, maskOfRun, sealRun } from './rows.ts'

/** Patches in one block: a few seconds of work for a large network, a tenth of one for a small. */
const BLOCK = 256

export type PredictionRunnerDependencies = {
  store: Store
  workerHost: WorkerHost
  devices: Devices
  readPixels: ReadPixels
  sourceById: (source: SourceId) => PatchSource
  sourceSeq: (source: SourceId) => number
  nameOfSource: (source: SourceId) => string
  modelById: (model: Model['id']) => Model
  weightsOf: (model: Model['id']) => string
  predictionsFolder: string
  tellBlock: (run: PredictionRunId, block: PredictionBlock) => void
  tellRun: (run: PredictionRun) => void
}

export type PredictionParams = { run: PredictionRunId }

export const probabilityFile = (folder: string, run: PredictionRunId): string => path.join(folder, `${run}.f32`)

export function predictionRunner(dependencies: PredictionRunnerDependencies): JobRunner {
  const { store, workerHost, predictionsFolder } = dependencies
  const scratchOf = (run: PredictionRunId) => path.join(predictionsFolder, `${run}.scratch`)

  return {
    unit: 'patches',
    canPause: true,
    heavy: true,
    discard: (params) => rm(scratchOf((params as PredictionParams).run), { recursive: true, force: true }),
    async run(params, control) {
      const id = PredictionRunId.parse((params as PredictionParams).run)
      const run = findRun(store.read, id)
      if (!run)
        throw tesseraError('PREDICTION_RUN_UNKNOWN', 'The prediction run of this job is not in the project.', {
          run: id,
        })
      const { card } = dependencies.modelById(run.model)
      const source = dependencies.sourceById(run.source)
      const title = dependencies.nameOfSource(run.source)
      const patches = patchesForNetworks(dependencies, source, maskOfRun(store.read, id))
      const missing = () => {
        const finished = new Set(listBlocks(store.read, id).map((block) => block.first))
        return range(0, patches.length, BLOCK).filter((first) => !finished.has(first))
      }
      let done = patches.length - missing().reduce((sum, first) => sum + Math.min(BLOCK, patches.length - first), 0)
      control.report({ done, total: patches.length, phase: 'starting the engine' })

      const scratch = scratchOf(id)
      await mkdir(scratch, { recursive: true }).catch((error: unknown) => {
        throw fileError(scratch, error)
      })
      const readBlock = async (first: number) => {
        const block = patches.subarray(first, first + BLOCK)
        const file = path.join(scratch, `${first}.pixels`)
        const order = { source: run.source, patches: block, edgePx: card.input.edgePx, channels: card.input.channels }
        const options = { signal: control.signal, onProgress: () => undefined }
        const unread = new Set(await dependencies.readPixels(order, file, options))
        return { first, file, block, readable: [...block].map((patch) => !unread.has(patch)) }
      }

      const { testTime } = run
      const predictOn = (device: DeviceName) =>
        withEngine(workerHost, async (engine) => {
          store.transaction('predictions.engine', (db) => addEngine(db, id, engineOn(device)))
          const { handle } = await openCheckedModel(engine, dependencies.weightsOf(run.model), { testTime, device })
          const phase = device === 'cpu' ? 'predicting' : `predicting on ${deviceFacts[device].label}`
          const predictBlock = async ({ first, file, block, readable }: Awaited<ReturnType<typeof readBlock>>) => {
            const numbers = block.filter((_, place) => readable[place])
            const count = numbers.length
            const order = { model: handle, file, patches: count, first: 0, count, numbers }
            const probabilities =
              count === 0 ? new Float32Array() : (await engine.call('engine.predict', order)).probabilities
            await rm(file, { force: true })
            return { first, block, probabilities: withGaps(readable, probabilities, card.classes.length) }
          }
          // Three blocks at once: one is read, one is in the network, one is written.
          const read = ahead(missing(), readBlock, control.signal)
          for await (const { first, block, probabilities } of ahead(read, predictBlock, control.signal)) {
            const written = await writeBlock(
              probabilityFile(predictionsFolder, id),
              first,
              card.classes.length,
              probabilities,
            )
            store.transaction('predictions.block', (db) => insertBlock(db, id, written))
            done += block.length
            dependencies.tellBlock(id, withoutGaps(block.slice(), probabilities, card.classes.length))
            control.report({ done, phase })
          }
        })
      const [next] = missing()
      if (next !== undefined)
        await dependencies.devices.run(
          {
            work: 'predict',
            async test(engine, device, timed) {
              control.report({ phase: `testing ${deviceFacts[device].label}` })
              const { file, readable } = await firstReadable(missing(), readBlock, title, patches.length)
              const order = { device, timed, pixels: file, patches: readable.filter(Boolean).length }
              const weights = { file: dependencies.weightsOf(run.model), normalisation: card.normalisation }
              return engine.call('engine.testModel', { ...order, ...weights })
            },
            say: control.log,
            signal: control.signal,
          },
          predictOn,
        )
      if (control.signal.aborted) return
      await rm(scratch, { recursive: true, force: true })
      const blocks = listBlocks(store.read, id)
      const found = await readBlocks(probabilityFile(predictionsFolder, id), blocks, card.classes.length)
      const counts = countClasses(found, card.classes.length)
      const unread = found.flatMap(({ block: { first, count }, probabilities }) => [
        ...withoutGaps(patches.subarray(first, first + count), probabilities, card.classes.length).unread,
      ])
      if (unread.length === patches.length) throw noneReadable(title, 'to predict', patches.length)
      if (unread.length > 0)
        control.log(unreadInWords(source, title, 'to predict', Uint32Array.from(unread), patches.length))
      store.transaction('predictions.seal', (db) => sealRun(db, id, sealOf(blocks), counts))
      dependencies.tellRun(findRun(store.read, id)!)
    },
  }
}

/** The first block of which a patch can be read. @throws {TesseraError} PATCHES_UNREADABLE when there is none */
async function firstReadable<B extends { readable: boolean[] }>(
  firsts: readonly number[],
  readBlock: (first: number) => Promise<B>,
  name: string,
  total: number,
): Promise<B> {
  for (const first of firsts) {
    const block = await readBlock(first)
    if (block.readable.includes(true)) return block
  }
  throw noneReadable(name, 'to predict', total)
}

/** Patches of each class by the most probable one, of blocks that were read back, so that only a sound file is sealed. */
function countClasses(blocks: readonly { probabilities: Float32Array }[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const { probabilities } of blocks)
    for (const [k, count] of summarise(probabilities, classes, null, null).counts.entries()) counts[k]! += count
  return counts
}

const range = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => from + i * step)
