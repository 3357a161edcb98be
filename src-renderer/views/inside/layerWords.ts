/** A layer in words, as those of the list have it. Pure. */
import type { InspectedLayer } from '../../../src-shared/inspection.ts'
import { micrometres } from '../../formats/numbers.ts'

export const shapeText = (shape: readonly number[]): string => shape.join(' × ')

export const kindText = (kind: string): string => (/^[a-z-]+$/.test(kind) ? kind.replaceAll('-', ' ') : kind)

/** “3 × 3, step 2, padding 1” */
export function windowText({ window }: InspectedLayer): string | null {
  if (!window) return null
  const { kernel, stride, padding, dilation, groups } = window
  const same = ([a, b]: readonly [number, number]) => (a === b ? String(a) : `${a} × ${b}`)
  return [
    `${kernel[0]} × ${kernel[1]}`,
    `step ${same(stride)}`,
    `padding ${same(padding)}`,
    ...(dilation[0] > 1 || dilation[1] > 1 ? [`taps ${same(dilation)} apart`] : []),
    ...(groups > 1 ? [`in ${groups} groups`] : []),
  ].join(', ')
}

/** “35 px = 34 µm” @param mpp µm/px of the patch; null = not known */
export function fieldText({ receptiveField }: InspectedLayer, mpp: number | null): string | null {
  if (!receptiveField) return null
  const { size } = receptiveField
  return mpp === null ? `${size} px` : `${size} px = ${micrometres(size * mpp)}`
}

/**
 * Edges of the block that stands for a layer in the diagram, in px: its height follows the map, its width the channels, by
 * their logarithms, because they range over a thousandfold.
 */
export function blockOf(shape: readonly number[]): { width: number; height: number } {
  const [channels = 1, height = 1] = shape.length === 3 ? shape : [shape[0] ?? 1, 1]
  return { width: Math.round(4 + 4 * Math.log2(channels)), height: Math.round(4 + 3.5 * Math.log2(height)) }
}
