/** Random numbers, weights before training, learning rates and optimisers. */
import { describe, expect, test } from 'vitest'
import { initialWeights } from '../../../src-main/nn/initialise.ts'
import { parameterLayout, parameterView } from '../../../src-main/nn/graph/parameters.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { adam, adamW, decayRanges, nesterov } from '../../../src-main/nn/optimiser.ts'
import { continued, seeded, seededRandom, shuffled } from '../../../src-main/nn/random.ts'
import type { ScheduleChoice } from '../../../src-shared/recipe.ts'
import { scheduleOf } from '../../../src-main/nn/schedule.ts'
import { network } from './randomNetworks.ts'

const many = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw)
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length

describe('random numbers', () => {
  test('do not change from one version of Tessera to the next, or old runs could not be repeated', () => {
    const random = seeded(1, 2, 3)
    expect(many(4, random.next)).toEqual(FIRST_OF_SEED_1_2_3)
  })

  test('go on from a kept state', () => {
    const random = seeded(5)
    many(10, random.next)
    const state = random.state()
    const next = many(5, random.next)
    expect(many(5, continued(state).next)).toEqual(next)
  })

  test.each([1, 2, 3])('are spread evenly, and normal ones normally (seed %i)', (seed) => {
    const random = seeded(seed)
    const uniform = many(20_000, random.next)
    expect(mean(uniform)).toBeCloseTo(0.5, 1)
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = uniform.filter((value) => Math.floor(value * 10) === tenth).length / 20_000
      expect(share).toBeGreaterThan(0.09)
      expect(share).toBeLessThan(0.11)
    }
    const normal = many(20_000, random.normal)
    expect(Math.abs(mean(normal))).toBeLessThan(0.03)
    expect(mean(normal.map((value) => value * value))).toBeCloseTo(1, 1)
    expect(normal.filter((value) => Math.abs(value) < 1).length / 20_000).toBeCloseTo(0.683, 1)
  })

  test('of neighbouring seeds have nothing in common', () => {
    const firsts = many(1000, () => 0).map((_, seed) => seeded(7, seed).next())
    expect(new Set(firsts).size).toBe(1000)
    expect(mean(firsts)).toBeCloseTo(0.5, 1)
    const pairs = firsts.slice(1).map((value, at) => (value - 0.5) * (firsts[at] - 0.5))
    expect(Math.abs(mean(pairs)) * 12).toBeLessThan(0.1)
  })

  test('shuffle every order of three equally often', () => {
    const random = seeded(11)
    const orders = many(6000, () => shuffled(3, random).join())
    for (const order of new Set(orders)) {
      const times = orders.filter((other) => other === order).length
      expect(times, order).toBeGreaterThan(900)
      expect(times, order).toBeLessThan(1100)
    }
    expect(new Set(orders).size).toBe(6)
  })

  test('seededRandom gives the numbers of its seed', () => expect(seededRandom(4)()).toBe(seeded(4).next()))
})

/** Written down on 2026-11-23; computed by this program. */
const FIRST_OF_SEED_1_2_3 = [0.52150494675152, 0.6312106607947499, 0.3505533819552511, 0.8202496422454715]

