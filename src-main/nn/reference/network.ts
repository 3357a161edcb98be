/**
 * A whole network in the reference: forward layer by layer, backward in the opposite order, each layer's gradient handed
 * to the layers it read from. The same description and flat parameters as the fast engine takes, so that the two can be
 * compared number by number.
 */
import { orientationsOf } from '../../../src-shared/network/layerShape.ts'
import type { ParameterRole } from '../../../src-shared/network/layerParameters.ts'
import type { NetworkDescription } from '../../../src-shared/networks.ts'
import { parameterLayout, type Parameter, type ParameterLayout } from '../graph/parameters.ts'
import { INPUT, networkShapes, type LayerShape } from '../../../src-shared/network/shapes.ts'
import { activation, activationBackward } from './activations.ts'
import { add, addBackward } from './add.ts'
import { averagePool, averagePoolBackward } from './averagePool.ts'
import { batchNorm, batchNormBackward, batchStatistics, type Statistics } from './batchNorm.ts'
import { concatenate, concatenateBackward } from './concatenate.ts'
import { convolution, convolutionBackward } from './convolution.ts'
import { dense, denseBackward } from './dense.ts'
import { dropout, dropoutBackward } from './dropout.ts'
import { flatten, flattenBackward } from './flatten.ts'
import { globalAveragePool, globalAveragePoolBackward } from './globalAveragePool.ts'
import { globalMaxPool } from './globalMaxPool.ts'
import { groupConvolution, groupConvolutionBackward } from './groupConvolution.ts'
import { maxPool, maxPoolBackward } from './maxPool.ts'
import { multiply, multiplyBackward } from './multiply.ts'
import { orientationPool, orientationPoolBackward } from './orientationPool.ts'
import { patchNorm, patchNormBackward } from './patchNorm.ts'
import { softmax, softmaxCrossEntropy } from './softmaxCrossEntropy.ts'
import { softmaxOverChannels, softmaxOverChannelsBackward } from './softmaxOverChannels.ts'
import { squeezeExcitation, squeezeExcitationBackward, type GateWeights } from './squeezeExcitation.ts'
import { tensor, zeros, type Tensor } from './tensor.ts'
import { transposedConvolution, transposedConvolutionBackward } from './transposedConvolution.ts'

/** Flat parameters, and the running mean and variance of the batch norms, laid out as ../graph/parameters.ts says. */
export type ReferenceWeights = { parameters: Float64Array; mean: Float64Array; variance: Float64Array }

/** Masks by the name of their dropout layer. */
export type Masks = ReadonlyMap<string, Tensor>

/** A layer's forward result with the way back: from ∂loss/∂output to its inputs and parameters. */
type Result = {
  output: Tensor
  /** of a batch norm in training */
  statistics?: Statistics
  backward: (gradient: Tensor) => { inputs: Tensor[]; parameters?: Partial<Record<ParameterRole, Tensor>> }
}

export type ReferenceStep = {
  loss: number
  logits: Tensor
  /** flat, [layout.length] */
  gradient: Float64Array
  /** of the batch, one after the other for all batch norms */
  mean: Float64Array
  variance: Float64Array
}

/** Probabilities [batch, class] of a trained network: running averages, no dropout. @param patches normalised */
export function referencePredict(network: NetworkDescription, weights: ReferenceWeights, patches: Tensor): Tensor {
  const plan = planOf(network)
  const { logits } = forward(
    plan,
    weights,
    patches,
    (shape) => runningStatistics(plan.layout, weights, shape.layer.id),
    null,
  )
  return softmax(logits)
}

/** What every layer of a trained network makes of some patches, by name, and last the numbers before softmax. */
export function referenceValues(
  network: NetworkDescription,
  weights: ReferenceWeights,
  patches: Tensor,
): Map<string, Tensor> {
  const plan = planOf(network)
  const running = (shape: LayerShape) => runningStatistics(plan.layout, weights, shape.layer.id)
  const { results } = forward(plan, weights, patches, running, null)
  return new Map([...results].map(([layer, { output }]) => [layer, output]))
}

