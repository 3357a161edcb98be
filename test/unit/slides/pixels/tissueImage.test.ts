import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { firstMask } from '../../../../src-shared/masks.ts'
import { gridGeometry } from '../../../../src-shared/patches.ts'
import { micronPerPx } from '../../../../src-shared/units.ts'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import type { SlideSource } from '../../../../src-main/slides/formats/slideSource.ts'
import { averaged, spans } from '../../../../src-main/slides/pixels/areaAverage.ts'
import { measureTissue, tissuePixels } from '../../../../src-main/slides/pixels/tissue.ts'
import { readTissueImage, tissueSize } from '../../../../src-main/slides/pixels/tissueImage.ts'
import { integerBelow, seeded } from '../../../fixtures/random.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { svsSample, writeTinySlide } from '../../../fixtures/tinySlides.ts'

describe('the mean over an area', () => {
  test.each([1, 2, 3])('is that of every px of the answer, edges by their share (seed %i)', (seed) => {
    const random = seeded(seed)
    const [width, height] = [20 + integerBelow(random, 20), 15 + integerBelow(random, 20)]
    const data = Buffer.from(Array.from({ length: width * height * 3 }, () => integerBelow(random, 256)))
    const [outWidth, outHeight] = [3 + integerBelow(random, 9), 2 + integerBelow(random, 9)]
    const out = averaged({ data, width, height }, spans(width, outWidth), spans(height, outHeight))
    const overlap = (px: number, from: number, to: number) => Math.max(0, Math.min(px + 1, to) - Math.max(px, from))
    const [scaleX, scaleY] = [width / outWidth, height / outHeight]
    for (let y = 0; y < outHeight; y++)
      for (let x = 0; x < outWidth; x++)
        for (let channel = 0; channel < 3; channel++) {
          let sum = 0
          for (let row = 0; row < height; row++)
            for (let column = 0; column < width; column++)
              sum +=
                overlap(column, x * scaleX, (x + 1) * scaleX) *
                overlap(row, y * scaleY, (y + 1) * scaleY) *
                data[(row * width + column) * 3 + channel]!
          expect(out.data[(y * outWidth + x) * 3 + channel]! - sum / (scaleX * scaleY)).toBeCloseTo(0, -0.31)
        }
  })

  test('a mean of means is the mean, whatever lies between', () => {
    const random = seeded(7)
    const data = Buffer.from(Array.from({ length: 64 * 64 * 3 }, () => integerBelow(random, 256)))
    const whole = { data, width: 64, height: 64 }
    const half = averaged(whole, spans(64, 32), spans(64, 32))
    const direct = averaged(whole, spans(64, 4), spans(64, 4))
    const twice = averaged(half, spans(32, 4), spans(32, 4))
    for (let i = 0; i < direct.data.length; i++)
      expect(Math.abs(direct.data[i]! - twice.data[i]!)).toBeLessThanOrEqual(1)
  })
})

test('a px is 8 µm, more of a scan longer than 33 mm, and never less than a px of the slide', () => {
  expect(tissueSize({ width: 100_000, height: 60_000 }, 0.25, 0.25)).toEqual({ width: 3125, height: 1875 })
  expect(tissueSize({ width: 100_000, height: 60_000 }, 0.5, 0.25)).toEqual({ width: 4096, height: 1229 })
  expect(tissueSize({ width: 300, height: 200 }, 10, 10)).toEqual({ width: 300, height: 200 })
  expect(tissueSize({ width: 3, height: 2 }, 0.25, 0.25)).toEqual({ width: 1, height: 1 })
})

describe('the same slide with another pyramid', () => {
  const MPP = 0.499

  /** A slide of some of the levels of another, as a scanner with another pyramid would write it. */
  function withLevels(source: SlideSource, kept: readonly number[]): SlideSource {
    const pick = <T>(list: readonly T[]) => kept.map((level) => list[level]!)
    return { ...source, header: { ...source.header, levels: pick(source.header.levels) }, levels: pick(source.levels) }
  }

  test('gives the same mask: IoU above 0.98, and no patch’s share differs by more than 0.06', async () => {
    // real tissue on glass, each level a file of its own JPEGs
    const field = await sharp(svsSample, { page: 0 })
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true })
    const { width, height } = field.info
    const whole = await sharp({ create: { width: 4096, height: 4096, channels: 3, background: '#f1eff2' } })
      .composite([
        {
          input: await sharp(field.data, { raw: { width, height, channels: 3 } })
            .png()
            .toBuffer(),
          left: 500,
          top: 300,
        },
      ])
      .removeAlpha()
      .raw()
      .toBuffer()
    const file = await writeTinySlide(path.join(temporaryFolder(), 'pyramid.tif'), {
      width: 4096,
      height: 4096,
      pixels: whole,
      mpp: MPP,
    })
    const source = await openSlideFile(file)
    try {
      expect(source.header.levels.map(({ downsample }) => Math.round(downsample)).slice(0, 5)).toEqual([1, 2, 4, 8, 16])
      const pyramids = [[0], [0, 1, 2, 3, 4], [0, 2, 4]].map((levels) => withLevels(source, levels))
      const params = firstMask('otsu-saturation')
      const mpp = micronPerPx(MPP)
      const grid = gridGeometry('pyramid', source.header, mpp, mpp, {
        edgePx: 224,
        mpp: micronPerPx(0.5),
        stridePx: 224,
        offsetXPx: 0,
        offsetYPx: 0,
      })
      const masks = []
      for (const pyramid of pyramids) {
        const image = await readTissueImage(pyramid, MPP, MPP)
        masks.push({
          pixels: tissuePixels(image, 8, params).mask,
          share: measureTissue(image, grid, MPP, MPP, params).share,
        })
      }
      const [one, ...others] = masks
      expect(one!.pixels.reduce((sum, value) => sum + value, 0) / one!.pixels.length).toBeGreaterThan(0.1)
      for (const other of others) {
        let [both, either] = [0, 0]
        for (let i = 0; i < one!.pixels.length; i++) {
          both += one!.pixels[i]! & other.pixels[i]!
          either += one!.pixels[i]! | other.pixels[i]!
        }
        expect(both / either).toBeGreaterThan(0.98)
        const apart = Math.max(...one!.share.map((share, patch) => Math.abs(share - other.share[patch]!)))
        expect(apart).toBeLessThan(0.06)
      }
    } finally {
      await source.close()
    }
  }, 60_000)
})
