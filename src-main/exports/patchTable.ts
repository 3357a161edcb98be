/** What an export says of each patch: where it is, what a person said, what a model said. One row for each that anybody spoke of. */
import type { PatchClass } from '../../src-shared/labels.ts'
import { columnOf, type PatchSource, patchRect, type Rect, rowOf } from '../../src-shared/patches.ts'
import { mostProbable, type PredictionRun } from '../../src-shared/predictions.ts'
import type { ReadableDb } from '../store/database.ts'

export type LabelStatement = { class: PatchClass; person: string; at: number }
export type PredictionStatement = {
  /** index into the run's classes */
  class: number
  /** [class] */
  probabilities: Float32Array
}

export type PatchEntry = {
  patch: number
  /** null in a patch set */
  place: { column: number; row: number; rect: Rect } | null
  label: LabelStatement | null
  prediction: PredictionStatement | null
}

export type Predicted = { run: PredictionRun; patch: Uint32Array; probabilities: Float32Array }

/** Entries in the order of the source. */
export function* patchEntries(
  read: ReadableDb,
  source: PatchSource,
  sourceSeq: number,
  classes: readonly PatchClass[],
  predicted: Predicted | null,
): Generator<PatchEntry> {
  const labels = labelStatements(read, sourceSeq, classes)
  const rowOfPatch = new Map([...(predicted?.patch ?? [])].map((patch, row) => [patch, row]))
  const patches = [...new Set([...labels.keys(), ...rowOfPatch.keys()])].toSorted((a, b) => a - b)
  for (const patch of patches) {
    const row = rowOfPatch.get(patch)
    yield {
      patch,
      place:
        source.kind === 'grid'
          ? { column: columnOf(source, patch), row: rowOf(source, patch), rect: patchRect(source, patch) }
          : null,
      label: labels.get(patch) ?? null,
      prediction: predicted && row !== undefined ? predictionStatement(predicted, row) : null,
    }
  }
}

/** What people said of the patches of a source, by patch. */
export function labelStatements(
  read: ReadableDb,
  source: number,
  classes: readonly PatchClass[],
): Map<number, LabelStatement> {
  const byNumber = new Map(classes.map((each) => [each.number, each]))
  const rows = read.all<{ patch: number; class: number; person: string; at: number }>(
    `SELECT labels.patch, labels.class, people.name AS person, gestures.at
     FROM labels JOIN gestures ON gestures.sequence = labels.gesture JOIN people ON people.seq = gestures.person
     WHERE labels.source = @source`,
    { source },
  )
  return new Map(rows.map((row) => [row.patch, { class: byNumber.get(row.class)!, person: row.person, at: row.at }]))
}

function predictionStatement({ run, probabilities }: Predicted, row: number): PredictionStatement {
  const classes = run.classes.length
  return {
    class: mostProbable(probabilities, row, classes),
    probabilities: probabilities.subarray(row * classes, (row + 1) * classes),
  }
}
