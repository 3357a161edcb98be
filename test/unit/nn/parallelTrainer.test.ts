/** A batch in parts is ghost batch norm, and nothing else: the sum of what each part says alone. */
import { describe, expect, test } from 'vitest'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { normBatchOf, partsOf } from '../../../src-shared/network/parts.ts'
import { around, network, randomBatch, randomWeights } from './randomNetworks.ts'

const BATCH = 16
const normed = around('with a batch norm and a dropout', [
  { kind: 'batch-norm', id: 'norm' },
  { kind: 'relu', id: 'relu' },
  { kind: 'dropout', id: 'drop', rate: 0.3 },
])

const half = (values: Float32Array, place: 0 | 1): Float32Array =>
  values.slice((place * values.length) / 2, ((place + 1) * values.length) / 2)

/** What a trainer answers, in arrays of its own: the next step writes over those it gave. */
async function stepOf(threads: number, batch: number, seed: number, cut: (all: Float32Array) => Float32Array) {
  const trainer = await onnxBackend(threads).createTrainer(normed, batch)
  try {
    const all = randomBatch(
      normed,
      BATCH,
      trainer.masks.map((mask) => ({ ...mask, dims: [BATCH, ...mask.dims.slice(1)] })),
      seed,
    )
    const input = { patches: cut(all.patches), target: cut(all.target), masks: all.masks.map(cut) }
    const { loss, correct, gradient, mean, variance } = await trainer.step(randomWeights(normed, seed), input)
    return { loss, correct, gradient: gradient.slice(), mean: mean.slice(), variance: variance.slice() }
  } finally {
    await trainer.dispose()
  }
}
const whole = (all: Float32Array) => all

describe.each([1, 2, 3])('a batch of 16 on two threads (seed %i)', (seed) => {
  test('has the loss and the gradient of two batches of 8, taken together', async () => {
    const found = await stepOf(2, BATCH, seed, whole)
    const parts = [
      await stepOf(1, BATCH / 2, seed, (all) => half(all, 0)),
      await stepOf(1, BATCH / 2, seed, (all) => half(all, 1)),
    ] as const
    expect(found.loss).toBeCloseTo((parts[0].loss + parts[1].loss) / 2, 5)
    expect(found.correct).toBe(parts[0].correct + parts[1].correct)
    const largest = Math.max(...found.gradient.map(Math.abs))
    for (const [i, value] of found.gradient.entries())
      expect(Math.abs(value - (parts[0].gradient[i]! + parts[1].gradient[i]!) / 2)).toBeLessThan(1e-6 * largest)
  })

  test('reports the mean and variance of all 16, as one thread does that norms by them', async () => {
    const [found, alone] = [await stepOf(2, BATCH, seed, whole), await stepOf(1, BATCH, seed, whole)]
    for (const [i, value] of alone.mean.entries()) expect(found.mean[i]).toBeCloseTo(value, 5)
    for (const [i, value] of alone.variance.entries()) expect(found.variance[i]! / value).toBeCloseTo(1, 4)
  })

  test('is the same to the last bit each time', async () => {
    expect(await stepOf(2, BATCH, seed, whole)).toEqual(await stepOf(2, BATCH, seed, whole))
  })
})

test('a batch is cut only where each part keeps 8 patches and all parts are equal', () => {
  expect([8, 15, 16, 17, 64].map((batch) => partsOf(batch, 2))).toEqual([1, 1, 2, 1, 2])
  expect([8, 16, 64].map((batch) => normBatchOf(batch, 2))).toEqual([8, 8, 32])
  expect(partsOf(64, 1)).toBe(1)
})

test('a part that fails is told as the engine failing, and the trainer can be put away', async () => {
  const plain = network(
    'plain',
    [1, 4, 4],
    [
      { kind: 'flatten', id: 'flat' },
      { kind: 'dense', id: 'classes', units: 3 },
    ],
  )
  const trainer = await onnxBackend(2).createTrainer(plain, BATCH)
  const batch = randomBatch(plain, BATCH, [], 1)
  const step = trainer.step(randomWeights(plain, 1), { ...batch, patches: new Float32Array(6) })
  await expect(step).rejects.toMatchObject({ code: 'ENGINE_FAILED' })
  await trainer.dispose()
})
