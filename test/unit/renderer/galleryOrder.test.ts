/** What a gallery shows and in which order, against a plain reading of the words. */
import { describe, expect, test } from 'vitest'
import {
  ANY_PREDICTION,
  filteredPatches,
  type LabelFilter,
  type PredictionFilter,
} from '../../../src-renderer/stores/galleryFilter.ts'
import {
  agePlaces,
  type GalleryOrder,
  type OrderFacts,
  orderedPatches,
  placesBetween,
} from '../../../src-renderer/stores/galleryOrder.ts'
import { perMinuteOf } from '../../../src-renderer/stores/labellingPace.ts'
import { seeded } from '../../fixtures/random.ts'

const NORMAL = 2
const TUMOR = 1
const STROMA = 5

/** Predictions of a model that knows tumor and normal, and a third class the project has not. */
const predictedOf = (rows: (readonly number[] | null)[]): NonNullable<OrderFacts['predicted']> => ({
  classes: [{ name: 'tumor' }, { name: 'normal' }, { name: 'mucin' }],
  numbers: [TUMOR, NORMAL, 0],
  values: Float32Array.from(rows.flatMap((row) => [...(row ?? [NaN, NaN, NaN])])),
  first: Uint8Array.from(rows, (row) => (row ? row.indexOf(Math.max(...row)) : 0)),
})

const small: OrderFacts = {
  size: 6,
  inside: null,
  labels: Uint16Array.of(2, 0, 1, 2, 1, 0),
  given: Uint16Array.of(2, 1, 2, 2, 0, 0),
  unfit: new Map([[3, 'it has 90 × 96 px']]),
  predicted: predictedOf([
    [0.05, 0.9, 0.05],
    null,
    [0.3, 0.6, 0.1],
    [0.9, 0.05, 0.05],
    [0.7, 0.2, 0.1],
    [0.1, 0.4, 0.5],
  ]),
  classOrder: [2, 1],
  slideOf: Uint32Array.of(2, 1, 0, 1, 2, 3),
  asked: null,
}
const show = (
  facts: OrderFacts,
  label: LabelFilter,
  order: GalleryOrder,
  prediction: Partial<PredictionFilter> = {},
) => [...orderedPatches(facts, filteredPatches(facts, label, { ...ANY_PREDICTION, ...prediction }), order)]

describe('the list', () => {
  test.each([
    ['all', 'file', [0, 1, 2, 3, 4, 5]],
    ['unlabelled', 'file', [1, 5]],
    ['labelled', 'file', [0, 2, 3, 4]],
    [1, 'file', [2, 4]],
    ['changed', 'file', [2]],
    ['unfit', 'file', [3]],
    ['all', 'class', [0, 3, 2, 4, 1, 5]],
    ['all', 'predicted', [3, 4, 0, 2, 5, 1]],
    ['all', 'unsure', [5, 2, 4, 0, 3, 1]],
    ['all', 'sure', [0, 3, 4, 2, 5, 1]],
    ['all', 'disagrees', [3, 2, 0, 1, 4, 5]],
    ['all', 'slide', [1, 3, 0, 4, 5, 2]],
    [2, 'unsure', [0, 3]],
  ] as const)('of %s by %s', (filter, order, expected) => {
    expect(show(small, filter, order)).toEqual(expected)
  })

  test.each([
    ['of one predicted class', { predicted: 'tumor' }, [3, 4]],
    ['of a class the model has not', { predicted: 'fat' }, []],
    ['in a range of confidence, both ends counted', { least: 0.6, most: 0.7 }, [2, 4]],
    ['where label and prediction agree', { agreement: 'agrees' }, [0, 4]],
    ['where they disagree', { agreement: 'disagrees' }, [2, 3]],
    ['by all at once', { predicted: 'tumor', least: 0.8, agreement: 'disagrees' }, [3]],
  ] as const)('%s', (_, prediction, expected) => {
    expect(show(small, 'all', 'file', prediction)).toEqual(expected)
  })

  test('a label of a class the model does not know neither agrees nor disagrees', () => {
    const facts = { ...small, labels: Uint16Array.of(STROMA, 0, 1, 2, 1, 0) }
    expect(show(facts, 'all', 'file', { agreement: 'agrees' })).toEqual([4])
    expect(show(facts, 'all', 'file', { agreement: 'disagrees' })).toEqual([2, 3])
  })

  test('outside the tissue mask nothing is shown', () => {
    expect(show({ ...small, inside: Uint8Array.of(1, 1, 0, 0, 0, 1) }, 'all', 'sure')).toEqual([0, 5, 1])
  })

  test('the newest and the oldest labels come first, what has none last', () => {
    const ages = { patch: Uint32Array.of(0, 2, 3, 4), gesture: Uint32Array.of(7, 3, 7, 9) }
    expect(show({ ...small, asked: agePlaces(6, ages, 'newest') }, 'all', 'newest')).toEqual([4, 0, 3, 2, 1, 5])
    expect(show({ ...small, asked: agePlaces(6, ages, 'oldest') }, 'all', 'oldest')).toEqual([2, 0, 3, 4, 1, 5])
  })

  test('a rectangle of cards is the same from each of its corners, and ends with the list', () => {
    expect(placesBetween(1, 6, 4, 100)).toEqual([1, 2, 5, 6])
    expect(placesBetween(6, 1, 4, 100)).toEqual([1, 2, 5, 6])
    expect(placesBetween(2, 5, 4, 6)).toEqual([1, 2, 5])
  })
})

