/** Answers about neighbours, in the similarity process. */
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import { ENGINE_THREADS } from '../nn/engineFacts.ts'
import { disagreements } from './disagreements.ts'
import type { FeatureTables } from './featureTables.ts'
import type { neighbourQuestions, SearchedSet } from './neighboursContract.ts'
import {
  alikePatches,
  type AllRows,
  allRows,
  centredLabels,
  labelledNeighbours,
  type LabelledRows,
  type Open,
} from './neighboursOf.ts'

export function neighboursServer(tables: FeatureTables): CallHandlers<typeof neighbourQuestions> {
  /** Of the sets asked about last. */
  let all: AllRows | null = null
  let labelled: LabelledRows | null = null
  const opened = <S extends SearchedSet>(sets: readonly S[]): Open<S>[] =>
    sets.map((each) => ({ ...each, table: tables.get(each.set) }))

  return {
    'neighbours.labelled'({ sets, of, k }) {
      labelled = centredLabels(opened(sets), labelled)
      return labelledNeighbours(labelled, of, k)
    },
    'neighbours.alike'({ sets, of, most }) {
      const searched = opened(sets)
      const searchedTables = searched.map(({ table }) => table)
      all = allRows(searchedTables, all)
      return alikePatches(searched, all, of, most)
    },
    'neighbours.disagreements': ({ sets, within, k, most }) =>
      disagreements(opened(sets), { within, k, most, threads: ENGINE_THREADS }),
  }
}
