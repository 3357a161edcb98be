import { describe, expect, test } from 'vitest'
import { gridGeometry } from '../../../../src-shared/patches.ts'
import { micronPerPx } from '../../../../src-shared/units.ts'
import { squaredDistance } from '../../../../src-main/slides/pixels/distance.ts'
import { MaskParams } from '../../../../src-shared/masks.ts'
import { hsvOf } from '../../../../src-main/slides/pixels/hsv.ts'
import {
  closeMask,
  darknessOf,
  measureTissue,
  otsuThreshold,
  saturationOf,
  stained,
  type TissueImage,
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

test('darkness: none for white, full for black, weighed as the eye does', () => {
  expect([...darknessOf(Uint8Array.of(255, 255, 255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255))]).toEqual([
    0, 255, 179, 105, 226,
  ])
})

test('hue, saturation and value of known colours', () => {
  expect(hsvOf(255, 0, 0)).toEqual({ hue: 0, saturation: 1, value: 1 })
  expect(hsvOf(0, 128, 128)).toMatchObject({ hue: 180, saturation: 1 })
  expect(hsvOf(100, 50, 100)).toMatchObject({ hue: 300, saturation: 0.5 })
  expect(hsvOf(200, 100, 110).hue).toBeCloseTo(354)
  expect(hsvOf(7, 7, 7)).toEqual({ hue: 0, saturation: 0, value: 7 / 255 })
})

describe('the pixels a method takes for tissue', () => {
  // glass, eosin, haematoxylin, grey stain, brown, green ink
  const rgb = Uint8Array.of(243, 241, 244, 225, 150, 190, 92, 60, 140, 90, 90, 92, 150, 100, 60, 20, 120, 70)
  const ink = Uint8Array.of(0, 0, 0, 0, 0, 1)
  const of = (params: object) => [...stained({ rgb, ink }, MaskParams.parse(params)).mask]

  test('colour leaves grey stains out, darkness finds them', () => {
    expect(of({ method: 'otsu-saturation', sensitivity: 1 }).slice(0, 5)).toEqual([0, 1, 1, 0, 1])
    expect(of({ method: 'luminance', threshold: 0.2 })).toEqual([0, 1, 1, 1, 1, 1])
    expect(of({ method: 'luminance', threshold: 0.5 })).toEqual([0, 0, 1, 1, 1, 1])
  })

  test('hues are taken from a range, which may go through red', () => {
    expect(of({ method: 'hsv' })).toEqual([0, 1, 1, 0, 1, 0])
    expect(of({ method: 'hsv', hueFrom: 240, hueTo: 280 })).toEqual([0, 0, 1, 0, 0, 0])
    expect(of({ method: 'hsv', hueFrom: 0, hueTo: 360, leastSaturation: 0.6 })).toEqual([0, 0, 0, 0, 1, 1])
    expect(of({ method: 'hsv', hueFrom: 0, hueTo: 360, mostValue: 0.6 })).toEqual([0, 0, 1, 0, 1, 1])
  })

  test('ink does not move the threshold: as much of it as there is tissue changes nothing', () => {
    const pale = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? 215 : 190)).flatMap((green) => [220, green, 215])
    const pen = Array.from({ length: 300 }, () => [0, 120, 60]).flat()
    const threshold = (colours: number[], marked: number[]) =>
      stained(
        { rgb: Uint8Array.from(colours), ink: Uint8Array.from(marked) },
        MaskParams.parse({ method: 'otsu-saturation' }),
      ).threshold
    const clean = threshold(pale, Array<number>(300).fill(0))
    expect(threshold([...pale, ...pen], [...Array<number>(300).fill(0), ...Array<number>(300).fill(1)])).toBe(clean)
    expect(threshold([...pale, ...pen], Array<number>(600).fill(0))).toBeGreaterThan(2 * clean)
  })
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
  /** A pale colour of this saturation, 0 … 255. */
  const coloured = (saturation: Uint8Array): Uint8Array =>
    Uint8Array.from([...saturation].flatMap((value) => [255, 255 - value, 255 - value / 2]))
  const imageOf = (saturation: Uint8Array): TissueImage => ({
    rgb: coloured(saturation),
    ink: new Uint8Array(800),
    width: 40,
    height: 20,
    scaleX: 10,
    scaleY: 10,
  })
  /** 40 × 20 px picture of a slide of 400 × 200 px; the left half is tissue. */
  const half = Uint8Array.from({ length: 800 }, (_, i) => (i % 40 < 20 ? 180 : 2))
  const image = imageOf(half)
  const params = (changes: object) => MaskParams.parse({ method: 'otsu-saturation', closing: 0, ...changes })
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
    const { share, threshold } = measureTissue(image, gridOf(75, 25), 1, 1, params({}))
    const expected = [1, 1, 1 / 3, 0, 0]
    for (const [patch, value] of expected.entries()) expect(share[patch]).toBeCloseTo(value, 5)
    expect(threshold).toBeCloseTo(90.5 / 255, 5)
  })

  test('closing is in µm: a gap of 20 µm is closed by a radius of 16 µm and not by one of 5 µm', () => {
    const gap = imageOf(half.map((_, i) => (i % 40 === 10 || i % 40 === 11 ? 2 : 180)))
    const shares = (closing: number) => measureTissue(gap, gridOf(20), 1, 1, params({ closing })).share
    expect(shares(16)[5]).toBe(1)
    expect(shares(5)[5]).toBe(0)
  })

  test('areas are in µm²: a speck of 4 px is 400 µm², a hole of 9 px is 900 µm²', () => {
    const at = (i: number) => [i % 40, Math.floor(i / 40)] as const
    const values = half.map((value, i) => {
      const [x, y] = at(i)
      if (x >= 30 && x < 32 && y >= 10 && y < 12) return 180
      return x >= 5 && x < 8 && y >= 5 && y < 8 ? 2 : value
    })
    const shares = (changes: object) => measureTissue(imageOf(values), gridOf(10), 1, 1, params(changes)).share
    const [speck, hole] = [10 * 40 + 30, 5 * 40 + 5]
    expect([shares({})[speck], shares({})[hole]]).toEqual([1, 0])
    expect(shares({ leastArea: 400 })[speck]).toBe(1)
    expect(shares({ leastArea: 401 })[speck]).toBe(0)
    expect(shares({ largestHole: 899 })[hole]).toBe(0)
    expect(shares({ largestHole: 900 })[hole]).toBe(1)
  })

  test('the share of each ink is told beside that of tissue', () => {
    const ink = new Uint8Array(800)
    for (let i = 0; i < 400; i++) ink[i] = i % 40 < 5 ? 3 : 0 // black, in the left eighth of the upper half
    const measured = measureTissue({ ...image, ink }, gridOf(100), 1, 1, params({}))
    expect([...measured.ink.subarray(0, 8)]).toEqual([0, 0, 0.5, 0, 0, 0, 0, 0])
  })

  test('a slide of bare glass holds no tissue', () => {
    const noise = imageOf(randomMask(4, 800, 0.5))
    expect(
      [...measureTissue(noise, gridOf(50), 1, 1, params({ sensitivity: 1, closing: 16 })).share].every(
        (value) => value === 0,
      ),
    ).toBe(true)
    const white = imageOf(new Uint8Array(800))
    expect(
      Math.max(...measureTissue(white, gridOf(50), 1, 1, params({ method: 'luminance', sensitivity: 1 })).share),
    ).toBe(0)
  })
})
