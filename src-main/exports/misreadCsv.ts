/** CSV of misread patches: one row for each, those the model was surest of first. RFC 4180 as csv.ts. */
import type { Misread } from '../evaluation/misread.ts'
import { csvLine, NOTICE, shortest } from './csv.ts'

export type MisreadContext = {
  /** names of the model's classes */
  classes: readonly string[]
  /** of the model */
  model: string
  /** file of a patch in a set; null where it has none of its own */
  fileOf: (patch: number) => string | null
}

/** Lines without their end; the first names the columns. */
export function* misreadLines(misread: readonly Misread[], context: MisreadContext): Generator<string> {
  const probabilities = context.classes.map((name) => `prob_${name}`)
  yield csvLine(['patch', 'file', 'truth', 'predicted', ...probabilities, 'model', 'notice'])
  for (const { row, truth, predicted, probabilities: own } of misread)
    yield csvLine([
      row,
      context.fileOf(row) ?? '',
      context.classes[truth]!,
      context.classes[predicted]!,
      ...Array.from(own, shortest),
      context.model,
      NOTICE,
    ])
}
