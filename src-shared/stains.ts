/**
 * Stains in a picture of tissue: each pixel's light is dimmed by haematoxylin, eosin and a residual (DAB), and on the
 * scale of optical density the three add up.
 *
 *   density[c] = −ln((value[c] + 1) / 256)       density = amount · STAINS       amount = density · STAINS⁻¹
 *
 * Where a slide has two of the stains, the third row is at right angles to both: the residual, which is what neither is.
 *
 * @see Ruifrok, Johnston, Quantification of histochemical staining by color deconvolution, Anal Quant Cytol Histol (2001)
 */

/** Optical density of red, green and blue of one unit of stain, row by row: haematoxylin, eosin, DAB. */
const RUIFROK = [
  [0.65, 0.7, 0.29],
  [0.07, 0.99, 0.11],
  [0.27, 0.57, 0.78],
] as const

/** 3 × 3, row by row. */
export type Matrix3 = readonly [number, number, number, number, number, number, number, number, number]

/** Rows of unit length. */
export const STAINS: Matrix3 = RUIFROK.flatMap((row) =>
  row.map((density) => density / Math.hypot(...row)),
) as unknown as Matrix3
export const STAINS_INVERSE: Matrix3 = inverse(STAINS)

/** Which two stains a slide has. */
export const STAIN_PAIRS = ['h-e', 'h-dab'] as const
export type StainPair = (typeof STAIN_PAIRS)[number]

/** Rows: haematoxylin, the other stain, the residual (their cross product); each of unit length. */
export function pairMatrix(pair: StainPair): Matrix3 {
  const [a, b, c, ...others] = STAINS
  const [d, e, f] = pair === 'h-e' ? others.slice(0, 3) : (others.slice(3) as [number, number, number])
  const across = [b * f! - c * e!, c * d! - a * f!, a * e! - b * d!]
  const length = Math.hypot(...across)
  return [a, b, c, d!, e!, f!, ...across.map((each) => each / length)] as unknown as Matrix3
}

/** Optical density of each value of a byte. */
export const DENSITY = Float64Array.from({ length: 256 }, (_, value) => -Math.log((value + 1) / 256))

/** Steps of the table from density to value: with three roundings on the way, less than half a grey level. */
export const STEPS_PER_DENSITY = 1024
/** Densities the table has: what the strongest jitter makes of any colour lies between −9.3 and 12.1. */
export const LEAST_DENSITY = -10
const MOST_DENSITY = 13
/** Values 0 … 255, not rounded, by optical density from the least on. */
export const VALUES = Float32Array.from({ length: (MOST_DENSITY - LEAST_DENSITY) * STEPS_PER_DENSITY + 1 }, (_, step) =>
  Math.min(255, Math.max(0, 256 * Math.exp(-(LEAST_DENSITY + step / STEPS_PER_DENSITY)) - 1)),
)

export const valueOfDensity = (density: number): number =>
  VALUES[Math.round((density - LEAST_DENSITY) * STEPS_PER_DENSITY)] ?? Number.NaN

export function product(a: Matrix3, b: Matrix3): Matrix3 {
  const at = (row: number, column: number) =>
    a[3 * row]! * b[column]! + a[3 * row + 1]! * b[column + 3]! + a[3 * row + 2]! * b[column + 6]!
  return [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), at(2, 0), at(2, 1), at(2, 2)]
}

/** By cofactors (Cramer's rule). */
export function inverse([a, b, c, d, e, f, g, h, i]: Matrix3): Matrix3 {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  const cofactors = [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ]
  return cofactors.map((cofactor) => cofactor / determinant) as unknown as Matrix3
}
