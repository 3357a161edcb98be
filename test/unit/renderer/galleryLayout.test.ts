/** Where the cards of a gallery lie, also of lists that are higher than a browser can draw. */
import { describe, expect, test } from 'vitest'
import {
  cornerOf,
  galleryLayout,
  longScroll,
  MOST_HEIGHT,
  offsetShowing,
  placeAt,
  placesInView,
} from '../../../src-renderer/components/galleryLayout.ts'

describe('the cards', () => {
  const layout = galleryLayout(720, 70_000, 96)

  test('lie in as many columns as fit, in the middle', () => {
    // 6 · 106 − 10 = 626 ≤ 720 − 2 · 12 < 7 · 106 − 10
    expect(layout).toMatchObject({ columns: 6, rows: 11_667, pitchX: 106, pitchY: 126, left: 47 })
    expect(cornerOf(layout, 7)).toEqual({ x: 47 + 106, y: 12 + 126 })
  })

  test.each([0, 5, 6, 69_999])('card %i is found again at its own middle', (place) => {
    const { x, y } = cornerOf(layout, place)
    expect(placeAt(layout, 70_000, x + 48, y + 48)).toBe(place)
  })

  test('beside the cards there is none, but a drag takes the nearest', () => {
    expect(placeAt(layout, 70_000, 5, 40)).toBeNull()
    expect(placeAt(layout, 70_000, 5, 40, true)).toBe(0)
    expect(placeAt(layout, 70_000, 700, 1e9, true)).toBe(69_999)
  })

  test('only rows in view, and a few more, are drawn', () => {
    const [from, to] = placesInView(layout, 70_000, 126_000, 600, 2)
    expect(from % 6).toBe(0)
    expect(cornerOf(layout, from).y).toBeLessThan(126_000)
    expect(cornerOf(layout, to).y).toBeGreaterThan(126_600)
    expect(to - from).toBeLessThanOrEqual(6 * 10)
    expect(placesInView(layout, 70_000, layout.height, 600, 2)[1]).toBe(70_000)
  })

  test('a card out of view is brought in by the shortest way, one in view moves nothing', () => {
    expect(offsetShowing(layout, 0, 500, 600)).toBe(0)
    expect(offsetShowing(layout, 12, 100, 600)).toBe(100)
    const to = offsetShowing(layout, 600, 0, 600)
    expect(cornerOf(layout, 600).y + 116 + 10).toBe(to + 600)
  })
})

describe('scrolling', () => {
  test('a list that a browser can draw is scrolled by the browser', () => {
    const { barHeight, moved, barFor } = longScroll(100_000, 600)
    expect([barHeight, moved(0, 0, 4321), barFor(4321)]).toEqual([100_000, 4321, 4321])
  })

  test('in a longer one small steps are exact, the bar is in proportion, and both ends are reached', () => {
    const height = 43_000_000
    const { barHeight, moved, barFor } = longScroll(height, 600)
    expect(barHeight).toBe(MOST_HEIGHT)
    expect(moved(10_000_000, 500_000, 500_120)).toBe(10_000_120)
    expect(moved(0, 0, MOST_HEIGHT - 600)).toBe(height - 600)
    expect(moved(height - 600, MOST_HEIGHT - 600, 0)).toBe(0)
    expect(barFor(height - 600)).toBe(MOST_HEIGHT - 600)
    // there and back
    expect(moved(0, 0, barFor(20_000_000))).toBeCloseTo(20_000_000, 3)
  })
})
