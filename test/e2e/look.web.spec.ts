/** How a slide is shown, in the pixels of the viewer: stains alone, brightness and contrast, kept and reset. */
import path from 'node:path'
import { type Browser, expect, test } from '@playwright/test'
import Database from 'better-sqlite3'
import sharp from 'sharp'
import { cd8At, dapiAt, writeFluorescence } from '../fixtures/fluorescence.ts'
import { writeTinySlide } from '../fixtures/tinySlides.ts'
import { displayTable, SlideLook } from '../../src-shared/look.ts'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

let browser: Browser
let host: WebHost
let window: TesseraWindow

test.beforeAll(async () => {
  host = new WebHost()
  await host.start()
  browser = await launchBrowser()
  window = await host.open(browser)
  await window.begin()
  await window.fit()
})

test.afterAll(async () => {
  await browser.close()
  await host.remove()
})

test.afterEach(async ({ browserName: _ }, info) => {
  if (info.status !== info.expectedStatus) await window.page.screenshot({ path: info.outputPath('window.png') })
  expect(window.complaints, 'nothing went wrong in the page').toEqual([])
})

/** What is drawn of tiles: how many px, how many of them are coloured, and the sum of all, to tell two pictures apart. */
const drawn = () =>
  window.page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.viewer .openseadragon-canvas canvas')!
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
    let [px, coloured, sum] = [0, 0, 0]
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] === 0) continue
      px++
      const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!]
      if (Math.max(r, g, b) - Math.min(r, g, b) > 3) coloured++
      sum = (sum + (i + 1) * (r + 3 * g + 7 * b)) % 1_000_000_007
    }
    return { px, coloured, sum }
  })

const looks = (key: string) => expect(window.viewer).toHaveAttribute('data-look', key)

/** What is drawn once nothing changes any more: the same three times, a quarter of a second apart. */
async function settled() {
  let before = await drawn()
  let times = 0
  await expect
    .poll(
      async () => {
        const now = await drawn()
        times = now.sum === before.sum && now.px > 0 ? times + 1 : 0
        before = now
        return times
      },
      { intervals: [250] },
    )
    .toBeGreaterThanOrEqual(2)
  return before
}

const panel = () => window.page.getByRole('dialog', { name: 'Look' })

test('one stain in greys leaves no coloured px on the screen, at once and after zooming', async () => {
  const colour = await settled()
  const zoom = await window.viewer.getAttribute('data-zoom')
  expect(colour.coloured).toBeGreaterThan(colour.px / 2)

  await window.press('l')
  await panel().getByRole('radio', { name: 'H', exact: true }).click()
  await panel().getByRole('switch', { name: 'In greys' }).click()
  await looks('haematoxylin-h-e-grey')
  // the very frame that says so, and every one after it
  expect((await drawn()).coloured).toBe(0)
  const grey = await settled()
  expect(await window.viewer.getAttribute('data-zoom'), 'the view stays where it is').toBe(zoom)
  expect(grey).toMatchObject({ px: colour.px, coloured: 0 })

  await window.press('+')
  await window.press('+')
  await settled()
  expect((await drawn()).coloured).toBe(0)
  await window.press('f')
  await expect.poll(async () => (await drawn()).sum).toBe(grey.sum)
})

test('looks that follow each other faster than tiles come end in the last one, and colour is what it was', async () => {
  await panel().getByRole('radio', { name: 'Colour', exact: true }).click()
  await looks('colour')
  const before = await settled()
  await window.press('Escape')
  for (let i = 0; i < 7; i++) await window.press('Shift+l')
  await looks('residual-h-e-grey')
  expect((await settled()).coloured).toBe(0)
  await window.press('Shift+l')
  await looks('colour')
  expect(await settled()).toEqual(before)
})

