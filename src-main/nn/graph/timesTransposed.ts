/** A product of matrices whose right side is stored transposed. */
import type { GraphWriter } from './graphWriter.ts'
import { intAttribute, intsAttribute } from './onnx.ts'

/** left × rightᵀ of the last two of `axes` axes, for each of the others; on the processor one operator. */
export function timesTransposed(graph: GraphWriter, left: string, right: string, axes: number): string {
  if (graph.operators === 'processor') return graph.runtimeOp('FusedMatMul', [left, right], [intAttribute('transB', 1)])
  const others = Array.from({ length: axes - 2 }, (_, axis) => axis)
  return graph.op('MatMul', [
    left,
    graph.op('Transpose', [right], [intsAttribute('perm', [...others, axes - 1, axes - 2])]),
  ])
}
