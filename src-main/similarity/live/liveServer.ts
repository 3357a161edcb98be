/** Live classifiers of the similarity process: one session for each source that is predicted. */
import { tesseraError } from '../../../src-shared/errors.ts'
import type { FeatureSetId } from '../../../src-shared/ids.ts'
import type { CallHandlers } from '../../../src-shared/wire/contract.ts'
import { openProducts, type ProductEngine } from '../../nn/backendProducts.ts'
import type { FeatureTable, FeatureTables } from '../featureTables.ts'
import type { LabelledSet, liveContract } from './contract.ts'
import { LiveSession } from './liveSession.ts'
import type { ProductsOf } from './productColumns.ts'
import { measureLive } from './measure.ts'
import type { LiveGroups, LiveTraining } from './training.ts'

/** Sources whose products are kept: one for each window that is likely to be open. */
const MOST_SESSIONS = 2
/** A second thread would wait for its next work by spinning, on the core that draws the overlay. */
const THREADS = 1

export function liveServer(tables: FeatureTables): CallHandlers<typeof liveContract.calls> {
  const sessions = new Map<FeatureSetId, { table: FeatureTable; session: LiveSession }>()
  /** Counts the refits, so that a measurement knows when it is out of date. */
  let refits = 0

  /** One engine for each number of features: opened when it is first needed, kept as long as the process. */
  const engines = new Map<number, Promise<ProductEngine>>()
  const productsOf: ProductsOf = async (rows, vectors) => {
    const engine = engines.get(rows.columns) ?? openProducts(rows.columns, THREADS)
    engines.set(rows.columns, engine)
    return (await engine).of(rows, vectors)
  }

  /** One refit at a time: each goes on with what the one before has left. */
  let before: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = before.then(work, work)
    before = mine.catch(() => undefined) // who asked is told
    return mine
  }

  const sessionOf = (set: FeatureSetId): LiveSession => {
    const table = tables.get(set)
    const known = sessions.get(set)
    // A set that was opened anew has other rows.
    const one = known?.table === table ? known : { table, session: new LiveSession(matrixOf(table), productsOf) }
    sessions.delete(set)
    sessions.set(set, one)
    for (const other of sessions.keys()) if (sessions.size > MOST_SESSIONS) sessions.delete(other)
    return one.session
  }

  return {
    'live.refit'({ set, labels, classes, classifier, temperature }) {
      refits++
      return inTurn(async () => {
        const { training } = gather(tables, labels, classes)
        const { patches } = tables.get(set)
        return { patch: patches, probabilities: await sessionOf(set).refit(training, classifier, temperature) }
      })
    },
    async 'live.measure'({ labels, classes, classifier }) {
      const begun = refits
      const { training, groups } = gather(tables, labels, classes)
      return measureLive(training, groups, classifier, async () => {
        await new Promise((resolve) => setImmediate(resolve))
        if (refits !== begun) throw tesseraError('CANCELLED', 'There are newer labels.', {})
      })
    },
  }
}

const matrixOf = ({ features, rows, dimensions }: FeatureTable) => ({ values: features, rows, columns: dimensions })

/** The labelled patches of all sets, one after the other. */
function gather(
  tables: FeatureTables,
  labels: readonly LabelledSet[],
  classes: number,
): { training: LiveTraining; groups: LiveGroups } {
  const count = labels.reduce((sum, { patch }) => sum + patch.length, 0)
  const columns = labels[0] ? tables.get(labels[0].set).dimensions : 0
  const values = new Float32Array(count * columns)
  const classOf = new Uint16Array(count)
  const groupOf = new Uint32Array(count)
  const place = { slideOf: new Uint32Array(count), x: new Float64Array(count), y: new Float64Array(count) }
  const keys: string[] = []
  for (const [number, labelled] of labels.entries()) {
    const table = tables.get(labelled.set)
    for (const [i, patch] of labelled.patch.entries()) {
      const row = table.rowOf.get(patch)
      if (row === undefined)
        throw tesseraError('FEATURE_SET_UNKNOWN', `Patch ${patch} has no features. Extract them again.`, {
          set: labelled.set,
        })
      const at = keys.push(`${labelled.set}/${patch}`) - 1
      values.set(table.features.subarray(row * columns, (row + 1) * columns), at * columns)
      classOf[at] = labelled.classOf[i]!
      groupOf[at] = labelled.group[i]!
      place.slideOf[at] = number
      // Patches that need no gap are near to nothing.
      place.x[at] = labelled.place?.x[i] ?? Number.NaN
      place.y[at] = labelled.place?.y[i] ?? Number.NaN
    }
  }
  const gaps = labels.some((each) => each.place !== null)
  return {
    training: { keys, features: { values, rows: count, columns }, classOf, classes },
    groups: { groupOf, place: gaps ? place : null },
  }
}
