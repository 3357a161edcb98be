import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src-main/nn/random.ts'
import { foldsAuto, foldsBy } from '../../../src-main/training/folds.ts'
import { foldsBySource } from '../../../src-main/training/runFiles.ts'
import type { SplitItem } from '../../../src-main/training/split.ts'
import { level0Px } from '../../../src-shared/units.ts'
import type { SourceId } from '../../../src-shared/ids.ts'

/** 12 cases of 2 to 13 patches, class by the parity of the patch. */
const items: SplitItem[] = Array.from({ length: 12 }, (_, c) =>
  Array.from({ length: 2 + c }, (_, i) => ({ target: i % 2, case: `case ${c}`, slide: `slide ${c}`, rect: null })),
).flat()

/** One slide, 20 × 20 patches of 100 px; the right half is of class 1. */
const oneSlide: SplitItem[] = Array.from({ length: 400 }, (_, i) => {
  const [x, y] = [i % 20, Math.floor(i / 20)]
  const rect = { x: level0Px(100 * x), y: level0Px(100 * y), width: level0Px(100), height: level0Px(100) }
  return { target: Number(x >= 10), case: 'a', slide: 'a', rect }
})

describe.each([1, 2, 3])('folds (seed %i)', (seed) => {
  test('hold every patch out once, and keep a case together', () => {
    const { sides, rule } = foldsAuto(items, 2, 4, seededRandom(seed))!
    expect(rule).toBe('case')
    expect(sides).toHaveLength(4)
    for (const [i] of items.entries()) expect(sides.filter((own) => own[i] === 'validation')).toHaveLength(1)
    for (const own of sides) {
      const cases = (side: string) => new Set(items.filter((_, i) => own[i] === side).map((item) => item.case))
      expect([...cases('validation')].filter((each) => cases('training').has(each))).toEqual([])
    }
  })

  test('are about equally large in each class', () => {
    const { sides } = foldsBy('case', items, 2, 4, seededRandom(seed))!
    for (const own of sides)
      for (const target of [0, 1]) {
        const held = items.filter((item, i) => own[i] === 'validation' && item.target === target).length
        const equal = items.filter((item) => item.target === target).length / 4
        expect(Math.abs(held / equal - 1)).toBeLessThan(0.35)
      }
  })

  test('of one slide are blocks, with a gap of one patch around each', () => {
    const { sides, rule } = foldsAuto(oneSlide, 2, 3, seededRandom(seed))!
    expect(rule).toBe('blocks')
    for (const own of sides) {
      expect(own).toContain('left-out')
      const on = (side: string) => oneSlide.filter((_, i) => own[i] === side).map(({ rect }) => rect!)
      for (const trained of on('training'))
        for (const held of on('validation'))
          expect(Math.max(Math.abs(trained.x - held.x), Math.abs(trained.y - held.y))).toBeGreaterThanOrEqual(200)
    }
  })
})

test('more folds than cases, and a class that only one case has, can not be', () => {
  expect(foldsBy('case', items, 2, 13, seededRandom(1))).toBe(null)
  const lonely = items.map((item) => ({ ...item, target: Number(item.case === 'case 3') }))
  expect(foldsBy('case', lonely, 2, 3, seededRandom(1))).toBe(null)
})

test('sides follow their patches into the order of the pixel file', () => {
  const known = { case: true, slide: true }
  const of = (source: string) => ({ ...items[0]!, source: source as SourceId, patch: 0, known })
  const patches = [of('a'), of('b'), of('a'), of('b')]
  expect(foldsBySource(patches, [['training', 'validation', 'left-out', 'training']])).toEqual([
    ['training', 'left-out', 'validation', 'training'],
  ])
})
