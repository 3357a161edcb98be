/** Products by the engine: those of the definition, and the same to the last bit however many are asked for. */
import { afterAll, expect, test } from 'vitest'
import { openProducts } from '../../../src-main/nn/backendProducts.ts'
import { seeded } from '../../../src-main/nn/random.ts'

const COLUMNS = 37
const engine = await openProducts(COLUMNS, 2)
afterAll(() => engine.close())

function matrix(rows: number, seed: number) {
  const random = seeded(seed)
  return { values: Float32Array.from({ length: rows * COLUMNS }, () => random.normal()), rows, columns: COLUMNS }
}

test.each([1, 2, 3])('each product is the sum of products (seed %i)', async (seed) => {
  const rows = matrix(23, seed)
  const vectors = matrix(5, seed + 100)
  const { products, lanes } = await engine.of(rows, vectors)
  for (let row = 0; row < rows.rows; row++)
    for (let v = 0; v < vectors.rows; v++) {
      let sum = 0
      for (let j = 0; j < COLUMNS; j++) sum += rows.values[row * COLUMNS + j]! * vectors.values[v * COLUMNS + j]!
      expect(products[row * lanes + v]).toBeCloseTo(sum, 4)
    }
})

test('a vector has the same products to the last bit, alone, at another place and among many', async () => {
  const rows = matrix(1001, 4)
  const many = matrix(130, 5)
  const first = many.values.slice(0, COLUMNS)
  many.values.set(first, 77 * COLUMNS)
  many.values.set(first, 129 * COLUMNS)
  const alone = await engine.of(rows, { values: first, rows: 1, columns: COLUMNS })
  const all = await engine.of(rows, many)
  for (let row = 0; row < rows.rows; row++)
    for (const place of [0, 77, 129])
      expect(all.products[row * all.lanes + place]).toBe(alone.products[row * alone.lanes])
})
