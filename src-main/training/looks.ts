/** Looks at what a training would do, before it: how its augmentation changes patches, and which learning rate suits it. */
import path from 'node:path'
import { tesseraError } from '../../src-shared/errors.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import type { RateSearchNews, trainingCalls, TrainingSettings } from '../../src-shared/training.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import { createFeed } from '../jobs/feed.ts'
import { withEngine } from '../nn/engine.ts'
import { seeded, shuffled } from '../nn/random.ts'
import { noneReadable } from '../patches/unread.ts'
import { beginningsOf } from './beginning.ts'
import { type CommonInput, commonInput, type LabelledPatch } from './labelledPatches.ts'
import { orderOf } from './order.ts'
import type { DetailedPlan } from './plan.ts'
import { SEARCH_STEPS } from './rateSearch.ts'
import { bySource, gatherPixels, joinedTargets, pixelFile } from './runFiles.ts'
import type { TrainingRunnerDependencies } from './runner.ts'
import { makeScratch, removeScratch } from './scratch.ts'

type Dependencies = Pick<
  TrainingRunnerDependencies,
  'workerHost' | 'readPixels' | 'runsFolder' | 'sourceById' | 'nameOfSource' | 'modelById' | 'weightsOf'
>

type Preview = CallHandlers<typeof trainingCalls>['training.previewAugmentation']

export const previewer =
  ({ workerHost, readPixels, runsFolder, sourceById, nameOfSource }: Dependencies): Preview =>
  async ({ source, patches, ...wanted }) => {
    const { edgePx, channels } = inputOf(sourceById(source))
    const scratch = await makeScratch(runsFolder)
    try {
      const file = path.join(scratch, 'patches.pixels')
      const signal = new AbortController().signal
      const options = { signal, onProgress: () => undefined }
      const unread = new Set(await readPixels({ source, patches, edgePx, channels }, file, options))
      const readable = patches.length - unread.size
      if (readable === 0) throw noneReadable(nameOfSource(source), 'to look at', patches.length)
      const pictures = await withEngine(workerHost, (engine) =>
        engine.call('engine.previewAugmentation', { file, patches: readable, edgePx, channels, ...wanted }),
      )
      return { edgePx, patches: patches.filter((patch) => !unread.has(patch)), pictures }
    } finally {
      await removeScratch(scratch)
    }
  }

function inputOf(source: PatchSource): { edgePx: number; channels: 1 | 3 } {
  const input = commonInput([source])
  if ('reason' in input) throw tesseraError('TRAINING_NOT_READY', input.reason, { reasons: [input.reason] })
  return input
}

/** The search tells one listener; a feed lets it tell while it works. */
const SEARCH = 'search'

/**
 * @param detailed plan of the settings, ready
 * @throws {TesseraError} see `training.findRate`
 */
export async function* findRate(
  { workerHost, readPixels, runsFolder, ...models }: Dependencies,
  settings: TrainingSettings,
  detailed: DetailedPlan & { input: CommonInput },
  signal: AbortSignal,
): AsyncGenerator<RateSearchNews> {
  const { plan, input, training } = detailed
  const [beginning] = beginningsOf(settings, input, plan.classNames, models)
  const patches = bySource(someOf(training, SEARCH_STEPS * settings.batchSize, settings.seed))
  const total = patches.reduce((sum, part) => sum + part.patch.length, 0)
  const scratch = await makeScratch(runsFolder)
  const stop = new AbortController()
  const stopped = AbortSignal.any([signal, stop.signal])
  const feed = createFeed<typeof SEARCH, RateSearchNews>()
  const news = feed.follow(SEARCH, stopped)

  const search = async () => {
    const onProgress = (done: number) => feed.tell(SEARCH, { kind: 'reading', done, total })
    const options = { signal: stopped, onProgress, leaveOut: () => undefined } // the training itself says which
    const readable = await gatherPixels(readPixels, scratch, 'training', patches, input, options)
    if (!readable) return
    const training = { file: pixelFile(scratch, 'training'), classOf: joinedTargets(readable) }
    const order = orderOf(settings, plan.classNames, beginning, { training, validation: null, folder: scratch })
    await withEngine(workerHost, async (engine) => {
      for await (const item of engine.stream('engine.findRate', order)) {
        if (stopped.aborted) return
        feed.tell(SEARCH, item)
      }
    })
  }
  const working = search().finally(() => feed.end(SEARCH))
  working.catch(() => undefined) // told below, where it is awaited
  try {
    yield* news
    if (!stopped.aborted) await working
  } finally {
    stop.abort()
    await working.catch(() => undefined) // its end was wanted, or has been told
    await removeScratch(scratch)
  }
}

/** At most so many patches, each class with its share of them; the same for the same seed. */
function someOf(patches: readonly LabelledPatch[], most: number, seed: number): LabelledPatch[] {
  if (patches.length <= most) return [...patches]
  const classes = [...Map.groupBy(patches, ({ target }) => target).values()]
  return classes.flatMap((members, k) =>
    [...shuffled(members.length, seeded(seed, k))]
      .slice(0, Math.max(FEWEST_OF_A_CLASS, Math.floor((most * members.length) / patches.length)))
      .map((place) => members[place]!),
  )
}

/** However rare it is. */
const FEWEST_OF_A_CLASS = 20
