import { describe, expect, test } from 'vitest'
import { type Side, splitAuto, splitBy, type SplitItem } from '../../../src-main/training/split.ts'
import { level0Px } from '../../../src-shared/units.ts'
import { integerBelow, seeded } from '../../fixtures/random.ts'

const EDGE = 96

const at = (column: number, row: number) => ({
  x: level0Px(column * EDGE),
  y: level0Px(row * EDGE),
  width: level0Px(EDGE),
  height: level0Px(EDGE),
})

const item = (target: number, caseName: string, slide: string, column = 0, row = 0): SplitItem => ({
  target,
  case: caseName,
  slide,
  rect: at(column, row),
})

/** `perSlide` patches of two classes on each slide, scattered over 28 × 24 cells. */
function scattered(seed: number, slides: [name: string, caseName: string][], perSlide = 80): SplitItem[] {
  const random = seeded(seed)
  return slides.flatMap(([slide, caseName]) => {
    const cells = new Set<number>()
    while (cells.size < perSlide) cells.add(integerBelow(random, 28 * 24))
    return [...cells].map((cell, i) => item(i % 2, caseName, slide, cell % 28, Math.floor(cell / 28)))
  })
}

const on = (items: SplitItem[], sides: Side[], side: Side) => items.filter((_, i) => sides[i] === side)
const keys = (items: SplitItem[], key: 'case' | 'slide') => new Set(items.map((each) => each[key]))

describe.each([1, 2, 3, 4, 5])('held-out patches (seed %i)', (seed) => {
  test('no patient is on both sides, and about a fifth of each class is held out', () => {
    const items = scattered(
      seed,
      Array.from({ length: 10 }, (_, i) => [`slide ${i}`, `case ${i >> 1}`]),
    )
    const { rule, sides } = splitAuto(items, 2, 0.2, seeded(seed))!
    expect(rule).toBe('case')
    expect(
      [...keys(on(items, sides, 'validation'), 'case')].filter((each) =>
        keys(on(items, sides, 'training'), 'case').has(each),
      ),
    ).toEqual([])
    for (const target of [0, 1]) {
      const share = on(items, sides, 'validation').filter((each) => each.target === target).length / (items.length / 2)
      expect(share).toBeCloseTo(0.2, 5)
    }
  })

  test('one patient with several slides is split by slide', () => {
    const items = scattered(seed, [
      ['a', 'one'],
      ['b', 'one'],
      ['c', 'one'],
      ['d', 'one'],
    ])
    const { rule, sides } = splitAuto(items, 2, 0.25, seeded(seed))!
    expect(rule).toBe('slide')
    expect(keys(on(items, sides, 'validation'), 'slide').size).toBe(1)
  })

  test('one slide is split by blocks, and no trained patch is nearer than one patch to a held-out one', () => {
    const items = scattered(seed, [['mosaic', 'mosaic']])
    const { rule, sides } = splitAuto(items, 2, 0.2, seeded(seed))!
    expect(rule).toBe('blocks')
    for (const trained of on(items, sides, 'training'))
      for (const held of on(items, sides, 'validation')) {
        const columns = Math.abs(trained.rect!.x - held.rect!.x) / EDGE
        const rows = Math.abs(trained.rect!.y - held.rect!.y) / EDGE
        expect(Math.max(columns, rows)).toBeGreaterThanOrEqual(2)
      }
    for (const side of ['training', 'validation'] as const)
      expect(new Set(on(items, sides, side).map((each) => each.target)).size).toBe(2)
    expect(on(items, sides, 'training').length).toBeGreaterThan(items.length / 3)
  })

  test('the same seed holds out the same patches, other seeds others', () => {
    const items = scattered(seed, [['mosaic', 'mosaic']])
    const drawn = (each: number) => splitAuto(items, 2, 0.2, seeded(each))!.sides.join()
    expect(drawn(seed)).toEqual(drawn(seed))
    expect(new Set([1, 2, 3, 4, 5, 6].map(drawn)).size).toBeGreaterThan(1)
  })
})

test('when one patient has all of a class, cases can not be held out, and the next rule is taken', () => {
  const items = [
    ...scattered(1, [['a', 'sick']]).map((each) => ({ ...each, target: 1 })),
    ...scattered(2, [['b', 'healthy']]).map((each) => ({ ...each, target: 0 })),
  ]
  expect(splitBy('case', items, 2, 0.2, seeded(1))).toBeNull()
  expect(splitBy('slide', items, 2, 0.2, seeded(1))).toBeNull()
  expect(splitAuto(items, 2, 0.2, seeded(1))?.rule).toBe('blocks')
})

test('two labels beside each other can not be split at all', () => {
  expect(splitAuto([item(0, 'a', 'a', 0, 0), item(1, 'a', 'a', 1, 0)], 2, 0.2, seeded(1))).toBeNull()
})

test('100,000 labels on one slide are split by blocks within seconds', () => {
  const items = Array.from({ length: 100_000 }, (_, i) => item(i % 2, 'a', 'a', i % 400, Math.floor(i / 400)))
  expect(splitAuto(items, 2, 0.2, seeded(1))?.rule).toBe('blocks')
})

test('60,000 patches of unknown patients are split within a second', () => {
  const items = Array.from({ length: 60_000 }, (_, i): SplitItem => ({
    target: i % 10,
    case: `${i}`,
    slide: `${i}`,
    rect: null,
  }))
  const { rule, sides } = splitAuto(items, 10, 0.1, seeded(1))!
  expect(rule).toBe('case')
  expect(on(items, sides, 'validation').length).toBe(6000)
})