/** One training step: loss, gradient and the statistics of the batch. @param target [batch, class] */
export function referenceStep(
  network: NetworkDescription,
  weights: ReferenceWeights,
  patches: Tensor,
  target: Tensor,
  masks: Masks,
): ReferenceStep {
  const plan = planOf(network)
  const { logits, results } = forward(plan, weights, patches, null, masks)
  const { loss, gradient } = softmaxCrossEntropy(logits, target)
  const ofBatch = plan.layout.running.map(({ layer }) => results.get(layer)?.statistics)
  const joined = (what: keyof Statistics) => Float64Array.from(ofBatch.flatMap((each) => [...(each?.[what] ?? [])]))
  return {
    loss,
    logits,
    gradient: backward(plan, results, gradient),
    mean: joined('mean'),
    variance: joined('variance'),
  }
}

type Plan = { layers: readonly LayerShape[]; layout: ParameterLayout }

function planOf(network: NetworkDescription): Plan {
  const shapes = networkShapes(network)
  return { layers: shapes.layers, layout: parameterLayout(shapes) }
}

function forward(
  { layers, layout }: Plan,
  weights: ReferenceWeights,
  patches: Tensor,
  running: ((shape: LayerShape) => Statistics) | null,
  masks: Masks | null,
): { logits: Tensor; results: Map<string, Result> } {
  const values = new Map([[INPUT, patches]])
  const results = new Map<string, Result>()
  let logits = patches
  for (const shape of layers) {
    const { id } = shape.layer
    const inputs = shape.inputs.map((name) => known(values.get(name), name))
    const parameter = (role: ParameterRole) =>
      parameterTensor(
        weights.parameters,
        known(
          layout.parameters.find((p) => p.layer === id && p.role === role),
          `${id}.${role}`,
        ),
      )
    const mask = masks === null ? null : (masks.get(id) ?? null)
    const result = run(shape, inputs, parameter, running === null ? null : () => running(shape), mask)
    results.set(id, result)
    values.set(id, result.output)
    logits = result.output
  }
  return { logits, results }
}

function backward({ layers, layout }: Plan, results: Map<string, Result>, atLogits: Tensor): Float64Array {
  const flat = new Float64Array(layout.length)
  const arrived = new Map<string, Tensor>([[known(layers.at(-1), 'the last layer').layer.id, atLogits]])
  for (const { layer, inputs } of layers.toReversed()) {
    const result = known(results.get(layer.id), layer.id)
    const gradients = result.backward(known(arrived.get(layer.id), layer.id))
    for (const [place, name] of inputs.entries()) {
      const before = arrived.get(name)
      const part = known(gradients.inputs[place], name)
      arrived.set(name, before ? add([before, part]) : part)
    }
    for (const { role, offset } of layout.parameters.filter((parameter) => parameter.layer === layer.id))
      flat.set(known(gradients.parameters?.[role], `${layer.id}.${role}`).data, offset)
  }
  return flat
}

