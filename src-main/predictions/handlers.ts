/** The door of the predictions room. */
import { v7 as uuidv7 } from 'uuid'
import { tesseraError } from '../../src-shared/errors.ts'
import { PredictionRunId, type SlideId } from '../../src-shared/ids.ts'
import { isOver } from '../../src-shared/jobs.ts'
import type { PatchClass } from '../../src-shared/labels.ts'
import type { Model } from '../../src-shared/models.ts'
import { type Grid, type GridParams, type PatchSource } from '../../src-shared/patches.ts'
import type {
  PredictionBlock,
  PredictionRun,
  predictionCalls,
  predictionStreams,
} from '../../src-shared/predictions.ts'
import type { TestTime } from '../../src-shared/recipe.ts'
import type { Slide } from '../../src-shared/slides.ts'
import type { MicronPerPx } from '../../src-shared/units.ts'
import type { CallHandlers, StreamHandlers } from '../../src-shared/wire/contract.ts'
import { createFeed } from '../jobs/feed.ts'
import { jobSeq } from '../jobs/jobRows.ts'
import type { Jobs } from '../jobs/queue.ts'
import { maskInForce, patchesForNetworks } from '../patches/patchesForNetworks.ts'
import { readBlocks, withoutGaps } from './probabilityFile.ts'
import { findRun, insertRun, listBlocks, listRuns, maskOfRun } from './rows.ts'
import {
  type PredictionParams,
  predictionRunner,
  type PredictionRunnerDependencies,
  probabilityFile,
} from './runner.ts'

export type PredictionDependencies = Omit<PredictionRunnerDependencies, 'tellBlock' | 'tellRun'> & {
  jobs: Jobs
  sources: () => PatchSource[]
  slideById: (slide: SlideId) => Slide
  createGrid: (slide: SlideId, params: GridParams) => Grid
  classes: () => PatchClass[]
  publish: (name: 'predictions.changed', body: { changed: PredictionRun[] }) => void
  engineName: string
}

/** Probabilities of a run, spread over the patches of its source. */
export type RunProbabilities = {
  run: PredictionRun
  /** patches predicted so far, in the order of the run */
  patch: Uint32Array
  /** [patch, class] */
  probabilities: Float32Array
  /** patches that lie where the slide is damaged */
  unread: Uint32Array
}

export interface PredictionsRoom {
  calls: CallHandlers<typeof predictionCalls>
  streams: StreamHandlers<typeof predictionStreams>
  /** Everything a run has predicted. @throws PREDICTION_RUN_UNKNOWN, PREDICTION_FILE_BROKEN */
  read: (run: PredictionRunId) => Promise<RunProbabilities>
  /** The patches of a source that a run predicts: inside its mask, and those that networks get. */
  patchesOf: (source: PatchSource) => Uint32Array
  /** Tells every window that the staleness of runs may have changed. */
  tellAll: () => void
}

/** Two µm/px are the same scale within this: slides of one scanner differ in the third digit. */
const SAME_SPACING = 0.02
/** A slide this much coarser than a model demands has no detail to show it; enlarging would invent some. */
const COARSEST = 1.1

