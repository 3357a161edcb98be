/** What the parts of a recipe do to a training: mixing, class weights, averaged weights, clipping, patience, divergence. */
import { describe, expect, test } from 'vitest'
import { Augmentation } from '../../../src-shared/models.ts'
import { Recipe, recipeInWords } from '../../../src-shared/recipe.ts'
import { normalisationTables, toNetworkInput } from '../../../src-main/features/networkInput.ts'
import { symmetriesOf } from '../../../src-main/features/symmetries.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { normOf, shorten, shortening, squares } from '../../../src-main/nn/gradientNorm.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import { copyOfWeights, keptShare, mixIn } from '../../../src-main/nn/weightAverage.ts'
import { classWeights } from '../../../src-main/training/classWeights.ts'
import { modelCheckpoint, readCheckpoint } from '../../../src-main/training/checkpoint.ts'
import { freshWatch, hasExploded, watchLoss } from '../../../src-main/training/divergence.ts'
import { beta, mixing } from '../../../src-main/training/mix.ts'
import { validate } from '../../../src-main/training/validate.ts'
import { network } from '../nn/randomNetworks.ts'
import { aFolder, anOrder, colouredPatches, EDGE, runTraining, smallNetwork, someData } from './trainingBench.ts'

const recipe = (changes: Parameters<typeof Recipe.parse>[0]) => Recipe.parse(changes)
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
const everything = recipe({
  optimiser: { kind: 'sgd' },
  schedule: { kind: 'one-cycle' },
  classWeights: 'inverse',
  clipNorm: 0.5,
  averageDecay: 0.9,
  mix: { kind: 'cutmix' },
})

describe('a training with everything on is the same, to the last bit', () => {
  const order = (folder: string) =>
    anOrder(folder, {
      recipe: everything,
      balanced: false,
      testTime: 'd4',
      augmentation: Augmentation.parse({ shift: 2, zoom: 0.1, blur: 1, noise: 0.05 }),
    })

  test.each([1, 14])('when it is stopped after step %i and taken up again', async (stopAfter) => {
    const [through, stopped] = [aFolder(), aFolder()]
    await runTraining(order(through))
    await runTraining(order(stopped), someData(), stopAfter)
    await runTraining(order(stopped))
    const [one, two] = [await readCheckpoint(through, 'latest'), await readCheckpoint(stopped, 'latest')]
    for (const part of ['step', 'weights', 'average', 'optimiser', 'best', 'watch'] as const)
      expect(two![part], part).toEqual(one![part])
    expect(two!.average).not.toBe(null)
    expect((await modelCheckpoint(stopped))!.weights).toEqual((await modelCheckpoint(through))!.weights)
  })
})

