/** Numbers and times as the screen writes them. */
import { describe, expect, test } from 'vitest'
import * as numbers from '../../../src-renderer/formats/numbers.ts'
import { scaleBar } from '../../../src-renderer/formats/scaleBar.ts'
import { clock, duration, when } from '../../../src-renderer/formats/times.ts'

describe('numbers', () => {
  test('counts carry separators, and one is one', () => {
    expect(numbers.count(1234567)).toBe('1,234,567')
    expect(numbers.counted(1, 'patch', 'patches')).toBe('1 patch')
    expect(numbers.counted(1204, 'patch', 'patches')).toBe('1,204 patches')
    expect(numbers.counted(0, 'label')).toBe('0 labels')
    expect(numbers.shortCount(99_999)).toBe('99,999')
    expect(numbers.shortCount(1_000_000)).toBe('1M')
  })

  test('µm/px has two digits, a third only where it says something', () => {
    expect(numbers.mpp(0.5)).toBe('0.50 µm/px')
    expect(numbers.mpp(0.2525)).toBe('0.253 µm/px')
    expect(numbers.mpp(0.97)).toBe('0.97 µm/px')
  })

  test('lengths and areas carry the unit that suits them', () => {
    expect(numbers.micrometres(112)).toBe('112 µm')
    expect(numbers.micrometres(4.25)).toBe('4.3 µm')
    expect(numbers.micrometres(1250)).toBe('1.25 mm')
    expect(numbers.squareMillimetres(12.4)).toBe('12.40')
    expect(numbers.squareMillimetres(0.00867)).toBe('0.00867')
    expect(numbers.squareMillimetres(0)).toBe('0.00')
  })

  test('shares, intervals, sizes and rates', () => {
    expect(numbers.percent(0.934)).toBe('93.4\u00a0%')
    expect(numbers.interval([0.9134, 0.9521])).toBe('0.913–0.952')
    expect(numbers.bytes(0)).toBe('0 B')
    expect(numbers.bytes(5_540_000)).toBe('5.5 MB')
    expect(numbers.bytes(480_000_000)).toBe('480 MB')
    expect(numbers.rate(412.4, 'patches')).toBe('412 patches/s')
    expect(numbers.rate(3.44, 'steps')).toBe('3.4 steps/s')
  })

  test('magnifications as a pathologist says them', () => {
    expect([0.28, 1, 2.5, 7.7, 20.02, 40].map(numbers.magnification)).toEqual([
      '0.28x',
      '1x',
      '2.5x',
      '7.7x',
      '20x',
      '40x',
    ])
  })
})

describe('times', () => {
  test('how long', () => {
    expect([7, 80, 7500, -1].map(duration)).toEqual(['0:07', '1:20', '2:05:00', '0:00'])
  })

  test('when: the time today, the day otherwise', () => {
    const noon = new Date(2026, 10, 22, 12, 3, 7).getTime()
    expect(clock(noon)).toBe('12:03:07')
    expect(when(noon, noon + 1000)).toBe('12:03')
    expect(when(noon, noon + 3 * 86_400_000)).toBe('22 Nov 2026, 12:03')
  })
})

test.each([0.01, 0.25, 0.97, 3.7, 26, 251])(
  'the scale bar at %f µm per px is 1, 2 or 5 times a power of ten and fits',
  (scale) => {
    const { microns, px } = scaleBar(scale)
    expect(px).toBeLessThanOrEqual(140)
    expect(px).toBeGreaterThan(140 / 2.6)
    expect(['1', '2', '5']).toContain(microns.toExponential().charAt(0))
  },
)