export function createPredictions(dependencies: PredictionDependencies): PredictionsRoom {
  const { store, jobs, publish, modelById, sourceById, predictionsFolder } = dependencies
  const feed = createFeed<PredictionRunId, PredictionBlock>()
  const runner = predictionRunner({
    ...dependencies,
    tellBlock: feed.tell,
    tellRun: (run) => publish('predictions.changed', { changed: [run] }),
  })
  jobs.register('prediction', {
    ...runner,
    async run(params, control) {
      try {
        await runner.run(params, control)
      } finally {
        if (!control.signal.aborted) feed.end((params as PredictionParams).run)
      }
    },
    async discard(params) {
      await runner.discard?.(params)
      feed.end((params as PredictionParams).run)
    },
  })

  const byId = (run: PredictionRunId): PredictionRun => {
    const found = findRun(store.read, run)
    if (!found)
      throw tesseraError('PREDICTION_RUN_UNKNOWN', 'There is no such prediction run in this project.', { run })
    return found
  }

  const read = async (id: PredictionRunId): Promise<RunProbabilities> => {
    const run = byId(id)
    const list = patchesForNetworks(dependencies, sourceById(run.source), maskOfRun(store.read, id))
    const blocks = await readBlocks(
      probabilityFile(predictionsFolder, id),
      listBlocks(store.read, id),
      run.classes.length,
    )
    const patch = blocks.flatMap(({ block }) => [...list.subarray(block.first, block.first + block.count)])
    const rows = new Float32Array(patch.length * run.classes.length)
    let at = 0
    for (const block of blocks) {
      rows.set(block.probabilities, at)
      at += block.probabilities.length
    }
    return { run, ...withoutGaps(Uint32Array.from(patch), rows, run.classes.length) }
  }

  const startOne = (model: Model, source: PatchSource, title: string, testTime: TestTime): PredictionRun => {
    const id = PredictionRunId.parse(uuidv7())
    const mask = source.kind === 'grid' ? maskInForce(dependencies, source.id) : null
    const channels = source.kind === 'grid' ? dependencies.slideById(source.slide).channels : null
    const total = patchesForNetworks(dependencies, source, mask?.inside ?? null).length
    if (total === 0 && source.kind === 'set')
      throw tesseraError('PATCH_SET_EMPTY', `“${source.name}” holds no picture that a network can take.`, {
        file: source.name,
      })
    if (total === 0)
      throw tesseraError(
        'MASK_EMPTY',
        `The tissue mask of ${title} leaves no patch to predict. Make it more sensitive, or take it away.`,
        { slide: title },
      )
    const job = store.transaction('predictions.start', (db) => {
      const params: PredictionParams = { run: id }
      const made = jobs.create(db, {
        kind: 'prediction',
        title: `Predict ${title} with “${model.name}”`,
        params,
        total,
      })
      insertRun(db, {
        id,
        job: jobSeq(db, made),
        model: model.id,
        source: dependencies.sourceSeq(source.id),
        mask: mask?.seq ?? null,
        weights: model.card.weights.sha256,
        preprocessing: {
          input: model.card.input,
          normalisation: model.card.normalisation,
          testTime,
          ...(channels && { channels }),
        },
        engine: dependencies.engineName,
        classes: model.card.classes,
        total,
      })
      return made
    })
    jobs.launch(job)
    const run = byId(id)
    publish('predictions.changed', { changed: [run] })
    return run
  }

  const maskOf = (source: PatchSource) => (source.kind === 'grid' ? maskInForce(dependencies, source.id) : null)

  return {
    read,
    patchesOf: (source) => patchesForNetworks(dependencies, source, maskOf(source)?.inside ?? null),
    tellAll: () => publish('predictions.changed', { changed: listRuns(store.read) }),
    calls: {
      'predictions.runs': () => listRuns(store.read),
      'predictions.start'({ model: id, slides, sets, testTime }) {
        const model = modelById(id)
        refuseStranger(model, dependencies.classes())
        // Every grid is found before the first run starts: half an order is worse than none.
        const grids = slides.map((slide) => ({
          name: dependencies.slideById(slide).name,
          source: gridFor(dependencies, model, slide),
        }))
        const patchSets = sets.map((set) => ({
          name: nameOfSet(sourceById(set)),
          source: setFor(model, sourceById(set)),
        }))
        return [...grids, ...patchSets].map(({ name, source }) =>
          startOne(model, source, `“${name}”`, testTime ?? model.card.testTime),
        )
      },
    },
    streams: {
      async *'predictions.follow'({ run: id }, signal) {
        const run = byId(id)
        const news = feed.follow(id, signal) // before the past is read, so that nothing falls between
        const past = await read(id)
        const seen = new Set([...past.patch, ...past.unread])
        yield { patch: past.patch, probabilities: past.probabilities, unread: past.unread }
        if (byId(id).complete || isOver(jobs.stateOf(run.job))) return
        for await (const block of news) if (!seen.has(block.patch[0] ?? block.unread[0]!)) yield block
      },
    },
  }
}

/**
 * A model that knows none of the project's classes is of another task: nothing it says could be accepted, corrected or
 * compared with what people said. Names are compared without case.
 *
 * @throws {TesseraError} MODEL_CLASSES_MISMATCH
 */
