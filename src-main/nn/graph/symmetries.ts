/**
 * Filters of a group convolution: from the weights its orientations share to the filters of a plain convolution, and the
 * gradient back. As tables of places, because both ways are nothing but copying (and, on the way back, adding up).
 *
 * An orientation is a number 4 · m + r: mirrored left to right if m = 1, then turned r times by 90° against the clock.
 * p4 has the four with m = 0, p4m all eight. Acting on a filter, orientation s moves its pixels; acting on a filter with
 * an axis of orientations, it moves these, too:
 *
 *   filter for output orientation s, input orientation t = s moves the pixels of w[s⁻¹ t]
 *
 * @see Cohen, Welling, Group Equivariant Convolutional Networks, ICML (2016), sections 4 and 7
 */
import { orientationsOf } from '../../../src-shared/network/layerShape.ts'
import type { SymmetryGroup } from '../../../src-shared/networks.ts'

/** What one group convolution's filters are made of. */
export type FilterGroup = {
  group: SymmetryGroup
  /** whether the map it reads is oriented by the same group; else it lifts an ordinary one */
  oriented: boolean
  kernel: number
}

const QUARTERS = 4

/** s · t: first t, then s. A mirror turns the direction of the turns before it. */
function composed(s: number, t: number): number {
  const [mirrored, turned] = [Math.floor(s / QUARTERS), s % QUARTERS]
  const [mirroredFirst, turnedFirst] = [Math.floor(t / QUARTERS), t % QUARTERS]
  const turns = turned + (mirrored === 1 ? -turnedFirst : turnedFirst)
  return QUARTERS * ((mirrored + mirroredFirst) % 2) + ((turns + QUARTERS) % QUARTERS)
}

/** What undoes s: a mirrored orientation undoes itself. */
const inverse = (s: number): number => (s < QUARTERS ? (QUARTERS - s) % QUARTERS : s)

/** The pixel of the filter that lies at (i, j) once orientation s has moved it. */
function pixelBehind(s: number, i: number, j: number, kernel: number): number {
  let [row, column] = [i, j]
  for (let turn = 0; turn < s % QUARTERS; turn++) [row, column] = [column, kernel - 1 - row]
  return row * kernel + (s < QUARTERS ? column : kernel - 1 - column)
}

/**
 * For each number of the filters [output orientation, input orientation, i, j] of one pair of fields, the place among the
 * shared weights [input orientation, i, j] it is taken from.
 */
export function expandedFrom({ group, oriented, kernel }: FilterGroup): number[] {
  const outputs = orientationsOf(group)
  const inputs = oriented ? outputs : 1
  const places: number[] = []
  for (let s = 0; s < outputs; s++)
    for (let t = 0; t < inputs; t++) {
      const plane = oriented ? composed(inverse(s), t) : 0
      for (let i = 0; i < kernel; i++)
        for (let j = 0; j < kernel; j++) places.push(plane * kernel ** 2 + pixelBehind(s, i, j, kernel))
    }
  return places
}

/** The other way: for each shared weight, the places of its copies, one for each output orientation. */
export function copiesOf(filters: FilterGroup): number[] {
  const copies = new Map<number, number[]>()
  for (const [place, from] of expandedFrom(filters).entries()) copies.set(from, [...(copies.get(from) ?? []), place])
  return Array.from({ length: copies.size }, (_, weight) => copies.get(weight) ?? []).flat()
}

/**
 * Shared weights as the filters of a plain convolution.
 *
 * @param shared [field, field read, input orientation, i, j]
 * @returns [field · output orientation, field read · input orientation, i, j]
 */
export function expandedFilters(filters: FilterGroup, shared: Float32Array, fields: number): Float32Array {
  const outputs = orientationsOf(filters.group)
  const block = (filters.oriented ? outputs : 1) * filters.kernel ** 2
  const fieldsRead = shared.length / fields / block
  const places = expandedFrom(filters)
  const expanded = new Float32Array(shared.length * outputs)
  for (let at = 0; at < expanded.length; at++) {
    const inBlock = at % block
    const read = Math.floor(at / block) % fieldsRead
    const s = Math.floor(at / (block * fieldsRead)) % outputs
    const field = Math.floor(at / (block * fieldsRead * outputs))
    expanded[at] = shared[(field * fieldsRead + read) * block + (places[s * block + inBlock] ?? 0)] ?? 0
  }
  return expanded
}

/** One number of each field, for all its orientations. */
export const repeated = (ofFields: Float32Array, orientations: number): Float32Array =>
  new Float32Array(ofFields.length * orientations).map((_, at) => ofFields[Math.floor(at / orientations)] ?? 0)
