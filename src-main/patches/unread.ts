/** Patches that could not be read because their slide is damaged where they lie: how many and which, in words. */
import { tesseraError } from '../../src-shared/errors.ts'
import { columnOf, type PatchSource, rowOf } from '../../src-shared/patches.ts'

/** Rows of a grid that are named one by one. */
const MOST_ROWS = 20

/**
 * @param name of the slide or set
 * @param what the patches were wanted for: “to predict”, “labelled”
 * @param unread patches, ascending
 */
export function unreadInWords(
  source: PatchSource,
  name: string,
  what: string,
  unread: Uint32Array,
  total: number,
): string {
  const some = `${unread.length.toLocaleString('en')} of ${total.toLocaleString('en')} patches ${what}`
  return `${some} ${unread.length === 1 ? 'lies' : 'lie'} where “${name}” is damaged, and ${unread.length === 1 ? 'was' : 'were'} left out: ${placesInWords(source, unread)}.`
}

/** “row 3: columns 4–7, 9; row 4: column 0”, counted from 0 as in the CSV. */
export function placesInWords(source: PatchSource, patches: Uint32Array): string {
  if (source.kind === 'set') return `patches ${ranges([...patches])}`
  const rows = Map.groupBy(patches, (patch) => rowOf(source, patch))
  const named = [...rows].slice(0, MOST_ROWS).map(([row, members]) => {
    const columns = members.map((patch) => columnOf(source, patch))
    return `row ${row}: column${columns.length === 1 ? '' : 's'} ${ranges(columns)}`
  })
  const more = rows.size - named.length
  return [...named, ...(more > 0 ? [`and ${more} more ${more === 1 ? 'row' : 'rows'}`] : [])].join('; ')
}

/** “4–7, 9”. @param numbers ascending */
function ranges(numbers: readonly number[]): string {
  const parts: { from: number; to: number }[] = []
  for (const number of numbers) {
    const last = parts.at(-1)
    if (last && number === last.to + 1) last.to = number
    else parts.push({ from: number, to: number })
  }
  return parts.map(({ from, to }) => (from === to ? `${from}` : `${from}–${to}`)).join(', ')
}

/** @param what as of `unreadInWords` */
export const noneReadable = (name: string, what: string, total: number) =>
  tesseraError(
    'PATCHES_UNREADABLE',
    `None of the ${total.toLocaleString('en')} patches of “${name}” ${what} can be read: the file is damaged where they lie. Copy it again from where it came, then try again.`,
    { source: name, patches: total },
  )
