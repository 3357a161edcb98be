/**
 * An engine process that stays for a while: somebody who looks into a network asks every few seconds, and to start a
 * process and open the network takes as long as the answer. When nobody has asked for a while it ends, with its memory.
 */
import { isTesseraError, tesseraError } from '../../src-shared/errors.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import { type EngineClient, withEngine } from '../nn/engine.ts'

/** The engine, and what is remembered of it: another process remembers nothing. */
export type HeldEngine = { engine: EngineClient; memory: Map<string, Promise<unknown>> }

export interface KeptEngine {
  /** @throws {TesseraError} ENGINE_DIED; whatever `work` throws */
  use<T>(work: (held: HeldEngine) => Promise<T>): Promise<T>
  /** As `use`, for work that answers bit by bit. */
  follow<T>(work: (held: HeldEngine) => AsyncIterable<T>): AsyncGenerator<T>
  close(): void
}

type Running = {
  engine: Promise<EngineClient>
  memory: HeldEngine['memory']
  end: () => void
  /** rejects with ENGINE_DIED when the process ended by itself */
  ended: Promise<void>
}

/** @param idleMs after which it ends when nobody uses it */
export function keptEngine(host: WorkerHost, idleMs: number): KeptEngine {
  let running: Running | null = null
  let users = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const start = (): Running => {
    const there = Promise.withResolvers<EngineClient>()
    const over = Promise.withResolvers<void>()
    const ended = withEngine(host, (engine) => {
      engine.closed(() => over.reject(tesseraError('CONNECTION_LOST', 'The engine process ended.', {})))
      there.resolve(engine)
      return over.promise
    })
    ended.catch((error: unknown) => there.reject(error)) // told where its end is waited for
    there.promise.catch(() => undefined)
    return { engine: there.promise, memory: new Map(), end: () => over.resolve(), ended }
  }
  const hold = (): Running => {
    clearTimeout(timer)
    users++
    return (running ??= start())
  }
  const letGo = (): void => {
    users--
    if (users > 0) return
    timer = setTimeout(end, idleMs)
    timer.unref()
  }
  const end = (): void => {
    running?.end()
    running = null
  }
  /** The next one who asks gets a process that lives. */
  const reasonOf = async (mine: Running, error: unknown): Promise<unknown> => {
    if (!isTesseraError(error, 'CONNECTION_LOST') && !isTesseraError(error, 'ENGINE_DIED')) return error
    if (running === mine) running = null
    return mine.ended.then(
      () => error,
      (died: unknown) => died,
    )
  }

  return {
    async use(work) {
      const mine = hold()
      try {
        return await work({ engine: await mine.engine, memory: mine.memory })
      } catch (error) {
        throw await reasonOf(mine, error)
      } finally {
        letGo()
      }
    },
    async *follow(work) {
      const mine = hold()
      try {
        yield* work({ engine: await mine.engine, memory: mine.memory })
      } catch (error) {
        throw await reasonOf(mine, error)
      } finally {
        letGo()
      }
    },
    close() {
      clearTimeout(timer)
      end()
    },
  }
}
