/** Gradients against calculus: the analytic one must be the slope of the loss, found by stepping a little up and down. */
import { expect } from 'vitest'
import { seeded } from '../../../../src-main/nn/random.ts'
import { tensor, type Tensor } from '../../../../src-main/nn/reference/tensor.ts'

const STEP = 1e-5

/** Numbers in [−1, 1). */
export function randomTensor(dims: readonly number[], ...seeds: number[]): Tensor {
  const random = seeded(...seeds)
  const length = dims.reduce((product, axis) => product * axis, 1)
  return tensor(
    dims,
    Array.from({ length }, () => random.between(-1, 1)),
  )
}

/** Σ output · weights: a loss whose gradient with respect to the output is `weights`. */
export const weighted = (output: Tensor, weights: Tensor): number =>
  output.data.reduce((sum, value, place) => sum + value * weights.data[place], 0)

/** Expects `gradient` to be the slope of `loss` along every number of `of`, which is put back as it was. */
export function expectSlope(of: Tensor, gradient: Tensor, loss: () => number): void {
  expect(gradient.dims).toEqual(of.dims)
  for (const place of of.data.keys()) {
    const was = of.data[place]
    of.data[place] = was + STEP
    const up = loss()
    of.data[place] = was - STEP
    const down = loss()
    of.data[place] = was
    expect(gradient.data[place], `place ${place}`).toBeCloseTo((up - down) / (2 * STEP), 6)
  }
}
