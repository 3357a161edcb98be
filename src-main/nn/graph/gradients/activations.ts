/**
 * Gradients of activations: what arrives, times the slope at each place.
 *
 *   ReLU          1 where 0 < y (and y < ceiling), else 0. At x = 0 it is 0.
 *   leaky ReLU    1 where 0 < y, else the slope
 *   sigmoid       y · (1 − y)
 *   tanh          1 − y²
 *   SiLU          s · (1 + x · (1 − s)),  s = sigmoid(x)
 *   GELU          Φ(x) + x · φ(x),  φ(x) = exp(−x²/2) / √(2π)
 *
 * @see Hendrycks, Gimpel, Gaussian Error Linear Units (2016), for GELU and SiLU
 */
import type { Activation } from '../activationOps.ts'
import type { GraphWriter } from '../graphWriter.ts'
import { floatAttribute } from '../onnx.ts'
import type { Backward, LayerGradients } from './backward.ts'

/** A slope so steep that min(1, max(0, slope · y)) is 1 for every positive number and 0 for 0. */
const STEP_SLOPE = 1e30

export function activationGradient(layer: Activation, backward: Backward): LayerGradients {
  const { graph, gradient } = backward
  return { inputs: [graph.op('Mul', [gradient, slopeOf(layer, backward)])], parameters: {} }
}

function slopeOf(layer: Activation, { graph, inputs, output }: Backward): string {
  const [input = ''] = inputs
  const oneMinus = (value: string) => graph.op('Sub', [graph.scalar(1), value])
  switch (layer.kind) {
    case 'relu':
      if (layer.ceiling === undefined) return whereAbove0(graph, output)
      return graph.op('Mul', [
        whereAbove0(graph, output),
        whereAbove0(graph, graph.op('Sub', [graph.scalar(layer.ceiling), output])),
      ])
    case 'leaky-relu': {
      const more = graph.op('Mul', [whereAbove0(graph, output), graph.scalar(1 - layer.slope)])
      return graph.op('Add', [more, graph.scalar(layer.slope)])
    }
    case 'sigmoid':
      return graph.op('Mul', [output, oneMinus(output)])
    case 'tanh':
      return oneMinus(graph.op('Mul', [output, output]))
    case 'silu': {
      const sigmoid = graph.op('Sigmoid', [input])
      const rise = graph.op('Add', [graph.op('Mul', [input, oneMinus(sigmoid)]), graph.scalar(1)])
      return graph.op('Mul', [sigmoid, rise])
    }
    case 'gelu': {
      const erf = graph.op('Erf', [graph.op('Mul', [input, graph.scalar(Math.SQRT1_2)])])
      const share = graph.op('Mul', [graph.op('Add', [erf, graph.scalar(1)]), graph.scalar(0.5)])
      const square = graph.op('Mul', [graph.op('Mul', [input, input]), graph.scalar(-0.5)])
      const density = graph.op('Mul', [graph.op('Exp', [square]), graph.scalar(1 / Math.sqrt(2 * Math.PI))])
      return graph.op('Add', [share, graph.op('Mul', [input, density])])
    }
  }
}

/** 1 where a number is above 0, else 0. Measured at a third of the time of Greater and Where. */
const whereAbove0 = (graph: GraphWriter, values: string): string =>
  graph.op('HardSigmoid', [values], [floatAttribute('alpha', STEP_SLOPE), floatAttribute('beta', 0)])
