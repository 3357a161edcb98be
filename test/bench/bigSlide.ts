/** A slide large enough to measure on, made once of the sample mosaic and kept in the system's temporary folder. */
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { MOSAIC_FILE } from '../fixtures/samples.ts'

export const BIG_EDGE = 16_384

/** 16,384 × 16,384 px, 256 px JPEG tiles, quality 80, pyramid: 268 megapixels of real tissue, repeated. */
export async function bigSlide(): Promise<string> {
  const folder = path.join(tmpdir(), 'tessera-bench')
  const file = path.join(folder, `mosaic-${BIG_EDGE}.tif`)
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true })
  process.stderr.write('Making the test slide (once) …\n')
  const cell = await sharp(MOSAIC_FILE)
    .extract({ left: 320, top: 128, width: 2048, height: 2048 })
    .removeAlpha()
    .raw()
    .toBuffer()
  const temporary = `${file}.part.tif`
  await sharp({
    create: { width: BIG_EDGE, height: BIG_EDGE, channels: 3, background: '#ffffff' },
    limitInputPixels: false,
  })
    .composite([{ input: cell, raw: { width: 2048, height: 2048, channels: 3 }, tile: true, left: 0, top: 0 }])
    .withDensity(25_400 / 0.5)
    .tiff({
      compression: 'jpeg',
      quality: 80,
      tile: true,
      tileWidth: 256,
      tileHeight: 256,
      pyramid: true,
      bigtiff: true,
      resolutionUnit: 'cm',
      xres: 2000,
      yres: 2000,
    })
    .toFile(temporary)
  renameSync(temporary, file)
  return file
}