/** Made-up patches, of which some are not predicted. */
function many(seed: number, size: number): OrderFacts {
  const random = seeded(seed)
  const rows = Array.from({ length: size }, () => {
    if (random() < 0.1) return null
    const raw = [random(), random(), random()].map((each) => each ** 3)
    const sum = raw.reduce((a, b) => a + b)
    return raw.map((each) => Math.fround(each / sum))
  })
  return {
    ...small,
    size,
    inside: Uint8Array.from({ length: size }, () => Number(random() < 0.8)),
    labels: Uint16Array.from({ length: size }, () => Math.floor(3 * random())),
    given: null,
    unfit: new Map(),
    predicted: predictedOf(rows),
    slideOf: null,
  }
}

test.each([1, 2, 3])('least confidence, margin and entropy order as their formulas do (seed %i)', (seed) => {
  const facts = many(seed, 400)
  const p = (patch: number) => [...facts.predicted!.values.subarray(3 * patch, 3 * patch + 3)]
  const sorted = (patch: number) => p(patch).toSorted((a, b) => b - a) as [number, number, number]
  const formulas = {
    unsure: (patch: number) => 1 - sorted(patch)[0],
    margin: (patch: number) => 1 - (sorted(patch)[0] - sorted(patch)[1]),
    entropy: (patch: number) => -p(patch).reduce((sum, each) => sum + (each > 0 ? each * Math.log(each) : 0), 0),
  }
  const inside = [...Array(400).keys()].filter((patch) => facts.inside![patch])
  for (const [order, formula] of Object.entries(formulas) as [keyof typeof formulas, (patch: number) => number][]) {
    const shown = show(facts, 'all', order)
    expect(shown.toSorted((a, b) => a - b)).toEqual(inside)
    const known = shown.filter((patch) => !Number.isNaN(p(patch)[0]!))
    expect(shown.slice(0, known.length)).toEqual(known)
    // float32 keys: neighbours may be equal to its last digit
    for (let i = 1; i < known.length; i++) expect(formula(known[i]!)).toBeLessThan(formula(known[i - 1]!) + 1e-6)
  }
})

test('300,000 patches are filtered and put in order by entropy in less than a second of the processor', () => {
  const facts = many(4, 300_000)
  const begun = process.cpuUsage()
  const shown = show(facts, 'unlabelled', 'entropy', { least: 0.4 })
  expect(process.cpuUsage(begun).user / 1000).toBeLessThan(1000)
  expect(shown.length).toBeGreaterThan(30_000)
})

test('labels per minute count from the first to the last, and need three', () => {
  expect(perMinuteOf([0, 1000])).toBeNull()
  expect(perMinuteOf([0, 1000, 2000])).toBe(60)
  expect(perMinuteOf([5, 5, 5])).toBeNull()
})
