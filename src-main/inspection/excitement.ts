/** How much patches excite the channels of a layer, and which of many patches do most and least. */
import type { Ends, ExcitedBy } from '../../src-shared/inspection.ts'
import { mapShape } from './mapShape.ts'

/**
 * @param values [patch, …shape]
 * @returns value [patch, channel]: the largest or the mean of its map; place [patch, channel]: where it is largest
 */
export function excitement(
  values: { shape: readonly number[]; data: Float32Array },
  patches: number,
  by: ExcitedBy,
): { channels: number; width: number; value: Float32Array; place: Uint32Array } {
  const [channels, height, width] = mapShape(values.shape)
  const places = height * width
  const value = new Float32Array(patches * channels)
  const place = new Uint32Array(patches * channels)
  for (let map = 0; map < value.length; map++) {
    const data = values.data.subarray(map * places, (map + 1) * places)
    let best = 0
    let sum = 0
    for (let at = 0; at < places; at++) {
      sum += data[at]!
      if (data[at]! > data[best]!) best = at
    }
    place[map] = best
    value[map] = by === 'largest' ? data[best]! : sum / places
  }
  return { channels, width, value, place }
}

/** The `kept` patches at one end of the order, for each channel. Of equals, those that came first. */
export class EndOfOrder {
  private readonly entries: { patch: number; value: number; place: number }[][] = []
  private readonly kept: number
  /** 1 = the largest values, −1 = the smallest */
  private readonly sign: 1 | -1

  constructor(kept: number, end: 'most' | 'least') {
    this.kept = kept
    this.sign = end === 'most' ? 1 : -1
  }

  add(patches: Uint32Array, channels: number, value: Float32Array, place: Uint32Array): void {
    for (const [row, patch] of patches.entries())
      for (let channel = 0; channel < channels; channel++) {
        const at = row * channels + channel
        this.insert((this.entries[channel] ??= []), { patch, value: value[at]!, place: place[at]! })
      }
  }

  private insert(list: { patch: number; value: number; place: number }[], entry: (typeof list)[number]): void {
    const last = list.at(-1)
    if (list.length === this.kept && last && this.sign * (entry.value - last.value) <= 0) return
    const before = list.findIndex(({ value }) => this.sign * (entry.value - value) > 0)
    list.splice(before < 0 ? list.length : before, 0, entry)
    if (list.length > this.kept) list.pop()
  }

  ends(): Ends {
    const kept = Math.min(this.kept, this.entries[0]?.length ?? 0)
    const all = this.entries.flatMap((list) => list.slice(0, kept))
    return {
      kept,
      patch: Uint32Array.from(all, ({ patch }) => patch),
      value: Float32Array.from(all, ({ value }) => value),
      place: Uint32Array.from(all, ({ place }) => place),
    }
  }
}
