/**
 * A contact sheet of misread patches: each enlarged until it can be read, with what it is, what it was taken for and how
 * sure the model was. Where everything stands, in px of the sheet, and its words as SVG. Pure.
 */
import { RESEARCH_NOTICE } from '../../src-shared/app.ts'
import type { Misread } from '../evaluation/misread.ts'
import { escapeXml } from './legend.ts'

/** More are no longer looked at; a table has them all. */
export const MOST_SHOWN = 200

/** px of a picture on the sheet: a small one is enlarged by a whole factor so that its pixels stay squares. */
const WANTED_EDGE = 128
const MOST_EDGE = 224
export const sheetEdge = (edgePx: number): number =>
  edgePx > WANTED_EDGE ? Math.min(edgePx, MOST_EDGE) : edgePx * Math.floor(WANTED_EDGE / edgePx)

const MARGIN = 16
const HEAD = 64
const FOOT = 32
const GAP = 12
/** three lines under a picture */
const WORDS = 52
const NARROWEST_CELL = 152
const MOST_COLUMNS = 10
/** so that the head has room above a single picture */
const FEWEST_COLUMNS = 4
/** px of a character of 12 px, on average; capitals are wider, so a line is cut a little early */
const CHARACTER = 6.8

export type SheetContext = {
  /** names of the model's classes */
  classes: readonly string[]
  model: string
  /** how many patches it was asked about */
  measured: number
  /** px of a patch as it is stored */
  edgePx: number
  /** what a patch is called */
  nameOf: (patch: number) => string
}

export type Sheet = {
  width: number
  height: number
  /** px of each picture */
  edge: number
  /** which patches are shown, in order, and where the picture of each stands */
  shown: { row: number; left: number; top: number }[]
  svg: string
}

/** @param misread all of them, those to be shown first in front */
export function misreadSheet(misread: readonly Misread[], context: SheetContext): Sheet {
  const chosen = misread.slice(0, MOST_SHOWN)
  const edge = sheetEdge(context.edgePx)
  const cell = Math.max(NARROWEST_CELL, edge + GAP)
  const columns = Math.min(MOST_COLUMNS, Math.max(FEWEST_COLUMNS, chosen.length))
  const width = 2 * MARGIN + columns * cell
  const height = HEAD + Math.ceil(chosen.length / columns) * (edge + WORDS + GAP) + FOOT
  const corner = (place: number) => ({
    left: Math.round(MARGIN + (place % columns) * cell + (cell - edge) / 2),
    top: HEAD + Math.floor(place / columns) * (edge + WORDS + GAP),
  })
  const words = chosen.map((each, place) => {
    const { left, top } = corner(place)
    const [middle, under] = [left + edge / 2, top + edge]
    const most = Math.floor((cell - 4) / CHARACTER)
    const text = (line: number, fill: string, what: string) =>
      `<text x="${middle}" y="${under + 15 * line}" fill="${fill}" text-anchor="middle">${escapeXml(what)}</text>`
    const sure = (index: number) => `${(100 * each.probabilities[index]!).toFixed(1)} %`
    return [
      text(1, '#1c1c1e', pairOf(context.classes[each.truth]!, context.classes[each.predicted]!, most)),
      text(2, '#1c1c1e', `${sure(each.predicted)}, truth ${sure(each.truth)}`),
      text(3, '#5b5b60', shortened(context.nameOf(each.row), most)),
    ].join('')
  })
  const [first, second] = headOf(misread.length, chosen.length, context)
  return {
    width,
    height,
    edge,
    shown: chosen.map(({ row }, place) => ({ row, ...corner(place) })),
    svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">
  <rect width="100%" height="100%" fill="#ffffff"/>
  <text x="${MARGIN}" y="26" font-size="15" font-weight="bold" fill="#1c1c1e">${escapeXml(shortened(first, Math.floor((width - 2 * MARGIN) / 9)))}</text>
  <text x="${MARGIN}" y="46" fill="#1c1c1e">${escapeXml(second)}</text>
  ${words.join('\n  ')}
  <text x="${MARGIN}" y="${height - 12}" font-size="11" fill="#5b5b60">${escapeXml(RESEARCH_NOTICE)}</text>
</svg>`,
  }
}

function headOf(misread: number, shown: number, { measured, model }: SheetContext): [string, string] {
  const count = (n: number) => n.toLocaleString('en')
  const first = `${count(misread)} of ${count(measured)} patches misread (${((100 * misread) / measured).toFixed(2)} %) by “${model}”`
  if (misread === 0) return [first, 'None to show.']
  const order = 'What it is → what it was taken for; those it was surest of first.'
  return [first, shown === misread ? order : `${order} The first ${count(shown)} are shown.`]
}

/** “truth → predicted” in at most so many characters; what one name leaves the other may take. */
function pairOf(truth: string, predicted: string, most: number): string {
  const arrow = ' → '
  const room = most - arrow.length
  const half = Math.floor(room / 2)
  const first = shortened(truth, Math.max(half, room - predicted.length))
  return `${first}${arrow}${shortened(predicted, room - first.length)}`
}

const shortened = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text)
