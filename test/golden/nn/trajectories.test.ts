/** Whole trainings and learning rates against PyTorch in double precision: numbers made by make_trajectories.py. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Recipe } from '../../../src-shared/recipe.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { decayRanges, optimiserOf } from '../../../src-main/nn/optimiser.ts'
import { scheduleOf } from '../../../src-main/nn/schedule.ts'
import { copyOfWeights } from '../../../src-main/nn/weightAverage.ts'
import { type Learned, trainStep } from '../../../src-main/training/step.ts'
import { network } from '../../unit/nn/randomNetworks.ts'

type Trajectory = {
  name: 'sgd' | 'adam' | 'adamw'
  seed: number
  clip: number | null
  averageDecay: number | null
  start: number[]
  rates: number[]
  batches: { patches: number[]; target: number[] }[]
  losses: number[]
  norms: number[]
  end: number[]
  mean: number[]
  variance: number[]
  average: [number[], number[], number[]] | null
}
const { trajectories, schedules } = JSON.parse(readFileSync(new URL('trajectories.json', import.meta.url), 'utf8')) as {
  trajectories: Trajectory[]
  schedules: { name: string; schedule: unknown; rates: number[] }[]
}

const described = network(
  'trajectory',
  [1, 5, 5],
  [
    { kind: 'convolution', id: 'conv', filters: 4, kernel: 3, padding: 1, bias: false },
    { kind: 'batch-norm', id: 'norm' },
    { kind: 'relu', id: 'positive' },
    { kind: 'global-average-pool', id: 'mean' },
    { kind: 'dense', id: 'classes', units: 3 },
  ],
)
const weightDecay = { sgd: 5e-4, adam: 0.01, adamw: 0.05 }

/** Twenty steps in single precision: a few of its roundings, no more. */
const close = (found: ArrayLike<number>, truth: readonly number[], what: string) => {
  expect(found.length, what).toBe(truth.length)
  for (const [at, value] of truth.entries()) expect(found[at], `${what}, ${at}`).toBeCloseTo(value, 4)
}

describe('20 steps of training end where those of PyTorch do', () => {
  test.each(trajectories)('$name, clipped at $clip, averaged with $averageDecay (torch seed $seed)', async (golden) => {
    const trainer = await onnxBackend(2).createTrainer(described, 4)
    const recipe = Recipe.parse({
      optimiser: { kind: golden.name, weightDecay: weightDecay[golden.name] },
      clipNorm: golden.clip,
      averageDecay: golden.averageDecay,
    })
    const weights = {
      parameters: Float32Array.from(golden.start),
      mean: new Float32Array(4),
      variance: new Float32Array(4).fill(1),
    }
    const learned: Learned = {
      weights,
      optimiser: optimiserOf(recipe.optimiser).init(trainer.layout.length),
      average: golden.average && copyOfWeights(weights),
    }
    const batches = {
      of: (step: number) => ({
        patches: Float32Array.from(golden.batches[step].patches),
        target: Float32Array.from(golden.batches[step].target),
        masks: [],
      }),
    }
    const run = { order: { recipe }, trainer, batches, ranges: decayRanges(trainer.layout) }
    for (const [step, rate] of golden.rates.entries()) {
      const { loss, gradientNorm } = await trainStep(run, learned, step, rate)
      expect(loss, `loss of step ${step}`).toBeCloseTo(golden.losses[step], 4)
      expect(gradientNorm, `gradient of step ${step}`).toBeCloseTo(golden.norms[step], 4)
    }
    close(weights.parameters, golden.end, 'parameters')
    close(weights.mean, golden.mean, 'running mean')
    close(weights.variance, golden.variance, 'running variance')
    if (golden.average && learned.average) {
      close(learned.average.parameters, golden.average[0], 'averaged parameters')
      close(learned.average.mean, golden.average[1], 'averaged running mean')
      close(learned.average.variance, golden.average[2], 'averaged running variance')
    }
    await trainer.dispose()
  })
})

describe('learning rates are those of PyTorch', () => {
  test.each(schedules)('$name', ({ schedule, rates }) => {
    const rateOf = scheduleOf(Recipe.shape.schedule.parse(schedule), 0.1, rates.length)
    for (const [step, rate] of rates.entries()) expect(rateOf(step), `step ${step}`).toBeCloseTo(rate, 12)
  })
})
