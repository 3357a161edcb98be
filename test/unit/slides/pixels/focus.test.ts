import sharp from 'sharp'
import { expect, test } from 'vitest'
import { sharpnessOf } from '../../../../src-main/slides/pixels/focus.ts'
import { toGrey } from '../../../../src-main/slides/pixels/patchPixels.ts'
import { integerBelow, seeded } from '../../../fixtures/random.ts'
import { CELL, MOSAIC_MPP, mosaicTissue } from '../../../fixtures/mosaicPatches.ts'

test('one colour all over and an even slope have no sharpness', () => {
  expect(sharpnessOf(new Uint8Array(64).fill(90), 8)).toBe(0)
  expect(
    sharpnessOf(
      Uint8Array.from({ length: 64 }, (_, i) => 3 * (i % 8) + 2 * Math.floor(i / 8)),
      8,
    ),
  ).toBe(0)
})

test.each([1, 2, 3])('is the variance of the Laplacian (seed %i)', (seed) => {
  const random = seeded(seed)
  const [width, height] = [9, 7]
  const grey = Uint8Array.from({ length: width * height }, () => integerBelow(random, 256))
  const at = (x: number, y: number) => grey[y * width + x]!
  const laplacian: number[] = []
  for (let y = 1; y < height - 1; y++)
    for (let x = 1; x < width - 1; x++)
      laplacian.push(4 * at(x, y) - at(x - 1, y) - at(x + 1, y) - at(x, y - 1) - at(x, y + 1))
  const mean = laplacian.reduce((sum, value) => sum + value, 0) / laplacian.length
  const variance = laplacian.reduce((sum, value) => sum + (value - mean) ** 2, 0) / laplacian.length
  expect(sharpnessOf(grey, width)).toBeCloseTo(variance, 6)
})

test('tells real patches from the same ones out of focus: AUC at least 0.96 at 1 µm of blur, 0.98 at 2 and 4 µm', async () => {
  const patches = (await mosaicTissue()).filter((_, i) => i % 4 === 0)
  const measured = (sigma: number) =>
    Promise.all(
      patches.map(async (patch) => {
        const picture = sharp(patch, { raw: { width: CELL, height: CELL, channels: 3 } })
        return sharpnessOf(
          toGrey(
            sigma > 0
              ? await picture
                  .blur(sigma / MOSAIC_MPP)
                  .raw()
                  .toBuffer()
              : patch,
          ),
          CELL,
        )
      }),
    )
  const sharpPatches = await measured(0)
  const auc = (blurred: readonly number[]) =>
    sharpPatches.reduce((sum, a) => sum + blurred.filter((b) => a > b).length, 0) / sharpPatches.length / blurred.length
  expect(auc(await measured(1))).toBeGreaterThan(0.96)
  expect(auc(await measured(2))).toBeGreaterThan(0.98)
  expect(auc(await measured(4))).toBeGreaterThan(0.98)
})
