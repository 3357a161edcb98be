/**
 * CSV of patches: one row for each labelled or predicted patch. RFC 4180, comma, UTF-8, CRLF.
 *
 * Positions are level-0 px of the top left corner, as in CLAM, TRIDENT and WSInfer; `col,row,label` and `x,y` are what
 * Tessera's own import reads.
 */
import type { PatchEntry } from './patchTable.ts'

export type CsvContext = {
  /** of the slide or the patch set */
  name: string
  case: string
  model: string | null
  /** names of the run's classes */
  predictedClasses: readonly string[]
  /** file of a patch in a set; null on a slide */
  fileOf: (patch: number) => string | null
}

const PLACE = ['slide', 'case', 'file', 'col', 'row', 'x', 'y', 'width', 'height']
const LABEL = ['label', 'labelled_by', 'labelled_at']
/** In every row, because rows are sorted, filtered and pasted into other tables; a line above the header is not CSV. */
export const NOTICE = 'for research and teaching only; not for diagnosis'

/** Lines without their end; the first names the columns. */
export function* csvLines(entries: Iterable<PatchEntry>, context: CsvContext): Generator<string> {
  const probabilities = context.predictedClasses.map((name) => `prob_${name}`)
  const prediction = context.model === null ? [] : ['predicted', ...probabilities, 'model']
  yield csvLine([...PLACE, ...LABEL, ...prediction, 'notice'])
  for (const { patch, place, label, prediction: said } of entries) {
    const { rect } = place ?? { rect: null }
    yield csvLine([
      context.name,
      context.case,
      context.fileOf(patch) ?? '',
      place?.column ?? '',
      place?.row ?? '',
      rect?.x ?? '',
      rect?.y ?? '',
      rect?.width ?? '',
      rect?.height ?? '',
      label?.class.name ?? '',
      label?.person ?? '',
      label ? new Date(label.at).toISOString() : '',
      ...(context.model === null
        ? []
        : [
            said ? context.predictedClasses[said.class]! : '',
            ...context.predictedClasses.map((_, k) => (said ? shortest(said.probabilities[k]!) : '')),
            said ? context.model : '',
          ]),
      NOTICE,
    ])
  }
}

/** The shortest text that is read back as the same float32. */
export function shortest(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits)
    if (Math.fround(Number(text)) === value) return String(Number(text))
  }
  return String(value)
}

export const csvLine = (fields: readonly (string | number)[]): string => fields.map(field).join(',')

/**
 * A field that a spreadsheet would run as a formula gets an apostrophe in front, as OWASP advises: class and file names
 * come from other people.
 */
function field(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
