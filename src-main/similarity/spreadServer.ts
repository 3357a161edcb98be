/** In the similarity process: orders of patches by how unlike they are. Long ones let other questions through. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { Likeness, SpreadOrder, SpreadQuestion } from '../../src-shared/spread.ts'
import { centredUnit, columnMeans, type Matrix, rowsOf } from '../probes/matrix.ts'
import type { FeatureTable } from './featureTables.ts'
import { kCentre } from './kCentre.ts'

/** Another question waits no longer than this, ms. */
const TURN_MS = 15

const asMatrix = ({ features, rows, dimensions }: FeatureTable): Matrix => ({
  values: features,
  rows,
  columns: dimensions,
})

const means = new WeakMap<FeatureTable, Float64Array>()
function meanOf(table: FeatureTable): Float64Array {
  const known = means.get(table) ?? columnMeans(asMatrix(table))
  means.set(table, known)
  return known
}

/** Lets others have a turn when the last one was long ago. */
function taker(): () => Promise<void> {
  let since = performance.now()
  return async () => {
    if (performance.now() - since < TURN_MS) return
    await new Promise((go) => setImmediate(go))
    since = performance.now()
  }
}

/** @param wanted false as soon as nobody waits for it any more. @throws {TesseraError} CANCELLED then */
export async function spreadOrder(
  table: FeatureTable,
  { candidates, start, count }: SpreadQuestion,
  wanted: () => boolean,
): Promise<SpreadOrder> {
  const turn = taker()
  const has = (patch: number): boolean => table.rowOf.has(patch)
  const known = candidates.filter(has)
  const covered = start.filter(has)
  const rows = Uint32Array.from([...known, ...covered], (patch) => table.rowOf.get(patch)!)
  const unit = centredUnit(rowsOf(asMatrix(table), rows), meanOf(table))
  const centres = kCentre(
    unit,
    known.map((_, i) => i),
  )
  const goOn = async (): Promise<void> => {
    await turn()
    if (!wanted()) throw tesseraError('CANCELLED', 'Another order was asked for.', {})
  }
  for (let i = 0; i < covered.length; i++) {
    centres.cover(known.length + i)
    await goOn()
  }
  const chosen: number[] = []
  while (chosen.length < count) {
    const next = centres.next()
    if (next === null) break
    chosen.push(next)
    await goOn()
  }
  const isChosen = new Uint8Array(known.length)
  for (const i of chosen) isChosen[i] = 1
  const { distance } = centres
  const rest = known.map((_, i) => i).filter((i) => !isChosen[i])
  rest.sort((a, b) => distance[b]! - distance[a]! || known[a]! - known[b]!)
  return { patches: Uint32Array.from([...chosen, ...rest], (i) => known[i]!), chosen: chosen.length }
}

export async function alike(table: FeatureTable, patch: number): Promise<Likeness | null> {
  const own = table.rowOf.get(patch)
  if (own === undefined) return null
  const turn = taker()
  const { features, patches, rows, dimensions } = table
  const mean = meanOf(table)
  const one = centredUnit(rowsOf(asMatrix(table), [own]), mean).values
  // A row that equals the mean has no direction and stays 0.
  const ownSquares = one.some((each) => each !== 0) ? 1 : 0
  const distance = new Float32Array(rows)
  for (let row = 0, at = 0; row < rows; row++) {
    let [product, squares] = [0, 0]
    for (let j = 0; j < dimensions; j++, at++) {
      const value = features[at]! - mean[j]!
      product += value * one[j]!
      squares += value * value
    }
    // ‖a − b‖² = ‖a‖² + ‖b‖² − 2 a·b
    const apart = squares > 0 ? ownSquares + 1 - (2 * product) / Math.sqrt(squares) : ownSquares
    distance[row] = row === own ? 0 : Math.sqrt(Math.max(0, apart))
    if (row % 1024 === 0) await turn()
  }
  return { patches, distance }
}
