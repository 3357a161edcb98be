import { describe, expect, test } from 'vitest'
import { augmentation } from '../../../src-main/features/augment.ts'
import { DENSITY, STAINS, STAINS_INVERSE, product, valueOfDensity } from '../../../src-shared/stains.ts'
import { seeded } from '../../../src-main/nn/random.ts'

const off = { flips: false, turns: false, stain: 0, colour: 0, shift: 0, zoom: 0, tilt: 0, blur: 0, noise: 0 }
/** Values come out as they went in: (value / 255 − 0) / (1 / 255). */
const asValues = (channels: number) => ({ mean: new Array(channels).fill(0), std: new Array(channels).fill(1 / 255) })

const augmentOnce = (
  pixels: Uint8Array,
  shape: { channels: number; height: number; width: number },
  settings: typeof off,
  ...seeds: number[]
): number[] => {
  const into = new Float32Array(pixels.length)
  augmentation(settings, shape, asValues(shape.channels))(pixels, 0, seeded(...seeds), into, 0)
  return Array.from(into, (value) => Math.round(value * 100) / 100)
}

const grey = (pixels: number[], width: number, settings: typeof off, ...seeds: number[]) =>
  augmentOnce(Uint8Array.from(pixels), { channels: 1, height: pixels.length / width, width }, settings, ...seeds).join()

const seeds = Array.from({ length: 200 }, (_, seed) => seed)

describe('flips and turns', () => {
  const square = [1, 2, 3, 4, 5, 6, 7, 8, 9]

  test('make all eight symmetries of the square and nothing else, each about equally often', () => {
    const eight = [
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
      [3, 2, 1, 6, 5, 4, 9, 8, 7],
      [7, 8, 9, 4, 5, 6, 1, 2, 3],
      [9, 8, 7, 6, 5, 4, 3, 2, 1],
      [1, 4, 7, 2, 5, 8, 3, 6, 9],
      [3, 6, 9, 2, 5, 8, 1, 4, 7],
      [7, 4, 1, 8, 5, 2, 9, 6, 3],
      [9, 6, 3, 8, 5, 2, 7, 4, 1],
    ].map((each) => each.join())
    const found = seeds.map((seed) => grey(square, 3, { ...off, flips: true, turns: true }, seed))
    expect(new Set(found)).toEqual(new Set(eight))
    for (const each of eight) expect(found.filter((other) => other === each).length).toBeGreaterThan(10)
  })

  test('turns alone never mirror', () => {
    const turned = ['1,2,3,4,5,6,7,8,9', '7,4,1,8,5,2,9,6,3', '9,8,7,6,5,4,3,2,1', '3,6,9,2,5,8,1,4,7']
    expect(new Set(seeds.map((seed) => grey(square, 3, { ...off, turns: true }, seed)))).toEqual(new Set(turned))
  })

  test('a patch that is not square keeps its shape', () =>
    expect(new Set(seeds.map((seed) => grey([1, 2, 3, 4, 5, 6], 3, { ...off, turns: true }, seed)))).toEqual(
      new Set(['1,2,3,4,5,6', '6,5,4,3,2,1']),
    ))

  test('the colours of a pixel stay together', () => {
    const pixels = Uint8Array.of(1, 10, 100, 2, 20, 200, 3, 30, 30, 4, 40, 40)
    for (const seed of seeds) {
      const out = augmentOnce(pixels, { channels: 3, height: 2, width: 2 }, { ...off, flips: true, turns: true }, seed)
      for (let at = 0; at < 4; at++) expect(out[4 + at]).toBe(10 * out[at])
    }
  })
})

