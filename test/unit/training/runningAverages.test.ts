import { expect, test } from 'vitest'
import { updateRunningAverages } from '../../../src-main/training/runningAverages.ts'

const layout = {
  parameters: [],
  length: 0,
  running: [
    { layer: 'a', offset: 0, channels: 1, valuesPerChannel: 4 },
    { layer: 'b', offset: 1, channels: 1, valuesPerChannel: 1 },
  ],
  runningLength: 2,
}
const fresh = () => ({
  parameters: new Float32Array(),
  mean: Float32Array.of(0, 0),
  variance: Float32Array.of(1, 1),
})
const found = (mean: number, variance: number) => ({
  mean: Float32Array.of(mean, mean),
  variance: Float32Array.of(variance, variance),
})

test('the first batch replaces the made-up start; its variance is divided by one less than its values', () => {
  const weights = fresh()
  updateRunningAverages(weights, found(3, 7), layout, 2, 0)
  expect([...weights.mean]).toEqual([3, 3])
  expect([...weights.variance]).toEqual([8, 14]) // 7 · 8/7 and 7 · 2/1
})

test('the first ten batches count equally', () => {
  const weights = fresh()
  for (let step = 0; step < 10; step++) updateRunningAverages(weights, found(step, 0), layout, 2, step)
  expect(weights.mean[0]).toBeCloseTo(4.5, 5)
})

test('after that each batch counts a tenth', () => {
  const weights = fresh()
  weights.mean.fill(10)
  updateRunningAverages(weights, found(0, 0), layout, 2, 500)
  expect(weights.mean[0]).toBeCloseTo(9, 5)
})

test('a single value has no spread, and is not divided by 0', () => {
  const weights = fresh()
  updateRunningAverages(weights, found(1, 0), layout, 1, 0)
  expect([...weights.variance]).toEqual([0, 0])
})
