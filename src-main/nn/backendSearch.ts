/**
 * Exact nearest neighbours by products, run by ONNX Runtime on the processor:
 *
 *   products [query, row] = queries · baseᵀ,  then the k largest of each query, largest first; of equal ones the earlier row
 *
 * A block of queries at a time, so that the products of a block stay below PRODUCTS_BYTES.
 */
import './keptQuiet.ts' // before the runtime
import * as ort from 'onnxruntime-node'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import { graphWriter } from './graph/graphWriter.ts'
import { encodeModel, intAttribute, tensorOfAnyShape } from './graph/onnx.ts'

/** [row, column], row-major */
export type SearchedRows = { values: Float32Array; rows: number; columns: number }
/** [query, k] each, nearest first */
export type Found = { k: number; index: Int32Array; product: Float32Array }

/** 128 queries against 100,000 rows: larger blocks are not faster. */
const PRODUCTS_BYTES = 52 * 1024 ** 2
const MOST_QUERIES = 256
/** ONNX's number for int32 as the target of a Cast. */
const INT32 = 6

/**
 * @param k at most the rows of `base`
 * @throws {TesseraError} ENGINE_FAILED
 */
export async function nearestRows(
  base: SearchedRows,
  queries: SearchedRows,
  k: number,
  threads: number,
): Promise<Found> {
  const { columns } = base
  const index = new Int32Array(queries.rows * k)
  const product = new Float32Array(queries.rows * k)
  const block = Math.max(1, Math.min(MOST_QUERIES, Math.floor(PRODUCTS_BYTES / (4 * base.rows))))
  try {
    const session = await ort.InferenceSession.create(searchGraph(columns, k), {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    })
    try {
      const rows = new ort.Tensor('float32', base.values, [base.rows, columns])
      for (let first = 0; first < queries.rows; first += block) {
        const now = Math.min(block, queries.rows - first)
        const values = queries.values.subarray(first * columns, (first + now) * columns)
        const found = await session.run({ base: rows, queries: new ort.Tensor('float32', values, [now, columns]) })
        product.set(found['product']!.data as Float32Array, first * k)
        index.set(found['index']!.data as Int32Array, first * k)
      }
    } finally {
      await session.release()
    }
  } catch (error) {
    const reason = messageOf(error)
    throw tesseraError(
      'ENGINE_FAILED',
      `The search for neighbours failed: ${reason}. If memory is short, fewer patches need less of it.`,
      { reason },
      { cause: error },
    )
  }
  return { k, index, product }
}

function searchGraph(columns: number, k: number): Uint8Array {
  const writer = graphWriter('neighbours')
  writer.input('queries', ['q', columns])
  writer.input('base', ['n', columns])
  const products = writer.op('Gemm', ['queries', 'base'], [intAttribute('transB', 1)])
  const [largest, place] = writer.ops('TopK', [products, writer.integers([k])], [intAttribute('axis', 1)], 2)
  writer.output('product', largest!, ['q', k])
  writer.op('Cast', [place!], [intAttribute('to', INT32)], 'index')
  const graph = writer.graph()
  graph.output.push(tensorOfAnyShape('index', INT32))
  return encodeModel(graph, { text: 'nearest neighbours' })
}
