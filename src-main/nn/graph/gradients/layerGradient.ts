/** The backward pass of any layer: which file knows it. */
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
import { maxPoolGradient } from './maxPool.ts'
import { reluGradient } from './relu.ts'
import { comparedMaxPoolGradient } from '../standardOperators.ts'

export function layerGradient(backward: Backward): LayerGradients {
  const { layer } = backward.shape
  switch (layer.kind) {
    case 'convolution':
      return convolutionGradient(layer, backward)
    case 'batch-norm':
      return batchNormGradient(layer, backward)
    case 'relu':
      return reluGradient(backward)
    case 'max-pool':
      return backward.graph.operators === 'standard'
        ? comparedMaxPoolGradient(layer, backward)
        : maxPoolGradient(backward)
    case 'average-pool':
      return averagePoolGradient(layer, backward)
    case 'global-average-pool':
      return globalAveragePoolGradient(backward)
    case 'flatten':
      return flattenGradient(backward)
    case 'dense':
      return denseGradient(backward)
    case 'dropout':
      return dropoutGradient(backward)
    case 'add':
      return addGradient(backward)
    case 'concatenate':
      return concatenateGradient(backward)
  }
}
