import { beforeAll, describe, expect, test } from 'vitest'
import { type Ink, INKS } from '../../../../src-shared/masks.ts'
import { averaged, spans } from '../../../../src-main/slides/pixels/areaAverage.ts'
import { inkAt, inkOf } from '../../../../src-main/slides/pixels/ink.ts'
import { CELL, mosaicTissue } from '../../../fixtures/mosaicPatches.ts'

/** Means of 8 × 8 µm of real patches of PatchCamelyon: [patch][pixel, 3] */
let tissue: Uint8Array[] = []
beforeAll(async () => {
  const cell = spans(CELL, 12)
  tissue = (await mosaicTissue()).map((data) => averaged({ data, width: CELL, height: CELL }, cell, cell).data)
})

const shareOf = (rgb: Uint8Array, ink: Ink): number => {
  const found = inkOf(rgb)
  return found.filter((each) => each === 1 + INKS.indexOf(ink)).length / found.length
}
const blended = (rgb: Uint8Array, pen: readonly number[], cover: number): Uint8Array =>
  rgb.map((value, i) => Math.round(cover * pen[i % 3]! + (1 - cover) * value))

const pens: readonly (readonly [Ink, readonly [number, number, number]])[] = [
  ['green', [0, 128, 64]],
  ['green', [60, 150, 120]],
  ['blue', [30, 60, 160]],
  ['blue', [0, 80, 180]],
  ['black', [25, 25, 30]],
  ['red', [200, 30, 40]],
]

test('colours of haematoxylin, eosin, DAB, blood and glass are no ink', () => {
  for (const [red, green, blue] of [
    [92, 60, 140],
    [60, 30, 90],
    [150, 110, 180],
    [225, 150, 190],
    [235, 180, 205],
    [110, 70, 40],
    [185, 60, 95],
    [243, 241, 244],
    [200, 200, 200],
  ] as const)
    expect(inkAt(red, green, blue), `${red} ${green} ${blue}`).toBeNull()
})

test('of 408 real patches none is taken for green or blue, one lake of blood for red, one black edge for black', () => {
  expect(tissue.length).toBe(408)
  const taken = INKS.map((ink) => [...tissue.keys()].filter((i) => shareOf(tissue[i]!, ink) >= 0.1))
  expect(taken).toEqual([[], [], [354], [240]])
})

describe.each(pens)('a %s pen of %j', (ink, pen) => {
  test.each([
    [0.8, 0.95],
    [0.9, 0.95],
  ])('that covers %d of real tissue is found in at least %d of the patches', (cover, least) => {
    const found = tissue.filter((rgb) => shareOf(blended(rgb, pen, cover), ink) >= 0.1)
    expect(found.length / tissue.length).toBeGreaterThanOrEqual(least)
  })

  test('is found on glass at 80 % and told from the other colours', () => {
    const [red, green, blue] = pen.map((value) => Math.round(0.8 * value + 0.2 * 243))
    expect(inkAt(red!, green!, blue!)).toBe(ink)
  })
})