test('brightness and contrast change what is seen by the formula, and not the overlay', async () => {
  await window.press('g')
  await window.press('a')
  const box = (await window.viewer.boundingBox())!
  const area = { x: box.x + box.width / 2 - 60, y: box.y + box.height / 2 - 60, width: 120, height: 120 }
  await window.page.mouse.move(5, 300)
  const seen = async () =>
    sharp(await window.page.screenshot({ clip: area }))
      .removeAlpha()
      .raw()
      .toBuffer()
  const before = await seen()
  await window.press('l')
  const light = { brightness: 0.1, contrast: 2 ** 0.5 }
  await panel().getByRole('slider', { name: 'Brightness' }).focus()
  for (let i = 0; i < 10; i++) await window.press('ArrowRight')
  await panel().getByRole('slider', { name: 'Contrast' }).focus()
  for (let i = 0; i < 50; i++) await window.press('ArrowRight')
  await expect(panel().getByText('+10', { exact: true })).toBeVisible()
  await expect(panel().getByText('1.41', { exact: true })).toBeVisible()
  await window.press('Escape')
  const table = displayTable(SlideLook.parse(light))
  const after = await seen()
  let greatest = 0
  for (const [i, value] of before.entries()) greatest = Math.max(greatest, Math.abs(after[i]! - 255 * table[value]!))
  expect(greatest).toBeLessThan(1.5)
  // the canvas of the tiles is filtered, those of the overlays are not
  expect(
    await window.page.evaluate(() => {
      const tiles = document.querySelector<HTMLElement>('.viewer .openseadragon-canvas canvas')!
      return [
        tiles.style.filter !== '',
        [...document.querySelectorAll<HTMLElement>('.overlay-canvas')].some(
          (each) => getComputedStyle(each).filter !== 'none',
        ),
      ]
    }),
  ).toEqual([true, false])
})

test('a look is kept in the project, comes back with the window, and Reset ends it', async () => {
  await window.press('Shift+l')
  await looks('haematoxylin-h-e-grey')
  const kept = () => {
    const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
    const rows = sqlite.prepare('SELECT look FROM slide_looks').pluck().all() as string[]
    sqlite.close()
    return rows.map((row) => JSON.parse(row) as SlideLook)
  }
  await expect
    .poll(kept)
    .toEqual([expect.objectContaining({ shown: 'haematoxylin', grey: true, brightness: expect.closeTo(0.1, 5) })])
  await window.page.reload()
  await window.ready()
  await looks('haematoxylin-h-e-grey')
  expect((await settled()).coloured).toBe(0)
  await expect(window.page.getByRole('button', { name: 'Look (not as stored)' })).toBeVisible()
  await window.press('l')
  await panel().getByRole('button', { name: 'Reset' }).click()
  await looks('colour')
  await expect.poll(kept).toEqual([SlideLook.parse({})])
  await expect(window.page.getByRole('button', { name: 'Look: brightness, contrast, stains' })).toBeVisible()
})

test('the panel is whole in a small and a large window, axe finds nothing, and the slide can be moved beside it', async () => {
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 1920, height: 1080 },
  ]) {
    await window.page.setViewportSize(viewport)
    await expect(panel()).toBeVisible()
    expect.soft(await window.layoutProblems()).toEqual([])
    expect.soft(await window.accessibilityProblems()).toEqual([])
  }
  const zoom = await window.viewer.getAttribute('data-zoom')
  await window.hoverMiddle()
  await window.page.mouse.wheel(0, -300)
  await expect.poll(() => window.viewer.getAttribute('data-zoom')).not.toBe(zoom)
  await expect(panel()).toBeVisible()
  await window.press('l')
  await expect(panel()).toBeHidden()
})

/** A px of the tiles drawn, of a slide that is shown as a whole: at a place in level-0 px. */
const drawnAt = async (size: { width: number; height: number }, x: number, y: number): Promise<number[]> => {
  const zoom = Number(await window.viewer.getAttribute('data-zoom'))
  return window.page.evaluate(
    ([dx, dy]) => {
      const canvas = document.querySelector<HTMLCanvasElement>('.viewer .openseadragon-canvas canvas')!
      const at = canvas.getContext('2d')!.getImageData(canvas.width / 2 + dx!, canvas.height / 2 + dy!, 1, 1)
      return [...at.data.subarray(0, 3)]
    },
    [(x - size.width / 2) * zoom, (y - size.height / 2) * zoom],
  )
}

async function openSlide(name: RegExp): Promise<void> {
  await window.page.getByRole('option', { name }).click()
  await expect(window.page.locator('.viewer[data-ready="true"]')).toBeVisible()
  await window.press('f')
  await settled()
}

