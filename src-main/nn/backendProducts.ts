/**
 * Products of rows with some vectors, run by ONNX Runtime on the processor:
 *
 *   products [row, vector] = rows · vectorsᵀ
 *
 * Vectors are filled up with zeros to a multiple of LANES, so that every product is summed by the same kernel in the same
 * order, however many are asked for at a time: equal vectors have equal products to the last bit.
 */
import './keptQuiet.ts' // before the runtime
import * as ort from 'onnxruntime-node'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import type { SearchedRows } from './backendSearch.ts'
import { graphWriter } from './graph/graphWriter.ts'
import { encodeModel, intAttribute } from './graph/onnx.ts'

/** Columns that the runtime's kernel for products works on at a time. */
const LANES = 16

/** `products` [row, lanes]: the vector v of a row is at row · lanes + v; `lanes` ≥ vectors */
export type RowProducts = { products: Float32Array; lanes: number }

export interface ProductEngine {
  /** @throws {TesseraError} ENGINE_FAILED */
  of(rows: SearchedRows, vectors: SearchedRows): Promise<RowProducts>
  close(): Promise<void>
}

/** @param columns of rows and vectors */
export async function openProducts(columns: number, threads: number): Promise<ProductEngine> {
  const session = await failing(() =>
    ort.InferenceSession.create(productGraph(columns), {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    }),
  )
  return {
    async of(rows, vectors) {
      const lanes = Math.ceil(vectors.rows / LANES) * LANES
      const filled = new Float32Array(lanes * columns)
      filled.set(vectors.values)
      const found = await failing(() =>
        session.run({
          rows: new ort.Tensor('float32', rows.values, [rows.rows, columns]),
          vectors: new ort.Tensor('float32', filled, [lanes, columns]),
        }),
      )
      return { products: found['products']!.data as Float32Array, lanes }
    },
    close: () => session.release(),
  }
}

async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const reason = messageOf(error)
    throw tesseraError(
      'ENGINE_FAILED',
      `The products of features failed: ${reason}. If memory is short, fewer patches need less of it.`,
      { reason },
      { cause: error },
    )
  }
}

function productGraph(columns: number): Uint8Array {
  const writer = graphWriter('products')
  writer.input('rows', ['n', columns])
  writer.input('vectors', ['v', columns])
  writer.output('products', writer.op('Gemm', ['rows', 'vectors'], [intAttribute('transB', 1)]), ['n', 'v'])
  return encodeModel(writer.graph(), { text: 'products of rows' })
}
