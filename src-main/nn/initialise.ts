/**
 * Weights before training: normal with variance 2 / fan-in, so that values neither grow nor fade through many layers of
 * ReLU; biases and shifts 0, scales 1, running mean 0 and variance 1. The fan-in of a group convolution counts every
 * orientation it reads.
 *
 * The gates of a squeeze-excitation start near ½ for every channel: what goes into their sigmoid starts near 0.
 *
 * @see He, Zhang, Ren, Sun, Delving Deep into Rectifiers, ICCV (2015), eq. 10
 */
import { isWeight, type LayerParameter } from '../../src-shared/network/layerParameters.ts'
import { parameterView, type ParameterLayout, type Weights } from './graph/parameters.ts'
import { seeded } from './random.ts'
import { sharedFloats } from './sharedFloats.ts'

/** The same seed and layout give the same weights. */
export function initialWeights(layout: ParameterLayout, seed: number): Weights {
  // In memory that every thread of a step sees, so that it is not copied for each.
  const parameters = sharedFloats(layout.length)
  for (const [place, parameter] of layout.parameters.entries()) {
    const view = parameterView(parameters, parameter)
    if (parameter.role === 'scale') view.fill(1)
    if (!isWeight(parameter.role)) continue
    const random = seeded(seed, place)
    const deviation = deviationOf(parameter)
    for (let i = 0; i < view.length; i++) view[i] = deviation * random.normal()
  }
  return {
    parameters,
    mean: new Float32Array(layout.runningLength),
    variance: new Float32Array(layout.runningLength).fill(1),
  }
}

/** How far from 0 what goes into a gate's sigmoid lies at first, for hidden values of spread 1. */
const GATE_SPREAD = 0.1

const deviationOf = ({ role, fanIn }: LayerParameter): number =>
  role === 'excite-weight' ? GATE_SPREAD / Math.sqrt(fanIn) : Math.sqrt(2 / fanIn)