/** @param running the running averages to use; null in training @param mask null where dropout does nothing */
function run(
  { layer, inputSymmetry }: LayerShape,
  inputs: readonly Tensor[],
  parameter: (role: ParameterRole) => Tensor,
  running: (() => Statistics) | null,
  mask: Tensor | null,
): Result {
  const [x = zeros([])] = inputs
  switch (layer.kind) {
    case 'convolution': {
      const weight = parameter('weight')
      return {
        output: convolution(x, weight, layer.bias ? parameter('bias') : null, layer),
        backward: (gradient) => {
          const { x: toX, ...parameters } = convolutionBackward(x, weight, layer, gradient)
          return { inputs: [toX], parameters }
        },
      }
    }
    case 'transposed-convolution': {
      const weight = parameter('weight')
      return {
        output: transposedConvolution(x, weight, layer.bias ? parameter('bias') : null, layer),
        backward: (gradient) => {
          const { x: toX, ...parameters } = transposedConvolutionBackward(x, weight, layer, gradient)
          return { inputs: [toX], parameters }
        },
      }
    }
    case 'group-convolution': {
      const weight = parameter('weight')
      return {
        output: groupConvolution(x, weight, layer.bias ? parameter('bias') : null, layer.group, layer),
        backward: (gradient) => {
          const { x: toX, ...parameters } = groupConvolutionBackward(x, weight, layer.group, layer, gradient)
          return { inputs: [toX], parameters }
        },
      }
    }
    case 'orientation-pool': {
      const orientations = orientationsOf(inputSymmetry)
      return {
        output: orientationPool(x, orientations, layer.take),
        backward: (gradient) => ({ inputs: [orientationPoolBackward(x, orientations, layer.take, gradient)] }),
      }
    }
    case 'batch-norm': {
      const { epsilon, orientations } = layer
      const scale = parameter('scale')
      const statistics = running === null ? batchStatistics(x, orientations) : running()
      return {
        output: batchNorm(x, scale, parameter('shift'), statistics, epsilon, orientations),
        statistics,
        backward: (gradient) => {
          const { x: toX, ...parameters } = batchNormBackward(x, scale, statistics, epsilon, gradient, orientations)
          return { inputs: [toX], parameters }
        },
      }
    }
    case 'group-norm':
    case 'layer-norm': {
      const scale = parameter('scale')
      const groups = layer.kind === 'group-norm' ? layer.groups : 1
      return {
        output: patchNorm(x, groups, scale, parameter('shift'), layer.epsilon),
        backward: (gradient) => {
          const { x: toX, ...parameters } = patchNormBackward(x, groups, scale, layer.epsilon, gradient)
          return { inputs: [toX], parameters }
        },
      }
    }
    case 'relu':
    case 'leaky-relu':
    case 'gelu':
    case 'silu':
    case 'sigmoid':
    case 'tanh':
      return {
        output: activation(layer, x),
        backward: (gradient) => ({ inputs: [activationBackward(layer, x, gradient)] }),
      }
    case 'softmax': {
      const y = softmaxOverChannels(x)
      return { output: y, backward: (gradient) => ({ inputs: [softmaxOverChannelsBackward(y, gradient)] }) }
    }
    case 'global-max-pool': {
      const { y, from } = globalMaxPool(x)
      return { output: y, backward: (gradient) => ({ inputs: [maxPoolBackward(x.dims, from, gradient)] }) }
    }
    case 'multiply': {
      const [, other = x] = inputs
      return {
        output: multiply(x, other),
        backward: (gradient) => ({ inputs: multiplyBackward(x, other, gradient) }),
      }
    }
    case 'squeeze-excitation': {
      const weights: GateWeights = {
        'squeeze-weight': parameter('squeeze-weight'),
        'squeeze-bias': parameter('squeeze-bias'),
        'excite-weight': parameter('excite-weight'),
        'excite-bias': parameter('excite-bias'),
      }
      return {
        output: squeezeExcitation(x, weights),
        backward: (gradient) => {
          const { x: toX, ...parameters } = squeezeExcitationBackward(x, weights, gradient)
          return { inputs: [toX], parameters }
        },
      }
    }
    case 'max-pool': {
      const { y, from } = maxPool(x, layer)
      return { output: y, backward: (gradient) => ({ inputs: [maxPoolBackward(x.dims, from, gradient)] }) }
    }
    case 'average-pool':
      return {
        output: averagePool(x, layer),
        backward: (gradient) => ({ inputs: [averagePoolBackward(x.dims, layer, gradient)] }),
      }
    case 'global-average-pool':
      return {
        output: globalAveragePool(x),
        backward: (gradient) => ({ inputs: [globalAveragePoolBackward(x.dims, gradient)] }),
      }
    case 'flatten':
      return { output: flatten(x), backward: (gradient) => ({ inputs: [flattenBackward(x.dims, gradient)] }) }
    case 'dense': {
      const weight = parameter('weight')
      return {
        output: dense(x, weight, layer.bias ? parameter('bias') : null),
        backward: (gradient) => {
          const { x: toX, ...parameters } = denseBackward(x, weight, gradient)
          return { inputs: [toX], parameters }
        },
      }
    }
    case 'dropout':
      if (mask === null) return { output: x, backward: (gradient) => ({ inputs: [gradient] }) }
      return { output: dropout(x, mask), backward: (gradient) => ({ inputs: [dropoutBackward(mask, gradient)] }) }
    case 'add':
      return { output: add(inputs), backward: (gradient) => ({ inputs: addBackward(inputs, gradient) }) }
    case 'concatenate':
      return {
        output: concatenate(inputs),
        backward: (gradient) => ({ inputs: concatenateBackward(inputs, gradient) }),
      }
  }
}

const parameterTensor = (flat: Float64Array, { dims, offset, length }: Parameter): Tensor =>
  tensor(dims, flat.subarray(offset, offset + length))

function runningStatistics(layout: ParameterLayout, weights: ReferenceWeights, layer: string): Statistics {
  const { offset, channels } = known(
    layout.running.find((range) => range.layer === layer),
    layer,
  )
  return {
    mean: weights.mean.subarray(offset, offset + channels),
    variance: weights.variance.subarray(offset, offset + channels),
  }
}

/** @throws {Error} when it is not there: the description was not checked by networkShapes */
function known<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`The reference knows no “${name}”.`)
  return value
}
