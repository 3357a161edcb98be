/**
 * Which patch each point of a map is, and back.
 *
 * In: points in the order of their sources. Out: the source and patch of a point, the points of a source.
 */
import type { SourceId } from '../../src-shared/ids.ts'
import type { MapPoints } from '../../src-shared/map.ts'

export class MapTable {
  readonly size: number
  readonly sources: readonly SourceId[]
  /** [source] its first point; one more at the end */
  readonly starts: readonly number[]
  /** [point] */
  readonly patch: Uint32Array
  /** [point, 2] */
  readonly position: Float32Array
  readonly #rowOf = new Map<SourceId, ReadonlyMap<number, number>>()

  constructor({ sources, counts, patch, position }: MapPoints) {
    this.sources = sources
    this.patch = patch
    this.position = position
    this.size = patch.length
    const starts = [0]
    for (const count of counts) starts.push(starts.at(-1)! + count)
    this.starts = starts
  }

  /** Place of the source of a point in `sources`. */
  placeOf(point: number): number {
    let [low, high] = [0, this.sources.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.starts[middle]! <= point) low = middle
      else high = middle - 1
    }
    return low
  }

  nameOf(point: number): { source: SourceId; patch: number } {
    return { source: this.sources[this.placeOf(point)]!, patch: this.patch[point]! }
  }

  /** The points of a source, from the first to before the end; null when it has none. */
  rangeOf(source: SourceId): readonly [number, number] | null {
    const place = this.sources.indexOf(source)
    return place < 0 ? null : [this.starts[place]!, this.starts[place + 1]!]
  }

  pointOf(source: SourceId, patch: number): number | null {
    let rows = this.#rowOf.get(source)
    if (!rows) {
      const [from, to] = this.rangeOf(source) ?? [0, 0]
      const made = new Map<number, number>()
      for (let point = from; point < to; point++) made.set(this.patch[point]!, point)
      this.#rowOf.set(source, made)
      rows = made
    }
    return rows.get(patch) ?? null
  }

  /** Patches of each source, for what is done to many points at once. */
  bySource(points: Iterable<number>): Map<SourceId, Uint32Array> {
    const found = new Map<SourceId, number[]>()
    for (const point of points) {
      const { source, patch } = this.nameOf(point)
      const list = found.get(source)
      if (list) list.push(patch)
      else found.set(source, [patch])
    }
    return new Map(Array.from(found, ([source, patches]) => [source, Uint32Array.from(patches)]))
  }
}