describe('stain jitter', () => {
  test('separating stains and putting them together again changes nothing', () => {
    const identity = product(STAINS, STAINS_INVERSE)
    for (const [place, value] of identity.entries()) expect(value).toBeCloseTo(Number(place % 4 === 0), 12)
  })

  test('a value comes back from its optical density, to less than a grey level', () => {
    for (let value = 0; value < 256; value++) expect(Math.abs(valueOfDensity(DENSITY[value]) - value)).toBeLessThan(0.3)
  })

  test('more haematoxylin is the same as a denser section of that stain: purple gets darker along its own colour', () => {
    // One unit of haematoxylin; its optical density in the three channels stays in proportion when the amount changes.
    const purple = [0, 1, 2].map((channel) => Math.round(valueOfDensity(STAINS[channel])))
    const shape = { channels: 3, height: 1, width: 1 }
    for (const seed of seeds.slice(0, 50)) {
      const out = augmentOnce(Uint8Array.from(purple), shape, { ...off, stain: 0.05 }, seed)
      for (const value of out) expect(value).toBeGreaterThan(0)
      const density = out.map((value) => -Math.log((value + 1) / 256))
      // α and β are at most 0.05 each, so the amounts move by at most 0.05 · 1 + 0.05, and 0.05 for the other stains.
      const amounts = [0, 1, 2].map((stain) =>
        density.reduce((sum, d, c) => sum + d * STAINS_INVERSE[3 * c + stain], 0),
      )
      expect(Math.abs(amounts[0] - 1)).toBeLessThan(0.12)
      expect(Math.abs(amounts[1])).toBeLessThan(0.08)
      expect(Math.abs(amounts[2])).toBeLessThan(0.08)
    }
  })
})

describe('colour jitter', () => {
  test('values stay within what a pixel can be', () => {
    const pixels = Uint8Array.from({ length: 3 * 64 }, (_, place) => (place * 37) % 256)
    for (const seed of seeds) {
      const out = augmentOnce(pixels, { channels: 3, height: 8, width: 8 }, { ...off, stain: 0.5, colour: 0.8 }, seed)
      expect(Math.min(...out)).toBeGreaterThanOrEqual(0)
      expect(Math.max(...out)).toBeLessThanOrEqual(255)
    }
  })

  test('grey stays grey whatever the saturation', () => {
    for (const seed of seeds.slice(0, 50)) {
      const [red, green, blue] = augmentOnce(
        Uint8Array.of(90, 90, 90),
        { channels: 3, height: 1, width: 1 },
        { ...off, colour: 0.5 },
        seed,
      )
      expect(Math.abs(red - green)).toBeLessThan(0.02)
      expect(Math.abs(red - blue)).toBeLessThan(0.02)
    }
  })

  test('brightness changes by at most what was asked for, and on average not at all', () => {
    const means = seeds.map((seed) =>
      Number(grey([100, 100, 100, 100], 2, { ...off, colour: 0.2 }, seed).split(',')[0]),
    )
    expect(Math.max(...means)).toBeLessThan(100 * 1.2 * 1.2 + 1)
    expect(Math.min(...means)).toBeGreaterThan(100 * 0.8 * 0.8 - 1)
    expect(means.reduce((a, b) => a + b) / means.length).toBeCloseTo(100, -1)
  })
})

test('the same numbers give the same patch, other numbers another', () => {
  const pixels = Uint8Array.from({ length: 3 * 36 }, (_, place) => (place * 53) % 256)
  const shape = { channels: 3, height: 6, width: 6 }
  const all = { flips: true, turns: true, stain: 0.1, colour: 0.2, shift: 2, zoom: 0.1, tilt: 5, blur: 1, noise: 0.05 }
  expect(augmentOnce(pixels, shape, all, 1, 2, 3)).toEqual(augmentOnce(pixels, shape, all, 1, 2, 3))
  expect(augmentOnce(pixels, shape, all, 1, 2, 3)).not.toEqual(augmentOnce(pixels, shape, all, 1, 2, 4))
})

test('without any change a patch is what prediction sees', () => {
  const pixels = Uint8Array.of(255, 128, 0, 51, 102, 153)
  const into = new Float32Array(6)
  const normalisation = { mean: [0.5, 0.4, 0.3], std: [0.25, 0.5, 0.1] }
  augmentation(off, { channels: 3, height: 1, width: 2 }, normalisation)(pixels, 0, seeded(1), into, 0)
  const expected = [
    (1 - 0.5) / 0.25,
    (0.2 - 0.5) / 0.25,
    (128 / 255 - 0.4) / 0.5,
    (0.4 - 0.4) / 0.5,
    (0 - 0.3) / 0.1,
    (0.6 - 0.3) / 0.1,
  ]
  for (const [place, value] of expected.entries()) expect(into[place]).toBeCloseTo(value, 5)
})
