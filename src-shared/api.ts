/** The whole contract between the window and the main process, put together from its rooms. */
import { appCalls, appEvents } from './app.ts'
import { blindingCalls, blindingEvents } from './blinding.ts'
import { bookmarkCalls, bookmarkEvents } from './bookmarks.ts'
import { deviceCalls, deviceEvents } from './devices.ts'
import { exportCalls, exportEvents } from './exports.ts'
import { featureCalls, featureEvents } from './features.ts'
import { inspectionCalls, inspectionStreams } from './inspection.ts'
import { jobCalls, jobEvents } from './jobs.ts'
import { labelCalls, labelEvents } from './labels.ts'
import { liveStreams } from './live.ts'
import { mapCalls, mapEvents } from './map.ts'
import { modelCalls, modelEvents } from './models.ts'
import { neighbourCalls } from './neighbours.ts'
import { patchCalls, patchEvents } from './patches.ts'
import { predictionCalls, predictionEvents, predictionStreams } from './predictions.ts'
import { projectCalls, projectEvents } from './projects.ts'
import { slideCalls, slideEvents } from './slides.ts'
import { spreadCalls } from './spread.ts'
import { trainingCalls, trainingEvents, trainingStreams } from './training.ts'
import type { Contract, Handlers, Publish } from './wire/contract.ts'

export const api = {
  calls: {
    ...appCalls,
    ...deviceCalls,
    ...projectCalls,
    ...slideCalls,
    ...bookmarkCalls,
    ...blindingCalls,
    ...patchCalls,
    ...labelCalls,
    ...modelCalls,
    ...featureCalls,
    ...spreadCalls,
    ...neighbourCalls,
    ...mapCalls,
    ...trainingCalls,
    ...predictionCalls,
    ...inspectionCalls,
    ...exportCalls,
    ...jobCalls,
  },
  streams: { ...trainingStreams, ...liveStreams, ...predictionStreams, ...inspectionStreams },
  events: {
    ...appEvents,
    ...deviceEvents,
    ...projectEvents,
    ...slideEvents,
    ...bookmarkEvents,
    ...blindingEvents,
    ...patchEvents,
    ...labelEvents,
    ...modelEvents,
    ...featureEvents,
    ...mapEvents,
    ...trainingEvents,
    ...predictionEvents,
    ...exportEvents,
    ...jobEvents,
  },
} satisfies Contract

export type Api = typeof api
export type ApiHandlers = Handlers<Api>
export type ApiCalls = ApiHandlers['calls']
export type ApiStreams = ApiHandlers['streams']
export type PublishApi = Publish<Api>
