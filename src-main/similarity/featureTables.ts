/** The feature sets that are open in the similarity process, and which row of a set each patch is. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { FeatureSetId } from '../../src-shared/ids.ts'
import { type FeatureRows, readRows, type StoredFeatures } from '../encoders/featureStore.ts'

export type FeatureTable = FeatureRows & {
  /** patch → row */
  rowOf: ReadonlyMap<number, number>
}

export class FeatureTables {
  private readonly open = new Map<FeatureSetId, FeatureTable>()

  async read(set: FeatureSetId, stored: StoredFeatures): Promise<FeatureTable> {
    const rows = await readRows(stored)
    const table = { ...rows, rowOf: new Map([...rows.patches].map((patch, row) => [patch, row] as const)) }
    this.open.set(set, table)
    return table
  }

  close(set: FeatureSetId): void {
    this.open.delete(set)
  }

  /** @throws {TesseraError} FEATURE_SET_UNKNOWN when it was not opened */
  get(set: FeatureSetId): FeatureTable {
    const found = this.open.get(set)
    if (!found) throw tesseraError('FEATURE_SET_UNKNOWN', 'These features are not open. Ask again.', { set })
    return found
  }
}
