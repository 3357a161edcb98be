/** Against PyTorch in double precision: numbers made by make_networks.py. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { NetworkDescription } from '../../../src-shared/networks.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import { adamW, nesterov } from '../../../src-main/nn/optimiser.ts'
import { referencePredict, referenceStep } from '../../../src-main/nn/reference/network.ts'
import { tensor } from '../../../src-main/nn/reference/tensor.ts'

type GoldenNetwork = {
  network: unknown
  seed: number
  batch: number
  parameters: number[]
  patches: number[]
  target: number[]
  masks: Record<string, number[]>
  loss: number
  logits: number[]
  gradient: number[]
  mean: number[]
  variance: number[]
  running: { mean: number[]; variance: number[] }
  probabilities: number[]
}
type GoldenPath = {
  name: string
  seed: number
  start: number[]
  matrix: number[]
  decaying: number
  rates: number[]
  path: number[][]
}

const golden = <Case>(name: string): Case[] =>
  (JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as { cases: Case[] }).cases

function expectClose(found: ArrayLike<number>, truth: readonly number[], within: number, what: string): void {
  expect(found.length, what).toBe(truth.length)
  const largest = Math.max(...truth.map(Math.abs))
  const worst = Math.max(...truth.map((value, place) => Math.abs(found[place] - value)))
  expect(worst / largest, `largest error of ${what}, as a share of its largest number`).toBeLessThan(within)
}

const networks = golden<GoldenNetwork>('networks.json').map((each) => ({
  ...each,
  network: NetworkDescription.parse(each.network),
  title: `${NetworkDescription.parse(each.network).name} (torch seed ${each.seed})`,
}))

describe('the reference equals PyTorch to ten digits', () => {
  test.each(networks)('$title', ({ network, batch, ...numbers }) => {
    const patches = tensor([batch, ...network.input], numbers.patches)
    const weights = {
      parameters: Float64Array.from(numbers.parameters),
      mean: Float64Array.from(numbers.running.mean),
      variance: Float64Array.from(numbers.running.variance),
    }
    const masks = new Map(
      Object.entries(numbers.masks).map(([layer, mask]) => [layer, tensor([mask.length], mask)] as const),
    )
    const target = tensor([batch, numbers.target.length / batch], numbers.target)
    const step = referenceStep(network, weights, patches, target, masks)
    expect(step.loss).toBeCloseTo(numbers.loss, 10)
    expectClose(step.logits.data, numbers.logits, 1e-10, 'logits')
    expectClose(step.gradient, numbers.gradient, 1e-10, 'gradient')
    if (numbers.mean.length > 0) {
      expectClose(step.mean, numbers.mean, 1e-10, 'mean')
      expectClose(step.variance, numbers.variance, 1e-10, 'variance')
    }
    expectClose(referencePredict(network, weights, patches).data, numbers.probabilities, 1e-10, 'probabilities')
  })
})

describe('the engine equals PyTorch to five digits', () => {
  test.each(networks)('$title', async ({ network, batch, ...numbers }) => {
    const backend = onnxBackend(2)
    const weights = {
      parameters: Float32Array.from(numbers.parameters),
      mean: Float32Array.from(numbers.running.mean),
      variance: Float32Array.from(numbers.running.variance),
    }
    const trainer = await backend.createTrainer(network, batch)
    const patches = Float32Array.from(numbers.patches)
    const step = await trainer.step(weights, {
      patches,
      target: Float32Array.from(numbers.target),
      masks: trainer.masks.map(({ layer }) => Float32Array.from(numbers.masks[layer])),
    })
    expect(step.loss).toBeCloseTo(numbers.loss, 5)
    expectClose(step.gradient, numbers.gradient, 1e-5, 'gradient')
    await trainer.dispose()

    const predictor = await backend.createPredictor(forwardModel(network, weights), network.name)
    expectClose(await predictor.run(patches, batch), numbers.probabilities, 1e-5, 'probabilities')
    await predictor.dispose()
  })
})

describe('optimisers walk the same path as those of PyTorch', () => {
  const ours = { AdamW: adamW({ weightDecay: 0.05 }), Nesterov: nesterov({ momentum: 0.9, weightDecay: 5e-4 }) }

  test.each(golden<GoldenPath>('optimisers.json'))('$name over 25 steps (torch seed $seed)', (path) => {
    const optimiser = ours[path.name as keyof typeof ours]
    const length = path.start.length
    const ranges = [
      { start: 0, end: path.decaying, decays: true },
      { start: path.decaying, end: length, decays: false },
    ]
    const x = Float32Array.from(path.start)
    let state = optimiser.init(length)
    for (const [step, rate] of path.rates.entries()) {
      state = optimiser.update(x, slopeOfBowl(x, path.matrix), state, rate, ranges)
      expectClose(x, path.path[step], 2e-5, `place after step ${step + 1}`)
    }
  })
})

/** Gradient of ½ |M x|² + Σ cos x: Mᵀ M x − sin x. */
function slopeOfBowl(x: Float32Array, matrix: readonly number[]): Float32Array {
  const n = x.length
  const product = Array.from({ length: n }, (_, row) =>
    x.reduce((sum, value, column) => sum + matrix[row * n + column] * value, 0),
  )
  return x.map(
    (value, column) => product.reduce((sum, each, row) => sum + matrix[row * n + column] * each, 0) - Math.sin(value),
  )
}
