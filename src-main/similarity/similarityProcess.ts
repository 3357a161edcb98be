/**
 * The similarity process, from the main process: started with the first question, kept while questions come, ended when
 * none has come for a while, so that its memory is given back. Sets are opened in it when they are first asked about, and
 * again when they have grown.
 */
import { isTesseraError, tesseraError } from '../../src-shared/errors.ts'
import type { FeatureSetId } from '../../src-shared/ids.ts'
import { type Client, connect } from '../../src-shared/wire/connect.ts'
import type { StoredFeatures } from '../encoders/featureStore.ts'
import type { ProcessOptions, WorkerHost, WorkerProcess } from '../jobs/workerHost.ts'
import type { SimilarityContract } from './contract.ts'

export type SimilarityClient = Client<SimilarityContract>

/** A person waits for its answers. */
const ASKED = { name: 'similarity', niceness: 2 }
const HEAP_MB = 8192
const IDLE_MS = 120_000

type Live = { process: WorkerProcess; client: SimilarityClient; open: Map<FeatureSetId, Promise<string>>; exit: string }

export interface SimilarityProcess {
  /**
   * Asks with sets open.
   * @throws {TesseraError} FEATURE_SET_UNKNOWN, FEATURES_STALE, FEATURES_FILE_BROKEN; ENGINE_DIED when the process ended
   */
  with<T>(sets: readonly FeatureSetId[], ask: (client: SimilarityClient) => Promise<T>): Promise<T>
  stop(): void
}

export function createSimilarityProcess(
  host: WorkerHost,
  storedOf: (set: FeatureSetId) => StoredFeatures,
  { name, niceness }: Pick<ProcessOptions, 'name' | 'niceness'> = ASKED,
): SimilarityProcess {
  let live: Live | null = null
  let asking = 0
  let idle: NodeJS.Timeout | null = null

  const stop = (): void => {
    if (idle) clearTimeout(idle)
    idle = null
    live?.process.kill()
    live = null
  }

  const started = (): Live => {
    if (live) return live
    const process = host.start({ entry: 'similarity', name, niceness, heapMb: HEAP_MB })
    const one: Live = { process, client: connect<SimilarityContract>(process.wire), open: new Map(), exit: '' }
    process.exited((how) => {
      one.exit = how
      if (live === one) live = null
    })
    live = one
    return one
  }

  const opened = async (one: Live, set: FeatureSetId): Promise<void> => {
    const stored = storedOf(set)
    const content = stored.blocks.map(({ checksum }) => checksum).join()
    const before = one.open.get(set)
    if (before && (await before.catch(() => null)) === content) return
    const reading = one.client.call('similarity.open', { set, stored }).then(() => content)
    reading.catch(() => one.open.delete(set)) // who asked is told below
    one.open.set(set, reading)
    await reading
  }

  return {
    async with(sets, ask) {
      const one = started()
      asking++
      if (idle) clearTimeout(idle)
      try {
        for (const set of sets) await opened(one, set)
        return await ask(one.client)
      } catch (error) {
        if (!isTesseraError(error, 'CONNECTION_LOST')) throw error
        throw tesseraError(
          'ENGINE_DIED',
          `The process that compares features ended unexpectedly (${one.exit || 'no reason given'}). Nothing that was saved is lost: ask again. If it ends again, the machine may be short of memory.`,
          { exit: one.exit },
          { cause: error },
        )
      } finally {
        if (--asking === 0 && live) idle = setTimeout(stop, IDLE_MS).unref()
      }
    },
    stop,
  }
}
