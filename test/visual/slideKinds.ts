/**
 * A picture of the window for each kind of slide, to be looked at: `node test/visual/slideKinds.ts FOLDER [dark [NAME]]`.
 * Kinds that no file could be had of are made of the sample's tissue; a slide that is refused is shown as it is refused.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { launchBrowser, WebHost } from '../e2e/webHost.ts'
import { writeCutSlide } from '../fixtures/cutSlide.ts'
import { damagedMosaic } from '../fixtures/damagedMosaic.ts'
import { writeFluorescence } from '../fixtures/fluorescence.ts'
import { sharedFile } from '../fixtures/sharedData.ts'
import { svsSample, tiffSample, writeTinySlide } from '../fixtures/tinySlides.ts'

const [out = 'test-results/kinds', scheme = 'light', only = ''] = process.argv.slice(2)
const viewport = scheme === 'dark' ? { width: 1920, height: 1080 } : { width: 1280, height: 800 }
const made = path.join(out, 'slides')
mkdirSync(made, { recursive: true })
const at = (name: string): string => path.join(made, name)

const tissue = await sharp(tiffSample).extract({ left: 0, top: 0, width: 1900, height: 1400 }).raw().toBuffer()
const size = { width: 1900, height: 1400 }
const picture = () => sharp(tissue, { raw: { ...size, channels: 3 } })
await writeTinySlide(at('deflate-tiles.tif'), { ...size, pixels: tissue, compression: 'deflate', tile: 256, mpp: 0.5 })
await writeTinySlide(at('lzw-strips.tif'), { ...size, pixels: tissue, compression: 'lzw', tiled: false, mpp: 0.5 })
await writeTinySlide(at('plain-grey.tif'), { ...size, pixels: tissue, compression: 'none', grey: true, mpp: 0.5 })
await picture().png().toFile(at('picture.png'))
await picture().jpeg().toFile(at('picture.jpg'))
await picture().tile({ size: 254, overlap: 1, layout: 'dz' }).toFile(at('deep-zoom.dz'))
const large = { width: 5700, height: 4200 }
await picture()
  .resize(large.width, large.height)
  .tiff({ compression: 'jpeg', tile: true, tileWidth: 256, tileHeight: 256, xres: 4000, yres: 4000 })
  .toFile(at('one-level.tif'))
writeFluorescence(at('two-channels.ome.tif'))
await writeCutSlide(made)
writeFileSync(at('scan.ndpi'), 'II*\0 and so on')
writeFileSync(at('no-slide.tif'), 'This is a letter, and no slide.')

const kinds = [
  tiffSample,
  svsSample,
  ...['luna_1065626.svs', 'OS-1-detail.ome.tif', 'gcp_jpeg.dcm', 'gcp_jpeg2000.dcm'].map((name) =>
    sharedFile(`wsi/${name}`),
  ),
  ...['deflate-tiles.tif', 'lzw-strips.tif', 'plain-grey.tif', 'picture.png', 'picture.jpg', 'deep-zoom.dzi'].map(at),
  ...['one-level.tif', 'two-channels.ome.tif', 'cut.tif', 'scan.ndpi', 'no-slide.tif'].map(at),
  damagedMosaic(
    [
      { column: 3, row: 3 },
      { column: 4, row: 3 },
      { column: 7, row: 5 },
    ],
    made,
  ).file,
].filter((file) => existsSync(file) && path.basename(file).includes(only))

const browser = await launchBrowser()
const host = new WebHost()
try {
  await host.start()
  const first = await host.open(browser)
  await first.begin()
  for (const file of kinds) {
    await host.stop()
    await host.start(file)
    const window = await host.open(browser, viewport, (page) =>
      page.emulateMedia({ colorScheme: scheme === 'dark' ? 'dark' : 'light' }),
    )
    await window.page.waitForTimeout(1500)
    await window.page.getByPlaceholder('Filter by name or case').fill(path.parse(file).name.slice(0, 20))
    await window.page.waitForTimeout(500)
    const option = window.page.getByRole('option').first()
    if (await option.isVisible()) await option.click()
    // a large picture is prepared first
    await window.page
      .locator('[data-ready="true"]')
      .waitFor({ timeout: 30_000 })
      .catch(() => console.log(path.basename(file), 'is not shown'))
    await window.page.waitForTimeout(4000)
    await window.page.mouse.move(5, viewport.height / 2)
    await window.page.screenshot({ path: path.join(out, `${path.basename(file)}.png`) })
    console.log(path.basename(file), window.complaints)
    await window.page.context().close()
  }
} finally {
  await browser.close()
  await host.remove()
}
