/** What follows the gradients of a step is the same to the last bit, however many threads do it and wherever they are cut. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import type { Trainer } from '../../../src-main/nn/backend.ts'
import { BLOCK, blockAt, blocksIn, shareOfBlocks } from '../../../src-main/nn/blocks.ts'
import { normOf } from '../../../src-main/nn/gradientNorm.ts'
import { type DecayRange, optimiserOf } from '../../../src-main/nn/optimiser.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import { sharedCopy, sharedDoubles } from '../../../src-main/nn/sharedFloats.ts'
import { doWork, type Sum, type Update } from '../../../src-main/nn/vectorWork.ts'
import { OptimiserChoice } from '../../../src-shared/recipe.ts'
import { network } from './randomNetworks.ts'

const adamW = OptimiserChoice.parse({ kind: 'adamw' })
const sgd = OptimiserChoice.parse({ kind: 'sgd' })

type Copy = (floats: Float32Array) => Float32Array
const plain: Copy = (floats) => floats.slice()

/** As text: long vectors are compared at once and not number by number. */
const bits = (vector: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength))
    .digest('hex')

const numbers = (length: number, seed: number): Float32Array => {
  const random = seeded(seed)
  return Float32Array.from({ length }, () => random.normal())
}

/** Weights that decay, biases that do not, and a frozen stretch, none of which ends where a block does. */
const rangesOf = (length: number): DecayRange[] => {
  const [a, b] = [Math.floor(length / 3), Math.floor(length / 2) + 1]
  return [
    { start: 0, end: a, decays: true, rate: 0.5 },
    { start: a, end: b, decays: false },
    { start: b, end: b + 3, decays: true, rate: 0 },
    { start: b + 3, end: length, decays: true },
  ]
}

const anUpdate = (length: number, optimiser: OptimiserChoice, copy: Copy): Update => ({
  kind: 'update',
  parameters: copy(numbers(length, 1)),
  gradient: copy(numbers(length, 2)),
  shortening: 0.3,
  optimiser,
  state: {
    step: 4,
    moments: optimiserOf(optimiser)
      .init(length)
      .moments.map(() => copy(numbers(length, 3).map(Math.abs))),
  },
  learningRate: 0.01,
  ranges: rangesOf(length),
  average: { parameters: copy(numbers(length, 4)), kept: 0.9 },
})
const changedBy = ({ parameters, gradient, state, average }: Update) =>
  [parameters, gradient, ...state.moments, average!.parameters].map(bits)

test.each([0, 1, BLOCK - 1, BLOCK, 3 * BLOCK + 5])(
  'blocks of a vector of %i numbers cover each number once',
  (length) => {
    const blocks = Array.from({ length: blocksIn(length) }, (_, place) => blockAt(place, length))
    let at = 0
    for (const { start, end } of blocks) {
      expect(start).toBe(at)
      expect(end - start).toBeLessThanOrEqual(BLOCK)
      at = end
    }
    expect(at).toBe(length)
    for (const parts of [1, 2, 3, 7]) {
      const shares = Array.from({ length: parts }, (_, place) => shareOfBlocks(blocks.length, place, parts))
      expect(shares.flatMap(({ start, end }) => blocks.slice(start, end))).toEqual(blocks)
    }
  },
)