/** Squares of one colour each, so that neither JPEG nor scaling changes their middles. */
const COLOURS = [
  [200, 40, 60],
  [40, 160, 80],
  [60, 60, 200],
  [230, 170, 200],
  [150, 90, 160],
  [128, 128, 128],
]
const BLOCKS = { width: 6 * 128, height: 256 }

test('channels of a fluorescence slide are switched, set and kept; a colour profile is applied as libvips does', async () => {
  const fluorescence = writeFluorescence(path.join(host.data, 'tissue.ome.tif'))
  const pixels = Buffer.alloc(BLOCKS.width * BLOCKS.height * 3)
  for (let px = 0; px < BLOCKS.width * BLOCKS.height; px++)
    pixels.set(COLOURS[Math.floor((px % BLOCKS.width) / 128)]!, px * 3)
  const profiled = await writeTinySlide(path.join(host.data, 'profiled.tif'), {
    ...BLOCKS,
    pixels,
    icc: true,
    mpp: 0.5,
  })
  await window.page.close()
  await host.stop()
  await host.start(fluorescence, profiled)
  window = await host.open(browser)
  await window.ready()

  const size = { width: 300, height: 200 }
  await openSlide(/tissue/)
  const [x, y] = [150, 100]
  const [red, , blue] = await drawnAt(size, x, y)
  // by the file: from 1 % to 99.8 %, which for these ramps is nearly all
  expect(red).toBeGreaterThan(110)
  expect(blue).toBeGreaterThan(110)
  await window.press('l')
  await panel().getByRole('checkbox', { name: 'CD8' }).uncheck()
  await panel().getByRole('spinbutton', { name: 'DAPI: value of the full colour' }).fill('600')
  await panel().getByRole('spinbutton', { name: 'DAPI: value of black' }).fill('300')
  await expect(window.viewer).toHaveAttribute('data-look', /^colour 1,0,0,255,300,600;0,/)
  const near = (value: number) => expect.closeTo(value, -0.8)
  expect(await drawnAt(size, x, y)).toEqual([0, 0, near((255 * (dapiAt(x) - 300)) / 300)])
  expect(await drawnAt(size, 60, y)).toEqual([0, 0, 0])
  expect(await drawnAt(size, 250, y)).toEqual([0, 0, 255])
  expect(await window.accessibilityProblems()).toEqual([])
  const kept = () => {
    const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
    const rows = sqlite.prepare('SELECT channels FROM slide_looks WHERE channels IS NOT NULL').pluck().all() as string[]
    sqlite.close()
    return rows.map((row) => JSON.parse(row) as object[])
  }
  await expect
    .poll(kept)
    .toEqual([[expect.objectContaining({ from: 300, to: 600 }), expect.objectContaining({ shown: false })]])
  await panel().getByRole('button', { name: 'Channels as the file says' }).click()
  await looks('colour')
  expect(await drawnAt(size, x, y)).toEqual([red, 0, blue])
  expect(cd8At(y)).toBeGreaterThan(0)
  await window.press('l')

  await openSlide(/profiled/)
  const middles = COLOURS.map((_, i) => 128 * i + 64)
  const shown = () => Promise.all(middles.map((at) => drawnAt(BLOCKS, at, 128)))
  const truth = async (ignoreIcc: boolean) => {
    const { data, info } = await sharp(profiled, { ignoreIcc }).raw().toBuffer({ resolveWithObject: true })
    return middles.map((at) => [...data.subarray((128 * info.width + at) * 3, (128 * info.width + at) * 3 + 3)])
  }
  const [stored, converted] = [await truth(true), await truth(false)]
  const differences = (a: number[][], b: number[][]) => a.flat().map((value, i) => Math.abs(value - b.flat()[i]!))
  expect(Math.max(...differences(stored, converted)), 'the profile makes a difference').toBeGreaterThan(20)
  expect(Math.max(...differences(await shown(), stored))).toBeLessThanOrEqual(1)
  await window.press('l')
  await expect(panel().getByText('P3')).toBeVisible()
  await panel().getByRole('radio', { name: 'As the profile says' }).click()
  await looks('colour profile')
  await settled()
  expect(Math.max(...differences(await shown(), converted))).toBeLessThanOrEqual(2)
  await panel().getByRole('radio', { name: 'As stored' }).click()
  await looks('colour')
  await settled()
  expect(Math.max(...differences(await shown(), stored))).toBeLessThanOrEqual(1)
})
