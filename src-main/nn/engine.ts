/**
 * The engine process, from the main process: started for a piece of work and ended with it, so that its memory is given
 * back, and a network that kills it costs that work and nothing else.
 */
import { isTesseraError, tesseraError } from '../../src-shared/errors.ts'
import { type Client, connect } from '../../src-shared/wire/connect.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import type { EngineContract } from './engineContract.ts'

export type EngineClient = Client<EngineContract>

/** Below everything a person waits for: labels, tiles, and the reading of the next patches. */
const NICENESS = 15
const HEAP_MB = 4096

/**
 * Runs `work` with an engine of its own.
 *
 * @throws {TesseraError} ENGINE_DIED when the process ended before the work did; whatever `work` throws
 */
export async function withEngine<T>(host: WorkerHost, work: (engine: EngineClient) => Promise<T>): Promise<T> {
  const process = host.start({ entry: 'engine', name: 'engine', niceness: NICENESS, heapMb: HEAP_MB })
  let exit: string | null = null
  process.exited((how) => {
    exit = how
  })
  try {
    return await work(connect<EngineContract>(process.wire))
  } catch (error) {
    throw isTesseraError(error, 'CONNECTION_LOST') ? diedError(exit) : error
  } finally {
    process.kill()
  }
}

const diedError = (exit: string | null) =>
  tesseraError(
    'ENGINE_DIED',
    `The process that runs networks ended unexpectedly (${exit ?? 'no reason given'}). Nothing that was saved is lost: resume the job to go on from its last checkpoint. If it ends again, the machine may be short of memory: choose a smaller network or batch.`,
    { exit: exit ?? '' },
  )