describe.each([1, 1000, 2 * BLOCK, 3 * BLOCK + 5])('an update of %i numbers', (length) => {
  test.each([adamW, sgd])('is what the optimiser does to the whole vector at once ($kind)', (optimiser) => {
    const cut = anUpdate(length, optimiser, plain)
    doWork(cut, shareOfBlocks(blocksIn(length), 1, 2))
    doWork(cut, shareOfBlocks(blocksIn(length), 0, 2))

    const { parameters, gradient, shortening, state, learningRate, ranges, average } = anUpdate(
      length,
      optimiser,
      plain,
    )
    for (const i of gradient.keys()) gradient[i]! *= shortening
    optimiserOf(optimiser).update(parameters, gradient, state, learningRate, ranges)
    for (const i of parameters.keys())
      average!.parameters[i] = 0.9 * average!.parameters[i]! + (1 - 0.9) * parameters[i]!
    expect(changedBy(cut)).toEqual([parameters, gradient, ...state.moments, average!.parameters].map(bits))
  })

  test('leaves what is frozen as it was', () => {
    const update = anUpdate(length, adamW, plain)
    doWork(update)
    const before = anUpdate(length, adamW, plain).parameters
    const { start, end } = update.ranges[2]!
    expect(update.parameters.slice(start, end)).toEqual(before.slice(start, end))
  })

  test('has a norm that is the root of all squares of what is trained, whoever adds them up', () => {
    const gradient = numbers(length, 5)
    const ranges = rangesOf(length)
    const inOne = new Float64Array(blocksIn(length))
    doWork({ kind: 'squares', gradient, ranges, ofBlocks: inOne })
    const inTwo = new Float64Array(blocksIn(length))
    for (const place of [1, 0])
      doWork({ kind: 'squares', gradient, ranges, ofBlocks: inTwo }, shareOfBlocks(blocksIn(length), place, 2))
    expect(normOf(inTwo)).toBe(normOf(inOne))
    let sum = 0
    for (const { start, end, rate } of ranges)
      if (rate !== 0) for (const value of gradient.subarray(start, end)) sum += value * value
    expect(normOf(inOne) / Math.sqrt(sum)).toBeCloseTo(1, 12)
  })
})

test('a gradient with a number that is none, or is infinite, has a norm that says so', () => {
  for (const [wrong, place] of [
    [Number.NaN, 0],
    [Infinity, BLOCK + 1],
  ] as const) {
    const gradient = new Float32Array(BLOCK + 2)
    gradient[place] = wrong
    const ofBlocks = new Float64Array(2)
    doWork({ kind: 'squares', gradient, ranges: [{ start: 0, end: BLOCK + 2, decays: true }], ofBlocks })
    expect(normOf(ofBlocks)).toBe(wrong)
  }
})

describe('a trainer on two threads', () => {
  const twoParts = network(
    'two parts',
    [1, 4, 4],
    [
      { kind: 'flatten', id: 'flat' },
      { kind: 'dense', id: 'classes', units: 3 },
    ],
  )
  const withTrainer = async (use: (trainer: Trainer) => Promise<void>) => {
    const trainer = await onnxBackend(2).createTrainer(twoParts, 16)
    try {
      await use(trainer)
    } finally {
      await trainer.dispose()
    }
  }
  // Long enough that both threads take part, and of an odd number of blocks, the last one short.
  const length = 20 * BLOCK + 7

  test.each([adamW, sgd])('updates as one thread does ($kind)', (optimiser) =>
    withTrainer(async (trainer) => {
      const [alone, shared] = [anUpdate(length, optimiser, plain), anUpdate(length, optimiser, sharedCopy)]
      doWork(alone)
      await trainer.share(shared)
      expect(changedBy(shared)).toEqual(changedBy(alone))
    }),
  )

  test('adds up and measures as one thread does', () =>
    withTrainer(async (trainer) => {
      const sum = (copy: Copy): Sum => ({
        kind: 'sum',
        into: copy(numbers(length, 6)),
        more: [copy(numbers(length, 7)), copy(numbers(length, 8))],
      })
      const [alone, shared] = [sum(plain), sum(sharedCopy)]
      doWork(alone)
      await trainer.share(shared)
      expect(bits(shared.into)).toBe(bits(alone.into))
      const [blocksAlone, blocksShared] = [new Float64Array(blocksIn(length)), sharedDoubles(blocksIn(length))]
      const ranges = rangesOf(length)
      doWork({ kind: 'squares', gradient: alone.into, ranges, ofBlocks: blocksAlone })
      await trainer.share({ kind: 'squares', gradient: shared.into, ranges, ofBlocks: blocksShared })
      expect(blocksShared).toEqual(blocksAlone)
    }))

  test('works on vectors that only one thread sees, too', () =>
    withTrainer(async (trainer) => {
      const [alone, given] = [anUpdate(length, adamW, plain), anUpdate(length, adamW, plain)]
      doWork(alone)
      await trainer.share(given)
      expect(changedBy(given)).toEqual(changedBy(alone))
    }))

  test('that was put away says that the engine failed', async () => {
    const trainer = await onnxBackend(2).createTrainer(twoParts, 16)
    await trainer.dispose()
    await expect(trainer.share(anUpdate(length, adamW, sharedCopy))).rejects.toMatchObject({ code: 'ENGINE_FAILED' })
  })
})
