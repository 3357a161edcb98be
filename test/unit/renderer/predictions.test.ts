/** Probabilities as they arrive, the order of review, and the colouring of a whole grid. */
import { describe, expect, test } from 'vitest'
import {
  decide,
  mostProbable,
  type PatchProbabilities,
  type PredictionRun,
  summarise,
} from '../../../src-shared/predictions.ts'
import { Probabilities } from '../../../src-renderer/stores/probabilities.ts'
import { candidatePicker, type ReviewOrder } from '../../../src-renderer/stores/reviewOrder.ts'
import { CLEAR, pixelOf, viridisStep, VIRIDIS_PIXELS } from '../../../src-renderer/viewer/layers/colourTables.ts'
import { colourAll, type ShownPredictions } from '../../../src-renderer/viewer/layers/predictionLayer.ts'
import { seeded } from '../../fixtures/random.ts'

const SEEDS = [1, 2, 3, 4, 5]

function aBlock(seed: number, patches: number, classes: number): PatchProbabilities {
  const random = seeded(seed)
  const probabilities = new Float32Array(patches * classes)
  for (let row = 0; row < patches; row++) {
    const values = Array.from({ length: classes }, () => random())
    const sum = values.reduce((total, value) => total + value, 0)
    for (let k = 0; k < classes; k++) probabilities[row * classes + k] = values[k]! / sum
  }
  return { patch: Uint32Array.from({ length: patches }, (_, i) => i), probabilities }
}

describe('probabilities', () => {
  test.each(SEEDS)('decide and count as the shared rules do (seed %i)', (seed) => {
    for (const classes of [2, 3, 7]) {
      const block = aBlock(seed, 200, classes)
      const known = new Probabilities(200, classes)
      known.add(block)
      for (const threshold of [0.1, 0.5, 0.9]) {
        const decision = { positive: 1, threshold }
        for (let patch = 0; patch < 200; patch++) {
          expect(known.first[patch]).toBe(mostProbable(block.probabilities, patch, classes))
          expect(known.decide(patch, 1, threshold)).toBe(decide(block.probabilities, patch, classes, decision))
        }
        expect(known.count(1, threshold)).toEqual(summarise(block.probabilities, classes, null, decision).counts)
      }
    }
  })

  test('a patch that arrives twice counts once, with what came last', () => {
    const known = new Probabilities(3, 2)
    known.add({ patch: Uint32Array.of(1), probabilities: Float32Array.of(0.75, 0.25) })
    known.add({ patch: Uint32Array.of(1), probabilities: Float32Array.of(0.25, 0.75) })
    expect(known.known).toBe(1)
    expect([...known.counts]).toEqual([0, 1])
    expect([...known.of(1)!]).toEqual([0.25, 0.75])
    expect(known.of(0)).toBeNull()
  })

  test('in blocks, every patch comes once', () => {
    const known = new Probabilities(40_000, 2)
    const patches = [...known.blocks()].flatMap((block) => [...block.patch])
    expect(patches).toEqual(Array.from({ length: 40_000 }, (_, i) => i))
  })
})

describe('the order of review', () => {
  const block: PatchProbabilities = {
    patch: Uint32Array.of(10, 11, 12, 13, 14),
    // margins 0.8, 0.1, 0.4, 0.0; the last is not predicted
    probabilities: Float32Array.of(0.9, 0.1, 0.45, 0.55, 0.7, 0.3, 0.5, 0.5, NaN, NaN),
  }
  const order = (kind: ReviewOrder, labels: Record<number, number>, most = 10) => {
    const picker = candidatePicker(2, most, kind, (patch) => labels[patch] ?? null)
    picker.look(block)
    return picker.picked().map((each) => each.patch)
  }

  test('uncertain: the smallest margin first, labelled patches left out', () => {
    expect(order('uncertain', {})).toEqual([13, 11, 12, 10])
    expect(order('uncertain', { 13: 0 })).toEqual([11, 12, 10])
  })

  test('disagrees: labelled otherwise than predicted, the surest prediction first', () => {
    expect(order('disagrees', { 10: 1, 11: 1, 12: 1, 13: -1 })).toEqual([10, 12])
  })

  test('random: the same order every time, another than by number', () => {
    expect(order('random', {})).toEqual(order('random', {}))
    expect(order('random', {}).toSorted((a, b) => a - b)).toEqual([10, 11, 12, 13])
  })

  test.each(SEEDS)('keeping the best few of many is the same as sorting all (seed %i)', (seed) => {
    const many = aBlock(seed, 3000, 3)
    const all = candidatePicker(3, 3000, 'uncertain', () => null)
    const few = candidatePicker(3, 7, 'uncertain', () => null)
    for (let from = 0; from < 3000; from += 500) {
      const part = {
        patch: many.patch.subarray(from, from + 500),
        probabilities: many.probabilities.subarray(from * 3, (from + 500) * 3),
      }
      all.look(part)
      few.look(part)
    }
    expect(few.picked().map((each) => each.patch)).toEqual(
      all
        .picked()
        .slice(0, 7)
        .map((each) => each.patch),
    )
  })
})

describe('colouring a grid', () => {
  const known = new Probabilities(4, 2)
  known.add({ patch: Uint32Array.of(0, 1, 2), probabilities: Float32Array.of(0.9, 0.1, 0.4, 0.6, 0.2, 0.8) })
  const shown = (change: Partial<ShownPredictions>): ShownPredictions => ({
    run: {
      classes: [
        { name: 'tumor', colour: '#c80000' },
        { name: 'normal', colour: '#0072b2' },
      ],
    } as PredictionRun,
    grid: {} as ShownPredictions['grid'],
    probabilities: known,
    map: 'probability',
    positive: 0,
    threshold: 0.5,
    hideBelow: false,
    opacity: 1,
    ...change,
  })
  const pixels = (change: Partial<ShownPredictions>) => {
    const out = new Uint32Array(4)
    colourAll(shown(change), out)
    return [...out]
  }
  const [tumor, normal] = [pixelOf([200, 0, 0]), pixelOf([0, 114, 178])]

  test('the probability of one class on the fixed scale; what is not predicted is clear', () => {
    const of = (p: number) => VIRIDIS_PIXELS[viridisStep(Math.fround(p))]!
    expect(pixels({})).toEqual([of(0.9), of(0.4), of(0.2), CLEAR])
    expect(pixels({ hideBelow: true })).toEqual([of(0.9), CLEAR, CLEAR, CLEAR])
  })

  test('the class map follows the threshold', () => {
    expect(pixels({ map: 'class' })).toEqual([tumor, normal, normal, CLEAR])
    expect(pixels({ map: 'class', threshold: 0.3 })).toEqual([tumor, tumor, normal, CLEAR])
    expect(pixels({ map: 'class', threshold: 0.95 })).toEqual([normal, normal, normal, CLEAR])
  })
})
