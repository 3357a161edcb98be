/**
 * Covariance of features by products, run by ONNX Runtime on the processor:
 *
 *   C [column, column] = Xᵀ X / (rows − 1)      X = rows less their mean
 *
 * A block of rows at a time: products are float32 within a block and float64 from block to block.
 */
import './keptQuiet.ts' // before the runtime
import * as ort from 'onnxruntime-node'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import type { SearchedRows } from './backendSearch.ts'
import { graphWriter } from './graph/graphWriter.ts'
import { intAttribute, encodeModel } from './graph/onnx.ts'

/** rows */
const BLOCK = 4096

/**
 * @param mean of each column
 * @returns [column, column], row-major
 * @throws {TesseraError} ENGINE_FAILED
 */
export async function covarianceOf(
  { values, rows, columns }: SearchedRows,
  mean: Float64Array,
  threads: number,
): Promise<Float64Array> {
  const sum = new Float64Array(columns * columns)
  try {
    const session = await ort.InferenceSession.create(productGraph(columns), {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    })
    try {
      const means = new ort.Tensor('float32', Float32Array.from(mean), [columns])
      for (let first = 0; first < rows; first += BLOCK) {
        const now = Math.min(BLOCK, rows - first)
        const block = new ort.Tensor('float32', values.subarray(first * columns, (first + now) * columns), [
          now,
          columns,
        ])
        const made = await session.run({ rows: block, mean: means })
        const products = made['products']!.data as Float32Array
        for (let i = 0; i < sum.length; i++) sum[i]! += products[i]!
      }
    } finally {
      await session.release()
    }
  } catch (error) {
    const reason = messageOf(error)
    throw tesseraError(
      'ENGINE_FAILED',
      `The covariance of the features failed: ${reason}.`,
      { reason },
      { cause: error },
    )
  }
  return sum.map((each) => each / (rows - 1))
}

function productGraph(columns: number): Uint8Array {
  const writer = graphWriter('covariance')
  writer.input('rows', ['n', columns])
  writer.input('mean', [columns])
  const centred = writer.op('Sub', ['rows', 'mean'])
  writer.output('products', writer.op('Gemm', [centred, centred], [intAttribute('transA', 1)]), [columns, columns])
  return encodeModel(writer.graph(), { text: 'covariance' })
}
