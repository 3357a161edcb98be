/** A device runs the parts of a batch one after the other; what it learns is what the processor does on threads. */
import { expect, test } from 'vitest'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { everyLayer } from './devices/networks.ts'
import { randomBatch, randomWeights } from './randomNetworks.ts'

const BATCH = 16

async function stepOn(backend: ReturnType<typeof onnxBackend>) {
  const trainer = await backend.createTrainer(everyLayer, BATCH)
  const batch = randomBatch(everyLayer, BATCH, trainer.masks, 1)
  const { loss, correct, ...results } = await trainer.step(randomWeights(everyLayer, 1), batch)
  const vectors = Object.values(results).map((vector) => vector.slice())
  await trainer.dispose()
  return { masks: trainer.masks, loss, correct, vectors }
}

const apart = (a: Float32Array, b: Float32Array): number =>
  Math.hypot(...a.map((value, at) => value - b[at]!)) / Math.hypot(...a)

test('a step in the operators of devices cuts its batch as the processor does: loss, gradient, mean and variance are within 2e-5 (seed 1)', async () => {
  const processor = await stepOn(onnxBackend(2))
  const device = await stepOn(onnxBackend(2, 'cpu', { operators: 'standard' }))
  expect(device.masks).toEqual(processor.masks)
  expect(device.correct).toBe(processor.correct)
  expect(device.loss).toBeCloseTo(processor.loss, 5)
  expect(processor.vectors).toHaveLength(3)
  for (const [place, vector] of processor.vectors.entries())
    expect(apart(vector, device.vectors[place]!)).toBeLessThan(2e-5)
})

test('and not the batch as a whole, which would be another mean of every batch norm (seed 1)', async () => {
  const [parts, whole] = [await stepOn(onnxBackend(2)), await stepOn(onnxBackend(1))]
  expect(apart(whole.vectors[0]!, parts.vectors[0]!)).toBeGreaterThan(1e-3)
})
