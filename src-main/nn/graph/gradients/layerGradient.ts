/** The backward pass of any layer: which file knows it. */
import { activationGradient } from './activations.ts'
import { addGradient } from './add.ts'
import { averagePoolGradient } from './averagePool.ts'
import type { Backward, LayerGradients } from './backward.ts'
import { batchNormGradient } from './batchNorm.ts'
import { concatenateGradient } from './concatenate.ts'
import { convolutionGradient } from './convolution.ts'
import { denseGradient } from './dense.ts'
import { dropoutGradient } from './dropout.ts'
import { flattenGradient } from './flatten.ts'
import { globalAveragePoolGradient } from './globalAveragePool.ts'
import { groupConvolutionGradient } from './groupConvolution.ts'
import { maxPoolGradient } from './maxPool.ts'
import { multiplyGradient } from './multiply.ts'
import { orientationPoolGradient } from './orientationPool.ts'
import { patchNormGradient } from './patchNorm.ts'
import { softmaxGradient } from './softmax.ts'
import { squeezeExcitationGradient } from './squeezeExcitation.ts'
import { transposedConvolutionGradient } from './transposedConvolution.ts'
import { comparedLargestGradient, comparedMaxPoolGradient } from '../standardOperators.ts'

export function layerGradient(backward: Backward): LayerGradients {
  const { layer } = backward.shape
  switch (layer.kind) {
    case 'convolution':
      return convolutionGradient(layer, backward)
    case 'transposed-convolution':
      return transposedConvolutionGradient(layer, backward)
    case 'group-convolution':
      return groupConvolutionGradient(layer, backward)
    case 'orientation-pool':
      return orientationPoolGradient(layer, backward)
    case 'batch-norm':
      return batchNormGradient(layer, backward)
    case 'group-norm':
    case 'layer-norm':
      return patchNormGradient(layer, backward)
    case 'relu':
    case 'leaky-relu':
    case 'gelu':
    case 'silu':
    case 'sigmoid':
    case 'tanh':
      return activationGradient(layer, backward)
    case 'softmax':
      return softmaxGradient(backward)
    case 'max-pool':
      return backward.graph.operators === 'standard'
        ? comparedMaxPoolGradient(layer, backward)
        : maxPoolGradient(backward)
    case 'global-max-pool':
      return backward.graph.operators === 'standard' ? comparedLargestGradient(backward) : maxPoolGradient(backward)
    case 'average-pool':
      return averagePoolGradient(layer, backward)
    case 'global-average-pool':
      return globalAveragePoolGradient(backward)
    case 'flatten':
      return flattenGradient(backward)
    case 'dense':
      return denseGradient(layer, backward)
    case 'dropout':
      return dropoutGradient(backward)
    case 'squeeze-excitation':
      return squeezeExcitationGradient(layer, backward)
    case 'add':
      return addGradient(backward)
    case 'multiply':
      return multiplyGradient(backward)
    case 'concatenate':
      return concatenateGradient(backward)
  }
}
