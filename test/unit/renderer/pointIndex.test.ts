/** Picking on the map against brute force, and the geometry of a lasso. */
import { describe, expect, test } from 'vitest'
import { fitted, toMap, toPlot, zoomedAbout } from '../../../src-renderer/viewer/map/plane.ts'
import { isInside, PointIndex } from '../../../src-renderer/viewer/map/pointIndex.ts'
import { seeded } from '../../../src-main/nn/random.ts'

const scattered = (count: number, seed: number): Float32Array => {
  const random = seeded(seed)
  return Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 ? 3 : 10) * random.normal())
}

describe.each([1, 2, 3])('1,000 points (seed %i)', (seed) => {
  const positions = scattered(1000, seed)
  const index = new PointIndex(positions)
  const random = seeded(seed, 9)

  test('the nearest is the nearest of all, and none where none is near enough', () => {
    for (let i = 0; i < 300; i++) {
      const [x, y, within] = [30 * random.normal(), 6 * random.normal(), 3 * random.next()]
      let best: number | null = null
      let least = within
      for (let point = 0; point < 1000; point++) {
        const away = Math.hypot(positions[2 * point]! - x, positions[2 * point + 1]! - y)
        if (away <= least) [best, least] = [point, away]
      }
      expect(index.nearest(x, y, within)).toBe(best)
    }
  })

  test('a lasso takes the points that a walk over all of them takes', () => {
    for (let i = 0; i < 30; i++) {
      const corners = 3 + random.below(20)
      const polygon = Float32Array.from({ length: 2 * corners }, (_, at) => (at % 2 ? 4 : 12) * random.normal())
      const all = Array.from({ length: 1000 }, (_, point) => point)
      const wanted = all.filter((point) => isInside(polygon, positions[2 * point]!, positions[2 * point + 1]!))
      expect([...index.inside(polygon)]).toEqual(wanted)
    }
  })
})

test('points on a line, in one place, or none at all can be asked for, too', () => {
  const line = new PointIndex(Float32Array.of(0, 0, 5, 0, 9, 0))
  expect(line.nearest(5.2, 0.1, 1)).toBe(1)
  const heap = new PointIndex(Float32Array.of(2, 2, 2, 2))
  expect(heap.nearest(2, 2, 0.5)).toBe(1)
  expect(new PointIndex(new Float32Array()).nearest(0, 0, 1)).toBeNull()
  expect(heap.inside(Float32Array.of(0, 0, 3, 3))).toHaveLength(0)
})

test('inside a lasso is what it goes around once: a notch is outside, and so is what it goes around twice', () => {
  const notched = Float32Array.of(0, 0, 10, 0, 10, 10, 5, 2, 0, 10)
  expect(isInside(notched, 5, 1)).toBe(true)
  expect(isInside(notched, 5, 5)).toBe(false)
  expect(isInside(notched, 1, 7)).toBe(true)
  const twice = Float32Array.of(0, 0, 4, 0, 4, 4, 0, 4, 0, 0, 4, 0, 4, 4, 0, 4)
  expect(isInside(twice, 2, 2)).toBe(false)
})

describe('the plane', () => {
  const view = { x: 3, y: -2, scale: 40, width: 300, height: 200 }

  test('there and back is where one was', () => {
    const { x, y } = toMap(view, toPlot(view, 1.25, -0.5))
    expect([x, y]).toEqual([1.25, -0.5])
    expect(toPlot(view, 3, -1).y).toBeLessThan(toPlot(view, 3, -2).y)
  })

  test('zooming keeps what lies under the pointer', () => {
    const at = { x: 40, y: 170 }
    const before = toMap(view, at)
    const after = toMap(zoomedAbout(view, 3, at), at)
    expect(after.x).toBeCloseTo(before.x, 9)
    expect(after.y).toBeCloseTo(before.y, 9)
  })

  test('all points fit, and one point alone is in the middle', () => {
    const positions = scattered(500, 4)
    const all = fitted(positions, 300, 200)
    for (let point = 0; point < 500; point++) {
      const { x, y } = toPlot(all, positions[2 * point]!, positions[2 * point + 1]!)
      expect(Math.min(x, 300 - x, y, 200 - y)).toBeGreaterThan(23.9)
    }
    expect(fitted(Float32Array.of(7, 8), 300, 200)).toMatchObject({ x: 7, y: 8, scale: 1 })
  })
})
