/** The door of the training room. */
import { v7 as uuidv7 } from 'uuid'
import { tesseraError } from '../../src-shared/errors.ts'
import { RunId } from '../../src-shared/ids.ts'
import { isOver } from '../../src-shared/jobs.ts'
import type {
  trainingCalls,
  TrainingPoint,
  TrainingRun,
  TrainingSettings,
  trainingStreams,
} from '../../src-shared/training.ts'
import type { CallHandlers, StreamHandlers } from '../../src-shared/wire/contract.ts'
import { createFeed } from '../jobs/feed.ts'
import { jobSeq } from '../jobs/jobRows.ts'
import type { Jobs } from '../jobs/queue.ts'
import type { PatchLookup } from './labelledPatches.ts'
import { beginningsOf, classNamesFor } from './beginning.ts'
import { findRate, previewer } from './looks.ts'
import { makePlan } from './plan.ts'
import { heldOutOf } from './heldOutRows.ts'
import {
  findRun,
  insertRun,
  insertRunChannels,
  insertRunFolds,
  insertRunPatches,
  listPoints,
  listRuns,
} from './rows.ts'
import { bySource, foldsBySource } from './runFiles.ts'
import { type TrainingParams, trainingRunner, type TrainingRunnerDependencies } from './runner.ts'

export type TrainingDependencies = Omit<TrainingRunnerDependencies, 'tellPoints' | 'tellRun'> & {
  jobs: Jobs
  lookup: PatchLookup
  publish: (name: 'training.changed', run: TrainingRun) => void
}

export interface TrainingRoom {
  calls: CallHandlers<typeof trainingCalls>
  streams: StreamHandlers<typeof trainingStreams>
}

export function createTraining(dependencies: TrainingDependencies): TrainingRoom {
  const { store, jobs, lookup, classes, publish } = dependencies
  const feed = createFeed<RunId, TrainingPoint[]>()
  const tellRun = (run: TrainingRun) => publish('training.changed', run)
  const runner = trainingRunner({ ...dependencies, tellPoints: feed.tell, tellRun })
  jobs.register('training', {
    ...runner,
    async run(params, control) {
      try {
        await runner.run(params, control)
      } finally {
        // A paused run goes on later: who follows it keeps following.
        if (!control.signal.aborted) feed.end((params as TrainingParams).run)
      }
    },
    async discard(params) {
      await runner.discard?.(params)
      feed.end((params as TrainingParams).run)
    },
  })

  const planOf = (settings: TrainingSettings) => makePlan(lookup, classes(), settings, dependencies)
  const readyPlan = (settings: TrainingSettings) => {
    const { input, ...detailed } = planOf(settings)
    const { ready, reasons, split } = detailed.plan
    if (!ready || !split || !input) throw tesseraError('TRAINING_NOT_READY', reasons.join(' '), { reasons })
    return { ...detailed, input, split }
  }

  return {
    calls: {
      'training.plan': (settings) => planOf(settings).plan,
      'training.network'(settings) {
        const { plan, input } = planOf(settings)
        if (!input) throw tesseraError('TRAINING_NOT_READY', plan.reasons.join(' '), { reasons: plan.reasons })
        return beginningsOf(settings, input, classNamesFor(plan.classNames), dependencies)[0].network
      },
      'training.previewAugmentation': previewer(dependencies),
      'training.runs': () => listRuns(store.read),
      'training.heldOut'({ run }) {
        if (!findRun(store.read, run)) throw unknownRun(run)
        return heldOutOf(store.read, run)
      },
      'training.start'(asked) {
        const { plan, split, settings, folds, ...detailed } = readyPlan(asked)
        const id = RunId.parse(uuidv7())
        const job = store.transaction('training.start', (db) => {
          const params: TrainingParams = { run: id }
          const made = jobs.create(db, { kind: 'training', title: `Train “${settings.name}”`, params, total: null })
          const stepsPerEpoch = Math.max(1, Math.ceil(split.training.patches / settings.batchSize))
          const run = insertRun(db, {
            id,
            job: jobSeq(db, made),
            settings,
            classNames: plan.classNames,
            split,
            stepsPerEpoch,
          })
          for (const side of ['training', 'validation'] as const)
            insertRunPatches(db, run, side, lookup.sourceSeq, bySource(detailed[side]))
          insertRunChannels(db, run)
          if (folds)
            insertRunFolds(
              db,
              run,
              lookup.sourceSeq,
              bySource(detailed.training),
              foldsBySource(detailed.training, folds),
            )
          return made
        })
        jobs.launch(job)
        const run = findRun(store.read, id)!
        tellRun(run)
        return run
      },
    },
    streams: {
      async *'training.findRate'(settings, signal) {
        const detailed = readyPlan(settings)
        yield* findRate(dependencies, detailed.settings, detailed, signal)
      },
      async *'training.follow'({ run }, signal) {
        const found = findRun(store.read, run)
        if (!found) throw unknownRun(run)
        const news = feed.follow(run, signal) // before the past is read, so that nothing falls between
        const past = listPoints(store.read, run)
        const seen = new Set(past.map(keyOf))
        yield past
        if (isOver(jobs.stateOf(found.job))) return
        for await (const points of news) {
          const fresh = points.filter((point) => !seen.has(keyOf(point)))
          if (fresh.length > 0) yield fresh
        }
      },
    },
  }
}

const unknownRun = (run: RunId) =>
  tesseraError('RUN_UNKNOWN', 'There is no such training run in this project.', { run })

const keyOf = (point: TrainingPoint): string => `${point.step} ${point.kind}`
