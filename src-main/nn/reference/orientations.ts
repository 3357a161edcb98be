/**
 * The symmetries of a square, by what they do to a picture: p4 turns it, p4m turns it and its mirror image.
 *
 * Orientation s = 4 · m + r: mirrored left to right if m = 1, then turned r times by 90° against the clock. Oriented maps
 * have their orientations beside each other: channel = field · orientations + orientation.
 */
import type { SymmetryGroup } from '../../../src-shared/networks.ts'
import { tensor, type Tensor } from './tensor.ts'

export const orientationsIn = (group: SymmetryGroup): number[] =>
  Array.from({ length: group === 'p4' ? 4 : 8 }, (_, orientation) => orientation)

/** A square of numbers, row by row. */
type Square = readonly number[]

const edgeOf = (square: Square): number => Math.round(Math.sqrt(square.length))

/** Turned by 90° against the clock: the last column becomes the first row. */
function turned(square: Square): Square {
  const edge = edgeOf(square)
  return square.map((_, at) => square[(at % edge) * edge + (edge - 1 - Math.floor(at / edge))]!)
}

function mirrored(square: Square): Square {
  const edge = edgeOf(square)
  return square.map((_, at) => square[Math.floor(at / edge) * edge + (edge - 1 - (at % edge))]!)
}

/** The square as orientation s shows it. */
export function shownAs(s: number, square: Square): Square {
  let shown = s >= 4 ? mirrored(square) : square
  for (let turn = 0; turn < s % 4; turn++) shown = turned(shown)
  return shown
}

/** A picture no symmetry leaves as it is. */
const MARKED: Square = [1, 2, 3, 4]

/** The orientation that is s after t, and the one that undoes s: found by trying them on a picture. */
const equal = (one: Square, other: Square): boolean => one.every((value, at) => value === other[at])
export const after = (s: number, t: number): number =>
  orientationsIn('p4m').find((both) => equal(shownAs(both, MARKED), shownAs(s, shownAs(t, MARKED))))!
export const undone = (s: number): number => orientationsIn('p4m').find((back) => after(back, s) === 0)!

/** Every map of some square maps as orientation s shows it. @param x [batch, channel, row, column] */
export function shownMaps(s: number, x: Tensor): Tensor {
  const area = x.dims[2]! * x.dims[3]!
  const shown = Array.from({ length: x.data.length / area }, (_, map) =>
    shownAs(s, [...x.data.subarray(map * area, (map + 1) * area)]),
  )
  return tensor(x.dims, shown.flat())
}
