import { describe, expect, test } from 'vitest'
import { gridGeometry } from '../../../../src-shared/patches.ts'
import { micronPerPx } from '../../../../src-shared/units.ts'
import { squaredDistance } from '../../../../src-main/slides/pixels/distance.ts'
import {
  closeMask,
  otsuThreshold,
  saturationOf,
  tissueShare,
  tissueThreshold,
} from '../../../../src-main/slides/pixels/tissue.ts'
import { integerBelow, seeded } from '../../../fixtures/random.ts'

const randomMask = (seed: number, length: number, share: number): Uint8Array => {
  const random = seeded(seed)
  return Uint8Array.from({ length }, () => (random() < share ? 1 : 0))
}

test('saturation: none for white, grey and black, full for pure colours, half for pale ones', () => {
  const rgb = Uint8Array.of(255, 255, 255, 90, 90, 90, 0, 0, 0, 255, 0, 0, 200, 100, 150)
  expect([...saturationOf(rgb)]).toEqual([0, 0, 0, 255, 128])
})

describe('Otsu’s threshold', () => {
  test.each([1, 2, 3, 4, 5])('splits with the largest variance between the groups (seed %i)', (seed) => {
    const random = seeded(seed)
    const values = Uint8Array.from({ length: 400 }, () =>
      random() < 0.4 ? 20 + integerBelow(random, 50) : 130 + integerBelow(random, 90),
    )
    const between = (threshold: number) => {
      const low = [...values].filter((value) => value <= threshold)
      const high = [...values].filter((value) => value > threshold)
      if (low.length === 0 || high.length === 0) return 0
      const mean = (group: number[]) => group.reduce((sum, value) => sum + value, 0) / group.length
      return low.length * high.length * (mean(low) - mean(high)) ** 2
    }
    const best = Math.max(...Array.from({ length: 256 }, (_, threshold) => between(threshold)))
    expect(between(otsuThreshold(values) * 255)).toBeCloseTo(best, 3)
  })

  test('lies in the middle of an empty range', () => {
    expect(otsuThreshold(Uint8Array.of(10, 10, 110, 110)) * 255).toBeCloseTo(59.5)
  })

  test('sensitivity +1 halves it, -1 doubles it, and it never takes bare glass for tissue', () => {
    expect(tissueThreshold(0.2, 1)).toBeCloseTo(0.1)
    expect(tissueThreshold(0.2, -1)).toBeCloseTo(0.4)
    expect(tissueThreshold(0.001, 1)).toBeCloseTo(8 / 255)
    expect(tissueThreshold(0.9, -1)).toBe(1)
  })
})

describe('distance and closing', () => {
  const [width, height] = [23, 17]

  test.each([1, 2, 3])('squared distance equals the nearest of all targets (seed %i)', (seed) => {
    const mask = randomMask(seed, width * height, 0.05)
    const distance = squaredDistance(mask, 1, width)
    const targets = [...mask.keys()]
      .filter((i) => mask[i] === 1)
      .map((i) => [i % width, Math.floor(i / width)] as const)
    for (let i = 0; i < mask.length; i++) {
      const [x, y] = [i % width, Math.floor(i / width)]
      expect(distance[i]).toBe(Math.min(...targets.map(([a, b]) => (a - x) ** 2 + (b - y) ** 2)))
    }
  })

  test('without a target everything is far away', () => {
    expect(Math.min(...squaredDistance(new Uint8Array(12), 1, 4))).toBeGreaterThan(1e9)
  })

  test.each([
    [1, 1.5],
    [2, 2],
    [3, 3.3],
  ])('closing is growing by the disc, then shrinking by it (seed %i, radius %d px)', (seed, radius) => {
    const mask = randomMask(seed, width * height, 0.2)
    const disc: [number, number][] = []
    for (let y = -4; y <= 4; y++) for (let x = -4; x <= 4; x++) if (x * x + y * y <= radius * radius) disc.push([x, y])
    const at = (of: Uint8Array, x: number, y: number) =>
      x < 0 || y < 0 || x >= width || y >= height ? null : of[y * width + x]!
    const grown = mask.map((_, i) =>
      Number(disc.some(([x, y]) => at(mask, (i % width) + x, Math.floor(i / width) + y) === 1)),
    )
    const closed = grown.map((_, i) =>
      Number(disc.every(([x, y]) => at(grown, (i % width) + x, Math.floor(i / width) + y) !== 0)),
    )
    expect(closeMask(mask, width, radius)).toEqual(closed)
  })

  test('closing only adds, and a radius below one pixel changes nothing', () => {
    const mask = randomMask(9, width * height, 0.3)
    expect(closeMask(mask, width, 2.5).every((value, i) => value >= mask[i]!)).toBe(true)
    expect(closeMask(mask, width, 0.5)).toEqual(mask)
  })
})

describe('share of tissue in each patch', () => {
  const mpp = micronPerPx(1)
  /** 40 × 20 px picture of a slide of 400 × 200 px; the left half is tissue. */
  const image = {
    values: Uint8Array.from({ length: 800 }, (_, i) => (i % 40 < 20 ? 180 : 2)),
    width: 40,
    height: 20,
    scaleX: 10,
    scaleY: 10,
  }
  const gridOf = (edgePx: number, offsetXPx = 0) =>
    gridGeometry('slide', { width: 400, height: 200 }, mpp, mpp, {
      edgePx,
      mpp,
      stridePx: edgePx,
      offsetXPx,
      offsetYPx: 0,
    })

  test('is exact where patches and pixels of the picture do not meet', () => {
    // patches of 75 px from x = 25: the third one, 175 … 250, is one third tissue
    const { share, threshold } = tissueShare(image, gridOf(75, 25), 1, 1, { sensitivity: 0, closing: 0 })
    const expected = [1, 1, 1 / 3, 0, 0]
    for (const [patch, value] of expected.entries()) expect(share[patch]).toBeCloseTo(value, 5)
    expect(threshold).toBeCloseTo(90.5 / 255, 5)
  })

  test('closing is in µm: a gap of 20 µm is closed by a radius of 16 µm and not by one of 5 µm', () => {
    const gap = { ...image, values: image.values.map((_, i) => (i % 40 === 10 || i % 40 === 11 ? 2 : 180)) }
    const shares = (closing: number) => tissueShare(gap, gridOf(20), 1, 1, { sensitivity: 0, closing }).share
    expect(shares(16)[5]).toBe(1)
    expect(shares(5)[5]).toBe(0)
  })

  test('a slide of bare glass holds no tissue', () => {
    const noise = { ...image, values: randomMask(4, 800, 0.5) }
    expect(
      [...tissueShare(noise, gridOf(50), 1, 1, { sensitivity: 1, closing: 16 }).share].every((value) => value === 0),
    ).toBe(true)
  })
})
