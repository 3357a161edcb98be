/** Numbers as the screen writes them: thousands separators, a space before the unit, never more digits than are known. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 })

/** 12,345 */
export const count = (value: number): string => whole.format(value)

/** 12,345, 0.000001: as it would be written into a field, all digits */
export const plain = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 20 })

/** 12,345 or, where there is no room, 1.23M */
export const shortCount = (value: number): string => (value < 100_000 ? count(value) : compact.format(value))

/** “1 patch”, “1,204 patches” */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

export const fixed = (value: number, digits: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })

/** 0.50 µm/px; a third digit only where the second would hide a difference */
export function mpp(value: number): string {
  return `${fixed(value, Math.abs(value * 100 - Math.round(value * 100)) < 0.05 ? 2 : 3)} µm/px`
}

/** 412 µm, 1.25 mm */
export function micrometres(value: number): string {
  if (Math.abs(value) >= 1000) return `${fixed(value / 1000, Math.abs(value) >= 10_000 ? 1 : 2)} mm`
  return `${fixed(value, Math.abs(value) < 10 ? 1 : 0)} µm`
}

/** 0.0213, 12.40: mm² to three significant digits at least; the unit stands in the head of the column */
export function squareMillimetres(value: number): string {
  return fixed(value, value === 0 || value >= 1 ? 2 : Math.min(6, 2 - Math.floor(Math.log10(value))))
}

/** 93.4 %, which no line breaks: with a no-break space */
export const percent = (share: number, digits = 1): string => `${fixed(share * 100, digits)}\u00a0%`

/** 0.934 */
export const share = (value: number): string => fixed(value, 3)

/** 0.91–0.95 */
export const interval = ([low, high]: readonly [number, number], digits = 3): string =>
  `${fixed(low, digits)}–${fixed(high, digits)}`

/** 5.5 MB */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3))
  const scaled = value / 1000 ** step
  return `${fixed(scaled, step === 0 || scaled >= 100 ? 0 : 1)} ${units[step]}`
}

/** 412 patches/s, 3.4 steps/s */
export const rate = (perSecond: number, unit: string): string =>
  `${perSecond >= 10 ? count(Math.round(perSecond)) : fixed(perSecond, 1)} ${unit}/s`

/** 20x, 2.5x, 0.8x: the magnification a pathologist would call it */
export function magnification(value: number): string {
  if (value >= 9.95) return `${fixed(value, 0)}x`
  return `${fixed(value, value >= 0.995 ? 1 : 2).replace(/\.0$/, '')}x`
}

/** 0.0213, −12.4, 3.1e−7: three digits that count, whatever its size; for numbers from inside a network */
export function readable(value: number): string {
  const size = Math.abs(value)
  const sign = value < 0 ? '−' : ''
  if (size === 0) return '0'
  if (size >= 1e5 || size < 1e-4) return sign + size.toExponential(1).replace('e+', 'e').replace('e-', 'e−')
  return sign + (size >= 999.5 ? whole.format(size) : size.toPrecision(3))
}

/**
 * Numbers that stand together, all with as many decimals as the largest needs for three digits: 1.36, −0.64, 0.00.
 * @param largest sign left out
 */
export function alike(largest: number): (value: number) => string {
  const decimals = largest > 0 ? Math.min(8, Math.max(0, 2 - Math.floor(Math.log10(largest)))) : 0
  return (value) => {
    const text = Math.abs(value).toFixed(decimals)
    return `${value < 0 && Number(text) !== 0 ? '−' : ''}${text}`
  }
}
