/**
 * Exact Euclidean distance on a grid of pixels, in linear time: the building block of closing with a disc.
 *
 * Distances along each column first, two sweeps; then along each row the minimum over parabolas, one for each column.
 * Source: P. Felzenszwalb, D. Huttenlocher, “Distance Transforms of Sampled Functions”, Theory of Computing 8 (2012).
 */

/** px; farther than any two pixels of a picture lie apart. */
const FAR = 1e6

/**
 * @param mask [height, width], row-major
 * @param target the value of the mask that distances are measured to
 * @returns squared distance of each pixel's centre to the nearest target's, px²; huge where there is none
 */
export function squaredDistance(mask: Uint8Array, target: 0 | 1, width: number): Float64Array {
  const distance = new Float64Array(mask.length)
  for (let i = 0; i < mask.length; i++)
    distance[i] = mask[i] === target ? 0 : i < width ? FAR : Math.min(FAR, distance[i - width]! + 1)
  for (let i = mask.length - width - 1; i >= 0; i--) distance[i] = Math.min(distance[i]!, distance[i + width]! + 1)

  const f = new Float64Array(width)
  const parabola = new Int32Array(width)
  const from = new Float64Array(width + 1)
  for (let start = 0; start < mask.length; start += width) {
    for (let x = 0; x < width; x++) f[x] = distance[start + x]! ** 2
    lowerEnvelope(f, parabola, from)
    let k = 0
    for (let x = 0; x < width; x++) {
      while (from[k + 1]! < x) k++
      const p = parabola[k]!
      distance[start + x] = (x - p) ** 2 + f[p]!
    }
  }
  return distance
}

/**
 * Which parabola (x − p)² + f(p) is lowest where.
 * @param parabola filled with the p of each piece, from left to right
 * @param from filled with where each piece begins; Infinity behind the last
 */
function lowerEnvelope(f: Float64Array, parabola: Int32Array, from: Float64Array): void {
  let k = 0
  parabola[0] = 0
  from[0] = -Infinity
  from[1] = Infinity
  for (let q = 1; q < f.length; q++) {
    let meet = crossing(f, q, parabola[k]!)
    while (meet <= from[k]!) meet = crossing(f, q, parabola[--k]!)
    parabola[++k] = q
    from[k] = meet
    from[k + 1] = Infinity
  }
}

/** Where the parabola of q begins to lie below that of p < q. */
const crossing = (f: Float64Array, q: number, p: number): number => (f[q]! + q * q - (f[p]! + p * p)) / (2 * (q - p))