describe.each(['mixup', 'cutmix'] as const)('%s', (kind) => {
  const shape = { channels: 2, height: 8, width: 8 }
  const batch = 6
  /** Every value of patch n is n, in the second channel 10 n; its class is n. */
  const filled = () => ({
    patches: Float32Array.from({ length: batch * 128 }, (_, i) => Math.floor(i / 128) * (i % 128 < 64 ? 1 : 10)),
    target: Float32Array.from({ length: batch * batch }, (_, i) => Number(Math.floor(i / batch) === i % batch)),
  })
  const mixed = (seed: number) => {
    const { patches, target } = filled()
    mixing(Recipe.shape.mix.parse({ kind }), batch, shape)!(patches, target, seeded(seed))
    return { patches, target }
  }

  test.each([1, 2, 3, 4, 5])('mixes what the network should say in the proportion of the patches (seed %i)', (seed) => {
    const { patches, target } = mixed(seed)
    for (let n = 0; n < batch; n++) {
      const wanted = target.subarray(n * batch, (n + 1) * batch)
      expect(wanted.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
      const expected = wanted.reduce((sum, share, k) => sum + share * k, 0)
      expect(mean([...patches.subarray(n * 128, n * 128 + 64)]), 'first channel').toBeCloseTo(expected, 4)
      expect(mean([...patches.subarray(n * 128 + 64, n * 128 + 128)]) / 10, 'second channel').toBeCloseTo(expected, 4)
    }
  })

  test('is the same for the same numbers, and another for others', () => {
    expect(mixed(3)).toEqual(mixed(3))
    expect(mixed(3)).not.toEqual(mixed(4))
  })
})

test.each([0.2, 1, 3])('Beta(α, α) has mean 1/2 and variance 1 / (4 (2α + 1)), α = %d', (alpha) => {
  const random = seeded(5)
  const drawn = Array.from({ length: 20_000 }, () => beta(alpha, random))
  expect(mean(drawn)).toBeCloseTo(0.5, 1)
  expect(mean(drawn.map((value) => (value - 0.5) ** 2)) * 4 * (2 * alpha + 1)).toBeCloseTo(1, 1)
})

describe('class weights', () => {
  const classOf = Uint16Array.from({ length: 100 }, (_, i) => Number(i >= 90))

  test('of rarity count every class alike, and a patch 1 on average', () => {
    const [common, rare] = classWeights('inverse', classOf, 2, false)
    expect(90 * common).toBeCloseTo(10 * rare, 9)
    expect((90 * common + 10 * rare) / 100).toBeCloseTo(1, 9)
  })

  test('that were given keep their proportion', () => {
    const [a, b] = classWeights([1, 3], classOf, 2, true)
    expect(b / a).toBeCloseTo(3, 9)
    expect((a + b) / 2).toBeCloseTo(1, 9)
  })

  test('are numbers for one patch against 10,000 and for a class without patches', () => {
    const weights = classWeights(
      'inverse',
      Uint16Array.from({ length: 10_001 }, (_, i) => Number(i === 0)),
      3,
      false,
    )
    expect(weights[1] / weights[0]).toBeCloseTo(10_000, 3)
    expect(weights[2]).toBe(0)
  })

  test('of another number than there are classes are refused', () =>
    expect(() => classWeights([1, 2, 3], classOf, 2, false)).toThrow('There are 3 class weights for 2 classes'))
})

describe('the gradient', () => {
  const gradient = () => Float32Array.of(3, 4, 100)
  const ranges = [
    { start: 0, end: 2, decays: true },
    { start: 2, end: 3, decays: true, rate: 0 },
  ]

  const all = { start: 0, end: 3 }

  test('is as long as all its parts that are trained', () =>
    expect(normOf(Float64Array.of(squares(gradient(), ranges, all)))).toBe(5))

  test('that is too long is shortened in its own direction; a short one stays', () => {
    const long = gradient()
    shorten(long, shortening(5, 1), all)
    expect(long[0]).toBeCloseTo(0.6, 5)
    expect(long[1]).toBeCloseTo(0.8, 5)
    const short = gradient()
    shorten(short, shortening(5, 6), all)
    expect(short).toEqual(gradient())
    const free = gradient()
    shorten(free, shortening(5, null), all)
    expect(free).toEqual(gradient())
  })
})

describe('averaged weights', () => {
  test('are what is measured and what becomes the model', async () => {
    const folder = aFolder()
    const heard = await runTraining(anOrder(folder, { recipe: recipe({ averageDecay: 0.95 }) }))
    const model = await modelCheckpoint(folder)
    const best = heard.validation.find(({ step }) => step === heard.finished[0].bestStep)!
    const how = { normalisation: model!.normalisation, testTime: 'none' } as const
    const held = someData().validation!
    const again = await validate(onnxBackend(2), smallNetwork, model!.weights, held, ['stroma', 'tumour'], how)
    expect(again.loss).toBe(best.loss)
    const kept = await readCheckpoint(folder, 'best')
    expect(model!.weights).toEqual(kept!.average)
    expect(model!.weights).not.toEqual(kept!.weights)
  })

  test('forget the start, and end between the last weights and those before', () => {
    const weights = { parameters: Float32Array.of(0), mean: Float32Array.of(0), variance: Float32Array.of(1) }
    const average = copyOfWeights(weights)
    average.parameters[0] = 1000
    for (let step = 0; step < 200; step++) {
      weights.parameters[0] = step
      mixIn(average.parameters, weights.parameters, keptShare(0.9, step))
    }
    // A ramp of 1 per step is followed at a distance of decay / (1 − decay) steps.
    expect(average.parameters[0]).toBeCloseTo(199 - 9, 1)
  })

  test('have running averages that are those of the patches under them', async () => {
    const folder = aFolder()
    const still = Augmentation.parse({ flips: false, turns: false, stain: 0, colour: 0 })
    const long = {
      recipe: recipe({ averageDecay: 0.9 }),
      length: { kind: 'steps', steps: 120 },
      augmentation: still,
    } as const
    await runTraining(anOrder(folder, long))
    const { average, normalisation } = (await readCheckpoint(folder, 'latest'))!
    const { pixels, classOf } = someData().training
    const trainer = await onnxBackend(2).createTrainer(smallNetwork, classOf.length)
    const patches = new Float32Array(classOf.length * EDGE * EDGE * 3)
    const tables = normalisationTables(normalisation, 3)
    const [asItIs] = symmetriesOf(pixels.shape)
    toNetworkInput(pixels.range(0, classOf.length), classOf.length, pixels.shape, tables, asItIs, patches)
    const masks = trainer.masks.map(({ dims }) => new Float32Array(dims.reduce((a, b) => a * b)).fill(1))
    const target = new Float32Array(2 * classOf.length).fill(0.5)
    const found = await trainer.step(average!, { patches, target, masks })
    for (const [channel, variance] of found.variance.entries()) {
      expect(Math.abs(average!.mean[channel] - found.mean[channel])).toBeLessThan(0.1 * Math.sqrt(variance))
      expect(average!.variance[channel] / variance).toBeCloseTo(1, 1)
    }
    await trainer.dispose()
  })
})

describe('patience', () => {
  /** Random labels: nothing can be learned, so the held-out loss soon gets no better. */
  const hopeless = () => {
    const random = seeded(3)
    const shuffledLabels = (count: number, seed: number) => ({
      ...colouredPatches(count, seed, [0]),
      classOf: Uint16Array.from({ length: count }, () => random.below(2)),
    })
    return { training: shuffledLabels(40, 1), validation: shuffledLabels(30, 2) }
  }
  const order = (folder: string) =>
    anOrder(folder, { recipe: recipe({ patience: 2 }), learningRate: 0.05, length: { kind: 'steps', steps: 200 } })

  test('ends a training that gets no better, at the same step when it was stopped on the way', async () => {
    const folder = aFolder()
    const heard = await runTraining(order(folder), hopeless())
    const { step, bestStep, early, stopped } = heard.finished[0]
    expect([early, stopped]).toEqual([true, false])
    expect(step).toBeLessThan(200)
    expect(heard.validation.filter((point) => point.step > bestStep)).toHaveLength(2)

    const again = aFolder()
    await runTraining(order(again), hopeless(), step - 3)
    expect((await runTraining(order(again), hopeless())).finished[0]).toMatchObject({ step, bestStep, early: true })
    expect((await runTraining(order(again), hopeless())).finished[0]).toMatchObject({ step, early: true })
  })
})

/** Without norms nothing holds back what grows. */
const plain = network(
  'without norms',
  [3, EDGE, EDGE],
  [
    { kind: 'convolution', id: 'c1', filters: 8, kernel: 3 },
    { kind: 'convolution', id: 'c2', filters: 8, kernel: 3 },
    { kind: 'flatten', id: 'f' },
    { kind: 'dense', id: 'classes', units: 2 },
  ],
)

describe('divergence', () => {
  const after = (losses: readonly number[]) => losses.reduce(watchLoss, freshWatch())
  const start = new Array<number>(20).fill(0.7)

  test('is a loss that stays far above its start, not one bad batch', () => {
    expect(hasExploded(after(start), 2)).toBe(false)
    expect(hasExploded(after([...start, 7]), 2)).toBe(false)
    expect(hasExploded(after([...start, 7, 0.7, 0.7, 7, 0.7]), 2)).toBe(false)
    expect(hasExploded(after([...start, 7, 7, 7, 7, 7]), 2)).toBe(true)
  })

  test('is not what many classes cost at the start of a network that was right by chance', () =>
    expect(hasExploded(after([...new Array<number>(20).fill(0.1), ...new Array<number>(50).fill(5)]), 100)).toBe(false))

  test('ends a training whose loss explodes, with what to try, and what was saved stays good', async () => {
    const folder = aFolder()
    const order = anOrder(folder, {
      network: plain,
      learningRate: 1,
      recipe: recipe({ schedule: { kind: 'constant' } }),
      length: { kind: 'steps', steps: 300 },
    })
    await expect(runTraining(order)).rejects.toMatchObject({
      code: 'TRAINING_DIVERGED',
      message: expect.stringMatching(/the loss (rose from|became).*try 0.3, or clip the gradient/),
    })
    expect((await readCheckpoint(folder, 'latest'))!.weights.parameters.every(Number.isFinite)).toBe(true)
  })
})

test('a recipe in words leaves out what is off', () => {
  expect(recipeInWords(Recipe.parse({}))).toBe('AdamW, cosine with warm-up, weight decay 0.05, label smoothing 0.05')
  expect(recipeInWords(everything)).toBe(
    'SGD with Nesterov momentum, one cycle, weight decay 0.0005, label smoothing 0.05, classes weighted by their rarity, gradient clipped at 0.5, weights averaged (0.9), cutmix 1',
  )
})
