/** A filter as a picture. Pure. */
import type { FirstFilters } from '../../../src-shared/inspection.ts'

/**
 * @param most the largest weight of all filters, sign left out: it becomes 0 or 255, a weight of 0 grey
 * @returns RGB bytes [row, column, channel]; of a filter over grey patches all three alike
 */
export function filterPixels(
  { channels, height, width, weights }: FirstFilters,
  filter: number,
  most: number,
): Uint8Array {
  const places = height * width
  return Uint8Array.from({ length: places * 3 }, (_, at) => {
    const [place, colour] = [Math.floor(at / 3), at % 3]
    const channel = channels === 3 ? colour : 0
    const weight = weights[(filter * channels + channel) * places + place]!
    return Math.round(127.5 + (most > 0 ? (127.5 * weight) / most : 0))
  })
}
