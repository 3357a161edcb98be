/** Gradient of y = x · mask: gradient · mask. What was dropped learns nothing. */
import { kept, type Backward, type LayerGradients } from './backward.ts'

export const dropoutGradient = (backward: Backward): LayerGradients => ({
  inputs: [backward.graph.op('Mul', [backward.gradient, kept(backward, 'mask')])],
  parameters: {},
})
