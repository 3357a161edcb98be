/** Places of a slide as people write them: “12345, 6789”, “1.2 mm, 3.4 mm”, “patch 12, 40”. Pure. */

/** What was written; whether it lies on the slide is another question. */
export type WrittenPlace =
  | { kind: 'length'; x: number; y: number; unit: 'px' | 'µm' }
  /** of the grid, counted from 0 */
  | { kind: 'patch'; column: number; row: number }

const UNIT = '(px|µm|μm|um|mm)?'
const PLAIN = String.raw`(-?\d+(?:\.\d+)?)`
/** 12,345.6 */
const GROUPED = String.raw`(-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?)`

const PATTERNS = [
  new RegExp(String.raw`^${PLAIN}\s*${UNIT}\s*[\s,;×x/]\s*${PLAIN}\s*${UNIT}$`, 'i'),
  // commas inside the numbers: then more than a comma has to stand between them
  new RegExp(String.raw`^${GROUPED}\s*${UNIT}\s*(?:[,;]\s+|\s+|;)\s*${GROUPED}\s*${UNIT}$`, 'i'),
]
const PATCH = /^(?:patch\s+)?(?:c(?:ol(?:umn)?)?\s*)?(\d+)\s*[\s,;]\s*(?:r(?:ow)?\s*)?(\d+)$/i
const SAYS_PATCH = /^(?:patch\b|c(?:ol(?:umn)?)?\s*\d)/i

const MICRONS: Record<string, number> = { µm: 1, μm: 1, um: 1, mm: 1000 }

/** @returns null when it is no place; numbers without a unit are level-0 px */
export function readPlace(text: string): WrittenPlace | null {
  const written = text.trim()
  if (SAYS_PATCH.test(written)) {
    const [, column, row] = PATCH.exec(written) ?? []
    return column && row ? { kind: 'patch', column: Number(column), row: Number(row) } : null
  }
  for (const pattern of PATTERNS) {
    const [, x, firstUnit, y, secondUnit] = pattern.exec(written) ?? []
    if (!x || !y) continue
    const units = [firstUnit ?? secondUnit ?? 'px', secondUnit ?? firstUnit ?? 'px'].map((unit) => unit.toLowerCase())
    const numbers = [x, y].map((digits) => Number(digits.replaceAll(',', '')))
    const arePx = units.map((unit) => unit === 'px')
    if (arePx[0] !== arePx[1]) return null
    const [across, down] = numbers.map((number, i) => number * (MICRONS[units[i]!] ?? 1))
    return { kind: 'length', x: across!, y: down!, unit: arePx[0] ? 'px' : 'µm' }
  }
  return null
}

/** The pixel a point lies in; what computing took from a whole number is given back. */
export const wholePx = (at: number): number => Math.floor(at + 1e-6)

/** As readPlace reads it again: “12345, 6789 px”. */
export const writePlace = ({ x, y }: { x: number; y: number }): string => `${wholePx(x)}, ${wholePx(y)} px`
