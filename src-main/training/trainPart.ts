/** One training in the engine, its curve and checkpoints told as they come: the whole of a run, or one part of it. */
import { existsSync } from 'node:fs'
import { deviceFacts } from '../../src-shared/devices.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { RunId } from '../../src-shared/ids.ts'
import type { TrainingPoint, TrainingRun } from '../../src-shared/training.ts'
import type { JobControl } from '../jobs/queue.ts'
import type { EngineClient } from '../nn/engine.ts'
import type { TrainingNews, TrainingOrder } from '../nn/engineContract.ts'
import type { Store } from '../store/database.ts'
import { findRun, forgetPointsAfter, savePoint, saveSteps } from './rows.ts'

export type PartDependencies = {
  store: Store
  tellPoints: (run: RunId, points: TrainingPoint[]) => void
  tellRun: (run: TrainingRun) => void
}

export type Finished = { news: Extract<TrainingNews, { kind: 'finished' }>; steps: number }

export type PartKind = 'fold' | 'member'

/** `place` counts from 0 up to `of`; `before` is how many steps the earlier parts have. `part` is null in a run of one. */
export type Part = {
  run: TrainingRun
  order: TrainingOrder
  part: { kind: PartKind; place: number; of: number; before: number } | null
}

/** @returns null when it was asked to stop before the end */
export async function trainPart(
  { store, tellPoints, tellRun }: PartDependencies,
  { run, order, part }: Part,
  engine: EngineClient,
  control: JobControl,
): Promise<Finished | null> {
  const stop = () => void engine.call('engine.stopTraining', { folder: order.folder }).catch(() => undefined) // the stream tells how it ended
  control.signal.addEventListener('abort', stop)
  control.report({ phase: existsSync(order.folder) ? 'going on from the last checkpoint' : 'starting the engine' })
  const { device = 'cpu' } = order
  const on = device === 'cpu' ? '' : ` on ${deviceFacts[device].label}`
  const training = `training${part ? ` ${part.kind} ${part.place + 1} of ${part.of}` : ''}${on}`
  const before = part?.before ?? 0
  let steps = 0
  const placed = (point: TrainingPoint): TrainingPoint =>
    part ? { ...point, step: point.step + before, [part.kind]: part.place } : point
  /** Parts that have not begun are taken to have as many steps as this one. */
  const total = () => before + steps * (part ? part.of - part.place : 1)
  try {
    for await (const item of engine.stream('engine.train', order)) {
      switch (item.kind) {
        case 'steps-found':
          steps = item.steps
          store.transaction('training.stepsFound', (db) => {
            saveSteps(db, run.id, part?.kind === 'member' ? total() : steps, item.stepsPerEpoch)
            forgetPointsAfter(db, run.id, before + item.step)
            for (const point of item.history) savePoint(db, run.id, placed(point))
          })
          control.report({ done: before + item.step, total: total(), phase: training })
          tellRun(findRun(store.read, run.id)!)
          break
        case 'training':
        case 'validation': {
          const point = placed(item)
          store.transaction('training.point', (db) => savePoint(db, run.id, point))
          tellPoints(run.id, [point])
          control.report({ done: point.step, phase: item.kind === 'validation' ? 'measuring' : training })
          break
        }
        case 'checkpoint':
          control.log(`checkpoint at step ${before + item.step}`)
          break
        case 'finished':
          return item.stopped ? null : { news: item, steps }
      }
    }
  } finally {
    control.signal.removeEventListener('abort', stop)
  }
  throw tesseraError(
    'ENGINE_FAILED',
    'The engine stopped without saying how the training ended. Resume the job to go on from its last checkpoint.',
    { reason: 'no end' },
  )
}
