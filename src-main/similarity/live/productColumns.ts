/**
 * Products of every row of a feature set with every labelled patch, kept from one label to the next: a new label adds one
 * column, a label taken back removes one, and a label changed touches none.
 *
 *   column j of row x = (x − o)·(y_j − o)
 *
 * o, the mean of the rows, is fixed when the columns are made. Centring by any other mean is algebra on the products (see
 * knnVotes.ts) and does not depend on o; but features whose mean is far larger than their spread would lose their last
 * digits in float32 without it. Whoever makes the products sums in one order, however many are asked for: patches with equal
 * features have equal products to the last bit.
 */
import { tesseraError } from '../../../src-shared/errors.ts'
import { columnMeans, type Matrix } from '../../probes/matrix.ts'

/** Columns of a block: memory grows by blocks, and nothing that is there is ever copied. */
export const BLOCK = 128
const MOST_BYTES = 2 * 1024 ** 3

/** `products` [row, lanes]: the one of vector v at row · lanes + v; see nn/backendProducts.ts */
export type ProductsOf = (rows: Matrix, vectors: Matrix) => Promise<{ products: Float32Array; lanes: number }>

export class ProductColumns {
  /** x − o */
  readonly rows: Matrix
  /** o */
  readonly origin: Float64Array
  /** [row] |x − o|² */
  readonly squares: Float64Array
  /** [row] sum of its products over all columns */
  readonly sums: Float64Array
  /** [row, BLOCK] each; column j is column j % BLOCK of block ⌊j / BLOCK⌋ */
  readonly blocks: Float32Array[] = []
  readonly #productsOf: ProductsOf
  readonly #keys: string[] = []
  readonly #columnOf = new Map<string, number>()

  constructor(rows: Matrix, productsOf: ProductsOf) {
    this.#productsOf = productsOf
    this.origin = columnMeans(rows)
    const values = new Float32Array(rows.values.length)
    for (let row = 0; row < rows.rows; row++) values.set(this.shifted(rows, row), row * rows.columns)
    this.rows = { ...rows, values }
    this.squares = squaresOf(this.rows)
    this.sums = new Float64Array(rows.rows)
  }

  /** Row i of a matrix, less o. */
  shifted({ values, columns }: Matrix, i: number): Float32Array {
    const row = new Float32Array(columns)
    for (let j = 0; j < columns; j++) row[j] = values[i * columns + j]! - this.origin[j]!
    return row
  }

  /**
   * Makes the columns those of `keys`.
   * @param features [key, feature]
   * @returns [key] its column
   * @throws {TesseraError} LIVE_TOO_LARGE, ENGINE_FAILED
   */
  async become(keys: readonly string[], features: Matrix): Promise<Int32Array> {
    const bytes = 4 * this.rows.rows * Math.ceil(keys.length / BLOCK) * BLOCK
    if (bytes > MOST_BYTES)
      throw tesseraError(
        'LIVE_TOO_LARGE',
        `${keys.length.toLocaleString('en')} labels and ${this.rows.rows.toLocaleString('en')} patches are too many for nearest neighbours as one labels: their products need ${(bytes / 1024 ** 3).toFixed(1)} GiB of memory, at most ${MOST_BYTES / 1024 ** 3} GiB are taken. Choose the linear classifier or class means, which need none.`,
        { labels: keys.length, patches: this.rows.rows, bytes, most: MOST_BYTES },
      )
    const wanted = new Set(keys)
    for (const key of this.#keys.filter((each) => !wanted.has(each))) this.#remove(key)
    const missing = [...keys.keys()].filter((i) => !this.#columnOf.has(keys[i]!))
    for (let at = 0; at < missing.length; at += BLOCK) await this.#add(keys, features, missing.slice(at, at + BLOCK))
    return Int32Array.from(keys, (key) => this.#columnOf.get(key)!)
  }

  #remove(key: string): void {
    const column = this.#columnOf.get(key)!
    const last = this.#keys.length - 1
    const { blocks, sums } = this
    const [to, from] = [blocks[Math.floor(column / BLOCK)]!, blocks[Math.floor(last / BLOCK)]!]
    const [toColumn, fromColumn] = [column % BLOCK, last % BLOCK]
    for (let row = 0, at = 0; row < sums.length; row++, at += BLOCK) {
      sums[row]! -= to[at + toColumn]!
      to[at + toColumn] = from[at + fromColumn]!
    }
    const moved = this.#keys.pop()!
    this.#columnOf.delete(key)
    if (moved !== key) {
      this.#keys[column] = moved
      this.#columnOf.set(moved, column)
    }
    while (blocks.length * BLOCK >= this.#keys.length + 2 * BLOCK) blocks.pop()
  }

  /** @param chosen of `keys`, no more than a block */
  async #add(keys: readonly string[], features: Matrix, chosen: readonly number[]): Promise<void> {
    const { columns } = features
    const vectors: Matrix = { values: new Float32Array(chosen.length * columns), rows: chosen.length, columns }
    for (const [place, i] of chosen.entries()) vectors.values.set(this.shifted(features, i), place * columns)
    const { products, lanes } = await this.#productsOf(this.rows, vectors)
    for (const [place, i] of chosen.entries()) {
      const column = this.#keys.push(keys[i]!) - 1
      this.#columnOf.set(keys[i]!, column)
      if (column >= this.blocks.length * BLOCK) this.blocks.push(new Float32Array(this.sums.length * BLOCK))
      const block = this.blocks[Math.floor(column / BLOCK)]!
      for (let row = 0, at = column % BLOCK; row < this.sums.length; row++, at += BLOCK) {
        block[at] = products[row * lanes + place]!
        // what is kept is what is summed, so that taking it away again leaves nothing
        this.sums[row]! += block[at]!
      }
    }
  }
}

/** [row] ‖x‖² */
function squaresOf({ values, rows, columns }: Matrix): Float64Array {
  const squares = new Float64Array(rows)
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0
    for (let j = 0; j < columns; j++, at++) sum += values[at]! ** 2
    squares[row] = sum
  }
  return squares
}

/** [row] x·y; the even and the odd features are summed apart, which is twice as fast as one sum. */
export function productsWithOne({ values, rows, columns }: Matrix, y: Float64Array): Float64Array {
  const products = new Float64Array(rows)
  const even = columns - (columns % 2)
  for (let row = 0; row < rows; row++) {
    const start = row * columns
    let [a, b] = [0, 0]
    for (let j = 0; j < even; j += 2) {
      a += values[start + j]! * y[j]!
      b += values[start + j + 1]! * y[j + 1]!
    }
    if (even < columns) a += values[start + even]! * y[even]!
    products[row] = a + b
  }
  return products
}
