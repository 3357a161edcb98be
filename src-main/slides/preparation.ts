/** Pyramids that pictures lack, made by a job in a process of its own: cancelling the job ends the process. */
import * as z from 'zod'
import { isTesseraError } from '../../src-shared/errors.ts'
import { SlideId } from '../../src-shared/ids.ts'
import type { JobControl, Jobs } from '../jobs/queue.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import type { Store } from '../store/database.ts'
import { notPrepared } from './formats/slideErrors.ts'
import { createSlideReader } from './reader.ts'
import type { SlidesRoom } from './slidesRoom.ts'

const Params = z.object({ slide: SlideId, bytes: z.number() })

/** It must not hold up anything a person does. */
const PYRAMID = { name: 'slide-pyramid', niceness: 15, heapMb: 512 }

const MB = 1e6

type Dependencies = { store: Store; jobs: Jobs; workerHost: WorkerHost; room: SlidesRoom }

/** Begins to prepare a slide, unless that is under way. @param bytes of the pyramid */
export type Prepare = (slide: SlideId, bytes: number) => void

export function createPreparation({ store, jobs, workerHost, room }: Dependencies): Prepare {
  const underWay = new Set<SlideId>()

  const run = async (params: unknown, { signal, report }: JobControl): Promise<void> => {
    const { slide, bytes } = Params.parse(params)
    underWay.add(slide)
    const reader = createSlideReader(workerHost, PYRAMID)
    const stop = () => reader.stop()
    signal.addEventListener('abort', stop)
    try {
      room.files.markPreparing(slide)
      report({ total: Math.round(bytes / MB), phase: 'Making smaller versions of the picture' })
      await reader.follow(room.subjectOf(slide), 'slides.prepare', await room.fileOf(slide), ({ done }) =>
        report({ done: Math.round(done / MB) }),
      )
      room.files.markReady(slide)
    } catch (error) {
      room.files.markUnreadable(
        slide,
        isTesseraError(error) && !signal.aborted ? error : notPrepared(await room.pathOf(slide), bytes),
      )
      if (!signal.aborted) throw error
    } finally {
      underWay.delete(slide)
      signal.removeEventListener('abort', stop)
      reader.stop()
    }
  }

  jobs.register('pyramid', { unit: 'MB', canPause: false, heavy: false, run })

  return (slide, bytes) => {
    if (underWay.has(slide)) return
    underWay.add(slide)
    const job = store.transaction('slides.prepare', (db) =>
      jobs.create(db, {
        kind: 'pyramid',
        title: `Prepare “${room.byId(slide).name}”`,
        params: { slide, bytes },
        total: Math.round(bytes / MB),
      }),
    )
    room.files.markPreparing(slide)
    jobs.launch(job)
  }
}