function refuseStranger(model: Model, classes: readonly PatchClass[]): void {
  const expected = model.card.classes.map((each) => each.name)
  const actual = classes.map((each) => each.name)
  const known = new Set(actual.map((name) => name.toLowerCase()))
  if (expected.some((name) => known.has(name.toLowerCase()))) return
  throw tesseraError(
    'MODEL_CLASSES_MISMATCH',
    `“${model.name}” tells ${expected.join(', ')} apart; this project has ${actual.join(', ') || 'no classes'}. Add the classes of the model to the project, rename those that mean the same, or choose another model.`,
    { model: model.name, expected, actual },
  )
}

/** The grid a model's card demands on a slide: the active one if it fits, else another that does, else a new one. */
function gridFor(dependencies: PredictionDependencies, model: Model, slideId: SlideId): Grid {
  const { edgePx, mpp, channels } = model.card.input
  const slide = dependencies.slideById(slideId)
  if (channels !== 3)
    throw tesseraError(
      'MODEL_INPUT_MISMATCH',
      `“${model.name}” takes grey pictures (1 channel); “${slide.name}” is in colour. Choose a model trained on slides.`,
      { model: model.name, expected: '1 channel', actual: '3 channels' },
    )
  if (slide.mppX === null || slide.mppY === null)
    throw tesseraError(
      'SLIDE_MPP_NEEDED',
      `It is not known how finely “${slide.name}” was scanned, so “${model.name}” can not be shown patches of the right size. Say its µm/px first.`,
      { slide: slideId, found: slide.fileMpp?.x ?? null },
    )
  const wanted: MicronPerPx | null = mpp
  if (wanted !== null && (slide.mppX > wanted * COARSEST || slide.mppY > wanted * COARSEST))
    throw tesseraError(
      'MODEL_SPACING_MISMATCH',
      `“${model.name}” was trained at ${wanted} µm/px; “${slide.name}” was scanned at ${slide.mppX} µm/px, coarser than that. Enlarging would invent detail the slide does not have. Choose a model trained at ${slide.mppX} µm/px or coarser.`,
      { model: model.name, expected: wanted, actual: slide.mppX, unit: 'µm/px' },
    )
  const fits = (grid: Grid) =>
    grid.slide === slideId &&
    grid.params.edgePx === edgePx &&
    grid.stale === null &&
    (wanted === null || Math.abs(grid.params.mpp / wanted - 1) <= SAME_SPACING)
  const grids = dependencies.sources().filter((source): source is Grid => source.kind === 'grid' && fits(source))
  return (
    grids.find((grid) => grid.active) ??
    grids[0] ??
    dependencies.createGrid(slideId, {
      edgePx,
      mpp: wanted ?? slide.mppX,
      stridePx: edgePx,
      offsetXPx: 0,
      offsetYPx: 0,
    })
  )
}

/** @throws {TesseraError} MODEL_INPUT_MISMATCH, MODEL_SPACING_MISMATCH */
function setFor(model: Model, source: PatchSource): PatchSource {
  if (source.kind !== 'set')
    throw tesseraError('SOURCE_UNKNOWN', 'A patch set was expected, and this is the grid of a slide.', {
      source: source.id,
    })
  const { edgePx, channels, mpp } = model.card.input
  const actual = `${source.width} × ${source.height} px, ${source.channels} channel${source.channels === 1 ? '' : 's'}`
  const expected = `${edgePx} × ${edgePx} px, ${channels} channel${channels === 1 ? '' : 's'}`
  if (actual !== expected)
    throw tesseraError(
      'MODEL_INPUT_MISMATCH',
      `“${model.name}” takes patches of ${expected}; those of “${source.name}” are ${actual}.`,
      { model: model.name, expected, actual },
    )
  if (mpp !== null && source.mpp !== null && Math.abs(source.mpp / mpp - 1) > SAME_SPACING)
    throw tesseraError(
      'MODEL_SPACING_MISMATCH',
      `“${model.name}” was trained at ${mpp} µm/px, the patches of “${source.name}” have ${source.mpp} µm/px. It would see tissue of another size than it learned.`,
      { model: model.name, expected: mpp, actual: source.mpp, unit: 'µm/px' },
    )
  return source
}

const nameOfSet = (source: PatchSource): string => (source.kind === 'set' ? source.name : source.id)
