/**
 * A whole slide at a low scale, each px the mean over the area it stands for. Means of means are means: it does not matter
 * which level of a pyramid they are taken from, as long as that level was made by averaging as well.
 */
import type { SlideSource } from '../formats/slideSource.ts'
import { paste, type Rgb, twoAtOnce, white } from './decoder.ts'
import { readLevelRegion } from './levelRegion.ts'
import { levelFor } from './scaledRegion.ts'

/** px of a level that are decoded at once, along each axis: at most 28 MB. */
const BLOCK_EDGE = 3072

/**
 * How much finer than the answer the level must be: a JPEG keeps colour at half its resolution, so a level read px by px
 * has other colours than the mean of a finer one (measured: mean 2 grey levels, at most 93; twice as fine 0.6, at most 29).
 */
const FINER = 2

/**
 * The coarsest level that is fine enough is read block by block; tiles that can not be read are glass.
 *
 * @param width, height px of the answer, not more than the slide has
 * @throws {TesseraError} SLIDE_BROKEN, FILE_NOT_FOUND
 */
export async function readAveraged(source: SlideSource, width: number, height: number): Promise<Rgb> {
  const { header } = source
  const level = levelFor(header.levels, Math.min(header.width / width, header.height / height) / FINER)
  const shape = header.levels[level]!
  const whole = white(width, height)
  const columns = spans(shape.width, width)
  const rows = spans(shape.height, height)
  const blocks = pieces(rows).flatMap((y) => pieces(columns).map((x) => ({ x, y })))
  await twoAtOnce(blocks, async ({ x, y }) => {
    const [across, down] = [columns.slice(x.from, x.to), rows.slice(y.from, y.to)]
    const [left, top] = [across[0]!.first, down[0]!.first]
    const block = { x: left, y: top, width: across.at(-1)!.end - left, height: down.at(-1)!.end - top }
    const pixels = await readLevelRegion(source, level, block, 'glass')
    paste(averaged(pixels, shifted(across, left), shifted(down, top)), whole, { x: x.from, y: y.from })
  })
  return whole
}

/** The px of a source that one px of the answer is the mean of: first … end − 1, the outer two with a weight of their own. */
export type Span = { first: number; end: number; firstWeight: number; lastWeight: number; total: number }

/** Cuts a length of `source` px into `out` equal spans. */
export function spans(source: number, out: number): Span[] {
  return Array.from({ length: out }, (_, i) => {
    const start = (i * source) / out
    const stop = ((i + 1) * source) / out
    const first = Math.floor(start)
    const end = Math.min(source, Math.max(first + 1, Math.ceil(stop - 1e-9)))
    const single = end - first === 1
    return {
      first,
      end,
      firstWeight: single ? stop - start : first + 1 - start,
      lastWeight: single ? 0 : stop - (end - 1),
      total: stop - start,
    }
  })
}

const shifted = (list: readonly Span[], by: number): Span[] =>
  list.map((span) => ({ ...span, first: span.first - by, end: span.end - by }))

/** Stretches of spans that can be decoded at once. */
function pieces(list: readonly Span[]): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = []
  for (let from = 0; from < list.length;) {
    let to = from + 1
    while (to < list.length && list[to]!.end - list[from]!.first <= BLOCK_EDGE) to++
    found.push({ from, to })
    from = to
  }
  return found
}

/** The mean of each px of the answer: [rows, columns, 3], rounded. */
export function averaged(pixels: Rgb, columns: readonly Span[], rows: readonly Span[]): Rgb {
  const width = columns.length
  const out = white(width, rows.length)
  const sum = new Float64Array(width * 3)
  const line = new Float64Array(width * 3)
  let lineOf = -1
  for (const [y, { first, end, firstWeight, lastWeight, total }] of rows.entries()) {
    sum.fill(0)
    for (let row = first; row < end; row++) {
      if (row !== lineOf) addAcross(pixels, row, columns, line)
      lineOf = row
      const weight = row === first ? firstWeight : row === end - 1 ? lastWeight : 1
      for (let i = 0; i < sum.length; i++) sum[i]! += weight * line[i]!
    }
    for (let i = 0, at = y * width * 3; i < sum.length; i++, at++) out.data[at] = Math.round(sum[i]! / total)
  }
  return out
}

/** The mean of each span of one row: [column, 3]. */
function addAcross({ data, width }: Rgb, row: number, columns: readonly Span[], line: Float64Array): void {
  const start = row * width * 3
  for (const [i, { first, end, firstWeight, lastWeight, total }] of columns.entries()) {
    let at = start + first * 3
    let red = firstWeight * data[at]!
    let green = firstWeight * data[at + 1]!
    let blue = firstWeight * data[at + 2]!
    for (let x = first + 1; x < end; x++) {
      at += 3
      const weight = x === end - 1 ? lastWeight : 1
      red += weight * data[at]!
      green += weight * data[at + 1]!
      blue += weight * data[at + 2]!
    }
    line[3 * i] = red / total
    line[3 * i + 1] = green / total
    line[3 * i + 2] = blue / total
  }
}