describe('weights before training', () => {
  const described = network(
    'n',
    [3, 32, 32],
    [
      { kind: 'convolution', id: 'c', filters: 64, kernel: 3 },
      { kind: 'batch-norm', id: 'b' },
      { kind: 'flatten', id: 'f' },
      { kind: 'dense', id: 'd', units: 4 },
    ],
  )
  const layout = parameterLayout(networkShapes(described))
  const weights = initialWeights(layout, 3)
  const part = (name: string) => [
    ...parameterView(
      weights.parameters,
      layout.parameters.find((parameter) => parameter.name === name)!,
    ),
  ]

  test('have the variance 2 / fan-in of He, and mean 0', () => {
    for (const [name, fanIn] of [
      ['c.weight', 27],
      ['d.weight', 57_600],
    ] as const) {
      const values = part(name)
      expect(Math.abs(mean(values)) * Math.sqrt(fanIn)).toBeLessThan(0.1)
      expect((mean(values.map((value) => value * value)) * fanIn) / 2).toBeCloseTo(1, 1)
    }
  })

  test('biases and shifts are 0, scales 1, running mean 0 and variance 1', () => {
    expect(new Set([...part('c.bias'), ...part('b.shift'), ...part('d.bias'), ...weights.mean])).toEqual(new Set([0]))
    expect(new Set([...part('b.scale'), ...weights.variance])).toEqual(new Set([1]))
  })

  test('open the gates of a squeeze-excitation half: what enters their sigmoid is near 0', () => {
    const gated = parameterLayout(
      networkShapes(
        network(
          'g',
          [16, 4, 4],
          [
            { kind: 'squeeze-excitation', id: 'gates', squeezed: 64 },
            { kind: 'flatten', id: 'f' },
            { kind: 'dense', id: 'd', units: 2 },
          ],
        ),
      ),
    )
    const { parameters } = initialWeights(gated, 3)
    const roles = gated.parameters.map((parameter) => [parameter.role, parameterView(parameters, parameter)] as const)
    const of = new Map(roles)
    expect(new Set([...of.get('squeeze-bias')!, ...of.get('excite-bias')!])).toEqual(new Set([0]))
    // Over 64 hidden values of size 1, 0.1 / √64 each gives a spread of 0.1: gates between 0.45 and 0.55.
    const excite = [...of.get('excite-weight')!]
    expect(Math.sqrt(mean(excite.map((value) => value * value)) * 64)).toBeCloseTo(0.1, 2)
    expect(Math.sqrt((mean([...of.get('squeeze-weight')!].map((value) => value * value)) * 16) / 2)).toBeCloseTo(1, 1)
  })

  test('of a group convolution count every orientation it reads as fan-in, and of a grouped one its group', () => {
    const turned = parameterLayout(
      networkShapes(
        network(
          't',
          [4, 8, 8],
          [
            { kind: 'convolution', id: 'c', filters: 4, kernel: 3, groups: 2 },
            { kind: 'group-convolution', id: 'l', group: 'p4', filters: 2, kernel: 3 },
            { kind: 'group-convolution', id: 'g', group: 'p4', filters: 2, kernel: 3 },
            { kind: 'orientation-pool', id: 'o', take: 'mean' },
            { kind: 'flatten', id: 'f' },
            { kind: 'dense', id: 'd', units: 2 },
          ],
        ),
      ),
    )
    const fanIn = Object.fromEntries(turned.parameters.map((parameter) => [parameter.name, parameter.fanIn]))
    expect(fanIn).toMatchObject({ 'c.weight': 2 * 9, 'l.weight': 4 * 9, 'g.weight': 2 * 4 * 9, 'd.weight': 8 })
  })

  test('are the same for the same seed, and others for another', () => {
    expect(initialWeights(layout, 3)).toEqual(weights)
    expect(initialWeights(layout, 4).parameters).not.toEqual(weights.parameters)
  })
})

