/** The door of the training room. */
import { v7 as uuidv7 } from 'uuid'
import { tesseraError } from '../../src-shared/errors.ts'
import { RunId, type SourceId } from '../../src-shared/ids.ts'
import { isOver } from '../../src-shared/jobs.ts'
import type { trainingCalls, trainingStreams, TrainingPoint, TrainingRun } from '../../src-shared/training.ts'
import type { CallHandlers, StreamHandlers } from '../../src-shared/wire/contract.ts'
import { createFeed } from '../jobs/feed.ts'
import { jobSeq } from '../jobs/jobRows.ts'
import type { Jobs } from '../jobs/queue.ts'
import type { LabelledPatch, PatchLookup } from './labelledPatches.ts'
import { type DetailedPlan, makePlan } from './plan.ts'
import { findRun, insertRun, insertRunPatches, listPoints, listRuns } from './rows.ts'
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

  return {
    calls: {
      'training.plan': (settings) => makePlan(lookup, classes(), settings).plan,
      'training.previewAugmentation'() {
        throw tesseraError('USAGE', 'The preview is not made yet.', {})
      },
      'training.runs': () => listRuns(store.read),
      'training.start'(settings) {
        const detailed = makePlan(lookup, classes(), settings)
        const { plan } = detailed
        if (!plan.ready || !plan.split)
          throw tesseraError('TRAINING_NOT_READY', plan.reasons.join(' '), { reasons: plan.reasons })
        const id = RunId.parse(uuidv7())
        const split = plan.split
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
            insertRunPatches(db, run, side, bySource(lookup, detailed[side]))
          return made
        })
        jobs.launch(job)
        const run = findRun(store.read, id)!
        tellRun(run)
        return run
      },
    },
    streams: {
      'training.findRate'() {
        throw tesseraError('USAGE', 'The search is not made yet.', {})
      },
      async *'training.follow'({ run }, signal) {
        const found = findRun(store.read, run)
        if (!found) throw tesseraError('RUN_UNKNOWN', 'There is no such training run in this project.', { run })
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

const keyOf = (point: TrainingPoint): string => `${point.step} ${point.kind}`

/** Patches of one side, source by source, in the order their pixel file has. */
function bySource(lookup: PatchLookup, patches: DetailedPlan['training']) {
  const groups = Map.groupBy(patches, (patch: LabelledPatch): SourceId => patch.source)
  return [...groups].map(([source, members]) => ({
    source,
    seq: lookup.sourceSeq(source),
    patch: Uint32Array.from(members, (member) => member.patch),
    target: Uint16Array.from(members, (member) => member.target),
  }))
}
