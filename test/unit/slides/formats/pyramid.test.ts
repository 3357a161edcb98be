import { describe, expect, test } from 'vitest'
import { downsampleOf } from '../../../../src-main/slides/formats/tiffPyramid.ts'

const base = { width: 2220, height: 2967 }

describe('downsample of a level', () => {
  test.each([
    ['cut to whole pixels', { width: 555, height: 741 }, 4],
    ['rounded up', { width: 555, height: 742 }, 4],
    ['a third', { width: 740, height: 989 }, 3],
    ['level 0', base, 1],
  ])('%s: the whole number that is meant', (_, level, downsample) => {
    expect(downsampleOf(base, level)).toBe(downsample)
  })

  test('where no whole number fits: the mean of both axes', () => {
    expect(downsampleOf({ width: 10_000, height: 8_000 }, { width: 4_000, height: 3_200 })).toBe(2.5)
    expect(downsampleOf({ width: 1000, height: 1000 }, { width: 300, height: 302 })).toBeCloseTo(
      (1000 / 300 + 1000 / 302) / 2,
    )
  })
})
