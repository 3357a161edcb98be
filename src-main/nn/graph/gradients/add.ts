/** Gradient of a sum: each summand gets all of it. */
import type { Backward, LayerGradients } from './backward.ts'

export const addGradient = ({ inputs, gradient }: Backward): LayerGradients => ({
  inputs: inputs.map(() => gradient),
  parameters: {},
})
