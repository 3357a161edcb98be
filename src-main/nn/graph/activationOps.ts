/** Activations as ONNX operators: a number in, a number out, place by place. */
import type { LayerOf } from '../../../src-shared/networks.ts'
import type { GraphWriter } from './graphWriter.ts'
import { floatAttribute } from './onnx.ts'

export type Activation = LayerOf<'relu' | 'leaky-relu' | 'gelu' | 'silu' | 'sigmoid' | 'tanh'>

/** @returns the name of the layer's output */
export function activationOp(graph: GraphWriter, layer: Activation, input: string, name: string): string {
  switch (layer.kind) {
    case 'relu':
      return layer.ceiling === undefined
        ? graph.op('Relu', [input], [], name)
        : graph.op('Clip', [input, graph.scalar(0), graph.scalar(layer.ceiling)], [], name)
    case 'leaky-relu':
      return graph.op('LeakyRelu', [input], [floatAttribute('alpha', layer.slope)], name)
    case 'gelu': {
      // In the order in which the runtime knows it for a GELU and puts its own in its place.
      const erf = graph.op('Erf', [graph.op('Div', [input, graph.scalar(Math.SQRT2)])])
      const share = graph.op('Mul', [input, graph.op('Add', [erf, graph.scalar(1)])])
      return graph.op('Mul', [share, graph.scalar(0.5)], [], name)
    }
    case 'silu':
      return graph.op('Mul', [input, graph.op('Sigmoid', [input])], [], name)
    case 'sigmoid':
      return graph.op('Sigmoid', [input], [], name)
    case 'tanh':
      return graph.op('Tanh', [input], [], name)
  }
}
