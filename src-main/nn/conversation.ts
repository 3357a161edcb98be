/** Calls and answers between this thread and another one that does a part of its work, one at a time. */
import type { Worker } from 'node:worker_threads'
import { messageOf } from '../../src-shared/errors.ts'

/** The thread is no more, and why. */
export type Ended = { kind: 'ended'; reason: string }

/**
 * Says something to a thread (null = nothing yet) and waits for what it answers; that it has ended is an answer, too. The
 * next call is for when the answer is there.
 */
export function conversation<Call, Answer>(worker: Worker): (call: Call | null) => Promise<Answer | Ended> {
  let ended: Ended | null = null
  let waiting: ((answer: Answer | Ended) => void) | null = null
  const end = (reason: string) => {
    ended ??= { kind: 'ended', reason }
    waiting?.(ended)
  }
  worker.on('message', (answer: Answer) => waiting?.(answer))
  worker.on('error', (error) => end(messageOf(error)))
  worker.on('exit', (code) => end(`one of its threads ended with code ${code}`))
  return async (call) => {
    if (ended) return ended
    const answer = new Promise<Answer | Ended>((resolve) => (waiting = resolve))
    // A program that is done ends, whatever it left open on the thread; it stays while an answer is on its way.
    worker.ref()
    if (call !== null) worker.postMessage(call)
    try {
      return await answer
    } finally {
      worker.unref()
    }
  }
}
