/** Looks how much memory its process takes, and ends it when that is too much. */
import { parentPort, workerData } from 'node:worker_threads'

const { limitMb } = workerData as { limitMb: number }

/** ms; a decoder that takes a gigabyte a second is caught within half a gigabyte. */
const LOOK_MS = 250

/** The main thread says why it ends, if it comes to it within this time, ms. */
const GRACE_MS = 250

const timer = setInterval(() => {
  if (process.memoryUsage.rss() <= limitMb * 1e6) return
  clearInterval(timer)
  parentPort!.postMessage('too much')
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS)
}, LOOK_MS)
