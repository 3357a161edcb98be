import { describe, expect, test } from 'vitest'
import { Augmentation } from '../../../src-shared/models.ts'
import { inMemory } from '../../../src-main/features/pixelFile.ts'
import { batches } from '../../../src-main/training/batches.ts'
import { isMilestone, stepsOfEpochs, stepsPerEpoch, validationInterval } from '../../../src-main/training/milestones.ts'
import { patchOrder } from '../../../src-main/training/patchOrder.ts'
import { stepsThatFit, timeStep } from '../../../src-main/training/timing.ts'

const take = (order: { patchAt(place: number): number }, from: number, count: number) =>
  Array.from({ length: count }, (_, at) => order.patchAt(from + at))
const sorted = (patches: number[]) => patches.toSorted((a, b) => a - b)

describe.each([1, 2, 3])('the order of patches (seed %i)', (seed) => {
  const classOf = Uint16Array.from([0, 0, 0, 0, 0, 0, 0, 1, 1, 2])

  test('shows every patch once in each round, in another order each time', () => {
    const order = patchOrder(classOf, false, seed)
    const rounds = [0, 1, 2].map((round) => take(order, round * 10, 10))
    for (const round of rounds) expect(sorted(round)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(rounds[1]).not.toEqual(rounds[0])
  })

  test('balanced: shows every class equally often, and every patch of a class before any comes again', () => {
    const shown = take(patchOrder(classOf, true, seed), 0, 3 * 14)
    const times = (patch: number) => shown.filter((other) => other === patch).length
    expect([0, 1, 2, 3, 4, 5, 6].map(times)).toEqual(new Array(7).fill(2))
    expect([7, 8, 9].map(times)).toEqual([7, 7, 14])
  })

  test('does not depend on where one starts to ask', () => {
    const from = patchOrder(classOf, true, seed)
    expect(take(from, 25, 10)).toEqual(take(patchOrder(classOf, true, seed), 0, 35).slice(25))
  })
})

describe('a batch', () => {
  const shape = { channels: 1, height: 2, width: 2 }
  const pixels = inMemory(
    Uint8Array.from({ length: 12 }, (_, place) => place),
    3,
    shape,
  )
  const data = { pixels, classOf: Uint16Array.of(0, 1, 2) }
  const settings = {
    batchSize: 4,
    augmentation: Augmentation.parse({ stain: 0, colour: 0 }),
    balanced: false,
    recipe: { labelSmoothing: 0.3, classWeights: 'none' as const, mix: { kind: 'none' as const } },
    seed: 5,
  }
  const normalisation = { mean: [0], std: [1 / 255] }
  const masks = [{ name: 'd.mask', layer: 'd', rate: 0.25, dims: [4, 1000] }]

  test('tells the network the class of each patch it shows, smoothed', () => {
    const { patches, target } = batches(data, 3, settings, normalisation, []).of(0)
    for (let place = 0; place < 4; place++) {
      const patch = Math.floor(Math.min(...patches.subarray(4 * place, 4 * place + 4)) / 4 + 1e-6)
      const row = target.subarray(3 * place, 3 * place + 3)
      for (const k of [0, 1, 2]) expect(row[k]).toBeCloseTo(k === patch ? 0.8 : 0.1, 6)
    }
  })

  test('is the same whenever its step is asked for, and another for every step', () => {
    const one = batches(data, 3, settings, normalisation, masks)
    const step5 = structuredClone(one.of(5))
    const step6 = structuredClone(one.of(6))
    expect(batches(data, 3, settings, normalisation, masks).of(5)).toEqual(step5)
    expect(step6).not.toEqual(step5)
  })

  test('drops the share of values it should, and keeps their mean', () => {
    const [mask] = batches(data, 3, settings, normalisation, masks).of(1).masks
    const dropped = mask.filter((value) => value === 0).length / mask.length
    expect(dropped).toBeGreaterThan(0.22)
    expect(dropped).toBeLessThan(0.28)
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(4 / 3)]))
  })
})

describe('milestones', () => {
  test('epochs are counted in patches, whatever the batch', () => {
    expect(stepsPerEpoch(18_706, 64)).toBe(292)
    expect(stepsOfEpochs(4, 18_706, 64)).toBe(1169)
    expect(stepsPerEpoch(5, 64)).toBe(1)
  })

  test.each([
    ['an epoch', 3000, 292, 292],
    ['not more than 25 times when epochs are short', 1000, 3, 40],
    ['at least 5 times when epochs are long', 1000, 900, 200],
  ])('validation comes after %s', (_, steps, perEpoch, interval) =>
    expect(validationInterval(steps, perEpoch)).toBe(interval),
  )

  test('the last step is one, whatever the interval', () =>
    expect([99, 100, 103].map((step) => isMilestone(step, 103, 50))).toEqual([false, true, true]))
})

describe('minutes to steps', () => {
  test('the time asked for is filled but not exceeded, validations included', () => {
    const durations = { step: 0.1, validation: 2 }
    const steps = stepsThatFit(60, durations, 50)
    const needed = (steps: number) => steps * 0.1 + Math.ceil(steps / validationInterval(steps, 50)) * 2
    expect(needed(steps)).toBeLessThanOrEqual(60)
    expect(needed(steps + 60)).toBeGreaterThan(60)
  })

  test('even a time too short for anything gives one step', () =>
    expect(stepsThatFit(0.01, { step: 5, validation: 1 }, 10)).toBe(1))

  test('a step is timed after the first ones, which are slower', async () => {
    let clock = 0
    const seconds = await timeStep(
      (step) => {
        clock += step < 2 ? 10 : 0.5
        return Promise.resolve()
      },
      1,
      () => clock,
    )
    expect(seconds).toBeCloseTo(0.5, 9)
  })
})
