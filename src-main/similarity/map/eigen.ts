/**
 * The largest eigenvalues of a symmetric matrix and their vectors, by subspace iteration with Rayleigh and Ritz: a block
 * of vectors is multiplied by the matrix, made orthonormal, and turned to the axes of the small matrix it spans. Each
 * round makes what is wrong smaller by (first eigenvalue outside the block) / (last that is wanted).
 *
 * Where eigenvalues are equal to within TOLERANCE any direction between them is as good; the rounds end at MOST_ROUNDS.
 *
 * @see Golub and Van Loan, Matrix Computations (2013), algorithms 7.3.2 and 8.5.2
 */
import { seeded } from '../../nn/random.ts'

/** vectors beyond those wanted: the more, the fewer rounds */
const BESIDE = 10
/** of the largest eigenvalue */
const TOLERANCE = 1e-10
const MOST_ROUNDS = 500

/** Largest first; vectors [eigenvalue, dimension], each of length 1 with its largest entry positive. */
export type Eigen = { values: Float64Array; vectors: Float64Array }

/** @param matrix [size, size], symmetric; @param wanted at most `size` */
export function largestEigen(matrix: Float64Array, size: number, wanted: number): Eigen {
  const block = Math.min(size, wanted + BESIDE)
  const random = seeded(size)
  let vectors = orthonormal(
    Float64Array.from({ length: block * size }, () => random.normal()),
    size,
  )
  for (let round = 0; ; round++) {
    const images = timesRows(vectors, matrix, size)
    const small = new Float64Array(block * block)
    for (let i = 0; i < block; i++)
      for (let j = 0; j < block; j++) small[i * block + j] = product(vectors, i, images, j, size)
    const { values, vectors: turn } = jacobi(small, block)
    const turned = timesRows(turn, vectors, size)
    const turnedImages = timesRows(turn, images, size)
    let worst = 0
    for (let i = 0; i < wanted; i++)
      for (let j = 0; j < size; j++)
        worst = Math.max(worst, Math.abs(turnedImages[i * size + j]! - values[i]! * turned[i * size + j]!))
    if (worst <= TOLERANCE * Math.abs(values[0]!) || round === MOST_ROUNDS)
      return { values: values.slice(0, wanted), vectors: positive(turned.slice(0, wanted * size), size) }
    vectors = orthonormal(turnedImages, size)
  }
}

const product = (a: Float64Array, row: number, b: Float64Array, other: number, size: number): number => {
  let sum = 0
  for (let j = 0; j < size; j++) sum += a[row * size + j]! * b[other * size + j]!
  return sum
}

/** rows [r, inner] · matrix [inner, columns] */
function timesRows(rows: Float64Array, matrix: Float64Array, columns: number): Float64Array {
  const inner = matrix.length / columns
  const count = rows.length / inner
  const out = new Float64Array(count * columns)
  for (let i = 0; i < count; i++)
    for (let k = 0; k < inner; k++) {
      const factor = rows[i * inner + k]!
      if (factor === 0) continue
      for (let j = 0; j < columns; j++) out[i * columns + j]! += factor * matrix[k * columns + j]!
    }
  return out
}

/** Modified Gram and Schmidt, twice. A row that lies in those before it is replaced by an axis that does not. */
function orthonormal(rows: Float64Array, size: number): Float64Array {
  const count = rows.length / size
  const out = rows.slice()
  for (let i = 0; i < count; i++) {
    const row = out.subarray(i * size, (i + 1) * size)
    const before = Math.sqrt(product(out, i, out, i, size))
    let length = withoutEarlier(out, i, size)
    for (let axis = 0; !(length > 1e-12 * before) && axis < size; axis++) {
      row.fill(0)
      row[axis] = 1
      length = withoutEarlier(out, i, size)
      if (length < 1e-6) length = 0
    }
    for (let j = 0; j < size; j++) row[j]! /= length
  }
  return out
}

/** Takes the parts along earlier rows out of row i. @returns the length of what is left */
function withoutEarlier(rows: Float64Array, i: number, size: number): number {
  for (let pass = 0; pass < 2; pass++)
    for (let earlier = 0; earlier < i; earlier++) {
      const part = product(rows, i, rows, earlier, size)
      for (let j = 0; j < size; j++) rows[i * size + j]! -= part * rows[earlier * size + j]!
    }
  return Math.sqrt(product(rows, i, rows, i, size))
}

/** All eigenvalues of a small symmetric matrix, largest first: cyclic Jacobi rotations (Golub and Van Loan, 8.5.2). */
function jacobi(symmetric: Float64Array, size: number): Eigen {
  const a = symmetric.slice()
  const vectors = new Float64Array(size * size)
  for (let i = 0; i < size; i++) vectors[i * size + i] = 1
  let scale = 0
  for (const each of a) scale += each * each
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) off += a[p * size + q]! ** 2
    if (off <= 1e-30 * scale) break
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, vectors, size, p, q)
  }
  const order = Array.from({ length: size }, (_, i) => i).toSorted((x, y) => a[y * size + y]! - a[x * size + x]!)
  const sorted = new Float64Array(size * size)
  for (const [place, i] of order.entries()) sorted.set(vectors.subarray(i * size, (i + 1) * size), place * size)
  return { values: Float64Array.from(order, (i) => a[i * size + i]!), vectors: sorted }
}

/** Makes a[p, q] zero; vectors are rows. */
function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const apq = a[p * size + q]!
  if (apq === 0) return
  const tau = (a[q * size + q]! - a[p * size + p]!) / (2 * apq)
  const t = tau === 0 ? 1 : Math.sign(tau) / (Math.abs(tau) + Math.sqrt(1 + tau * tau))
  const c = 1 / Math.sqrt(1 + t * t)
  const s = t * c
  for (let k = 0; k < size; k++) {
    const [kp, kq] = [a[k * size + p]!, a[k * size + q]!]
    a[k * size + p] = c * kp - s * kq
    a[k * size + q] = s * kp + c * kq
  }
  for (let k = 0; k < size; k++) {
    const [pk, qk] = [a[p * size + k]!, a[q * size + k]!]
    a[p * size + k] = c * pk - s * qk
    a[q * size + k] = s * pk + c * qk
    const [vp, vq] = [vectors[p * size + k]!, vectors[q * size + k]!]
    vectors[p * size + k] = c * vp - s * vq
    vectors[q * size + k] = s * vp + c * vq
  }
}

/** Each vector or its opposite: the one whose largest entry is positive, so that a map is never mirrored by chance. */
function positive(vectors: Float64Array, size: number): Float64Array {
  for (let start = 0; start < vectors.length; start += size) {
    let largest = start
    for (let j = start; j < start + size; j++) if (Math.abs(vectors[j]!) > Math.abs(vectors[largest]!)) largest = j
    if (vectors[largest]! < 0) for (let j = start; j < start + size; j++) vectors[j] = -vectors[j]!
  }
  return vectors
}