describe('learning rate', () => {
  const cosine = { kind: 'cosine', warmUp: 0.1 } as const
  const rateAt = scheduleOf(cosine, 0.1, 1000)

  test('climbs to its peak in a tenth of the steps, then falls to almost 0', () => {
    expect(rateAt(0)).toBeCloseTo(0.001, 9)
    expect(rateAt(99)).toBeCloseTo(0.1, 9)
    expect(rateAt(100)).toBeCloseTo(0.1, 9)
    expect(rateAt(550)).toBeCloseTo(0.05, 9)
    expect(rateAt(999)).toBeGreaterThan(0)
    expect(rateAt(999)).toBeLessThan(1e-6)
  })

  test('warm-up takes at most 500 steps', () => {
    const long = scheduleOf(cosine, 0.1, 100_000)
    expect(long(498)).toBeLessThan(0.1)
    expect(long(500)).toBeCloseTo(0.1, 9)
  })

  test.each([
    cosine,
    { kind: 'one-cycle', warmUp: 0.3, startDivisor: 25, endDivisor: 1e4 },
    { kind: 'step', warmUp: 0.1, at: [0.5], factor: 0.1 },
    { kind: 'constant', warmUp: 0 },
  ] satisfies ScheduleChoice[])('of a single step is its peak, and of two it is no more ($kind)', (choice) => {
    expect(scheduleOf(choice, 0.1, 1)(0)).toBeCloseTo(0.1, 12)
    for (const step of [0, 1]) {
      expect(scheduleOf(choice, 0.1, 2)(step)).toBeGreaterThan(0)
      expect(scheduleOf(choice, 0.1, 2)(step)).toBeLessThanOrEqual(0.1)
    }
  })
})

describe.each([
  ['AdamW', adamW(), 0.3, 0.9],
  // Its steps do not depend on how long a gradient is, so a little decay pulls as far as any other gradient.
  ['Adam', adam({ weightDecay: 1e-3 }), 0.3, 0],
  ['Nesterov', nesterov(), 0.02, 0.9],
])('%s', (_, optimiser, rate, decayed) => {
  const plain = (length: number) => [{ start: 0, end: length, decays: false }]

  test('finds the bottom of a bowl ten times as steep one way as the other', () => {
    const x = Float32Array.of(3, -2)
    let state = optimiser.init(2)
    for (let step = 0; step < 300; step++)
      state = optimiser.update(x, Float32Array.of(10 * x[0], x[1]), state, rate * (1 - step / 300), plain(2))
    expect(Math.abs(x[0])).toBeLessThan(0.01)
    expect(Math.abs(x[1])).toBeLessThan(0.01)
  })

  test('lets weights decay where there is no gradient, and only weights', () => {
    const x = Float32Array.of(1, 1)
    const ranges = [
      { start: 0, end: 1, decays: true },
      { start: 1, end: 2, decays: false },
    ]
    let state = optimiser.init(2)
    for (let step = 0; step < 10; step++) state = optimiser.update(x, new Float32Array(2), state, 0.1, ranges)
    expect(x[0]).toBeLessThan(1)
    expect(x[0]).toBeGreaterThan(decayed)
    expect(x[1]).toBe(1)
  })

  test('goes on from a copied state as if nothing had happened', () => {
    const gradient = (step: number) => Float32Array.of(Math.sin(step), Math.cos(step))
    const run = (x: Float32Array, state: ReturnType<typeof optimiser.init>, from: number, to: number) => {
      let now = state
      for (let step = from; step < to; step++) now = optimiser.update(x, gradient(step), now, 0.1, plain(2))
      return now
    }
    const through = Float32Array.of(1, 2)
    run(through, optimiser.init(2), 0, 20)
    const parts = Float32Array.of(1, 2)
    run(parts, structuredClone(run(parts, optimiser.init(2), 0, 9)), 9, 20)
    expect(parts).toEqual(through)
  })
})

test('decay pulls on weights, not on biases, scales and shifts', () => {
  const layout = parameterLayout(
    networkShapes(
      network(
        'n',
        [1, 3, 3],
        [
          { kind: 'convolution', id: 'c', filters: 2, kernel: 3 },
          { kind: 'batch-norm', id: 'b' },
          { kind: 'flatten', id: 'f' },
          { kind: 'dense', id: 'd', units: 2 },
        ],
      ),
    ),
  )
  expect(decayRanges(layout).map(({ decays }) => decays)).toEqual([true, false, false, false, true, false])
  expect(decayRanges(layout).map(({ start, end }) => end - start)).toEqual([18, 2, 2, 2, 4, 2])
})
