/**
 * A model on several threads: each has a session of its own with one thread and takes the next block of patches when it is
 * done with its last.
 *
 * The runtime's own way of using two threads shares out each operator and waits for the slower half every time; when
 * another program, such as the one that reads the next patches, takes a core for a moment, both wait. Here a thread that
 * was held up takes fewer blocks. Blocks do not know of each other, so who did which changes no number.
 */
import { Worker } from 'node:worker_threads'
import { tesseraError, toError } from '../../src-shared/errors.ts'
import { openPixelFile, subset } from '../features/pixelFile.ts'
import type { Predictor } from '../nn/backend.ts'
import { conversation, type Ended } from '../nn/conversation.ts'
import type { LaneAnswer, LaneCall, LaneOrder } from './laneContract.ts'
import { BLOCK, predictPixels, type HowToLook } from './validate.ts'

/** The bundler puts every entry into one folder, as in ../host/processEntries.ts. */
const workerFile = () =>
  new URL(import.meta.url.endsWith('.ts') ? './predict.worker.ts' : './predict.worker.js', import.meta.url)

/** Patches of a pixel file, as the engine is asked for them. */
export type PixelRange = Pick<LaneCall, 'file' | 'patches' | 'rows' | 'first' | 'count'>

export interface Lanes {
  /** @returns probabilities [count, class] @throws {TesseraError} as predictPixels; ENGINE_FAILED when a thread ended */
  predict(range: PixelRange): Promise<Float32Array<ArrayBuffer>>
  dispose(): Promise<void>
}

/**
 * @param own runs on this thread, with one thread
 * @param lanes threads that share the work, this one among them; the others start with the first work that is worth it
 */
export function predictLanes(own: Predictor, lanes: number, order: LaneOrder): Lanes {
  let others: Promise<OtherLane[]> | null = null
  let before: Promise<unknown> = Promise.resolve()

  async function shareOut(range: PixelRange): Promise<Float32Array<ArrayBuffer>> {
    const { count } = range
    const call: LaneCall = {
      ...range,
      next: new Int32Array(new SharedArrayBuffer(4)),
      probabilities: new Float32Array(new SharedArrayBuffer(4 * count * own.classes)),
    }
    const shared = lanes > 1 && count > BLOCK
    if (shared) others ??= startLanes(lanes - 1, order)
    const going = shared ? (await others!).map((lane) => lane.run(call)) : []
    // The others are heard even when this one fails: they must be at rest before anything is asked of them again.
    const ended = await Promise.allSettled([runLane(own, order.how, call), ...going])
    for (const each of ended) if (each.status === 'rejected') throw each.reason
    return new Float32Array(call.probabilities)
  }

  return {
    predict(range) {
      // One after the other: a thread has one conversation.
      const mine = before.then(() => shareOut(range))
      before = mine.catch(() => undefined) // heard by who asked for it
      return mine
    },
    async dispose() {
      const started = others ? await others.catch(() => []) : []
      await Promise.all([own.dispose(), ...started.map((lane) => lane.dispose())])
    },
  }
}

/** Takes blocks until there are none left. */
export async function runLane(predictor: Predictor, how: HowToLook, call: LaneCall): Promise<void> {
  const { file, patches, rows, first, count, next, probabilities } = call
  const [channels, height, width] = predictor.input
  const whole = await openPixelFile(file, patches, { channels, height, width }, 0)
  const pixels = rows ? subset(whole, rows) : whole
  try {
    for (;;) {
      const at = Atomics.add(next, 0, 1) * BLOCK
      if (at >= count) return
      const found = await predictPixels(predictor, pixels, how, first + at, Math.min(BLOCK, count - at))
      probabilities.set(found, at * predictor.classes)
    }
  } catch (error) {
    // Nobody need do what will not be used.
    Atomics.store(next, 0, Math.ceil(count / BLOCK))
    throw error
  } finally {
    await pixels.close()
  }
}

type OtherLane = { run(call: LaneCall): Promise<void>; dispose(): Promise<void> }

const startLanes = (count: number, order: LaneOrder): Promise<OtherLane[]> =>
  Promise.all(Array.from({ length: count }, () => startLane(order)))

async function startLane(order: LaneOrder): Promise<OtherLane> {
  const worker = new Worker(workerFile(), { workerData: order })
  const answerTo = conversation<LaneCall, LaneAnswer>(worker)
  const dispose = async () => void (await worker.terminate())
  const ready = await answerTo(null)
  if (ready.kind !== 'ready') {
    await dispose()
    throw unexpected(ready)
  }
  return {
    async run(call) {
      const said = await answerTo(call)
      if (said.kind !== 'done') throw unexpected(said)
    },
    dispose,
  }
}

function unexpected(said: LaneAnswer | Ended): Error {
  if (said.kind === 'failed') return toError(said.fault)
  const reason = said.kind === 'ended' ? said.reason : 'one of its threads answered out of turn'
  return tesseraError('ENGINE_FAILED', `The network engine failed: ${reason}.`, { reason })
}
