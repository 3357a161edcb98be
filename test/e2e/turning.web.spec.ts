/** A slide that is turned and mirrored: what is drawn over it, clicks, arrows and the overview go with it. */
import path from 'node:path'
import { type Browser, expect, test } from '@playwright/test'
import Database from 'better-sqlite3'
import sharp from 'sharp'
import { MOSAIC_FILE } from '../fixtures/samples.ts'
import { type Cell, MOSAIC, type TesseraWindow } from './tesseraWindow.ts'
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
})

test.afterAll(async () => {
  await browser.close()
  await host.remove()
})

test.afterEach(async ({ browserName: _ }, info) => {
  if (info.status !== info.expectedStatus) await window.page.screenshot({ path: info.outputPath('window.png') })
  expect(window.complaints, 'nothing went wrong in the page').toEqual([])
})

/** The labelled patches as the database has them. */
function labelled(): Cell[] {
  const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
  const patches = sqlite.prepare('SELECT patch FROM labels ORDER BY patch').pluck().all() as number[]
  sqlite.close()
  return patches.map((patch) => [patch % MOSAIC.columns, Math.floor(patch / MOSAIC.columns)] as const)
}

const turned = async (rotation: string, mirrored: boolean): Promise<void> => {
  await expect(window.viewer).toHaveAttribute('data-rotation', rotation)
  await expect(window.viewer).toHaveAttribute('data-mirrored', String(mirrored))
}

/** Mean colour of a square of a canvas of the viewer around a place of the screen, 0 to 255, with its alpha. */
const colourAt = (canvas: string, { x, y }: { x: number; y: number }, edge: number): Promise<number[]> =>
  window.page.evaluate(
    ([selector, left, top, size]) => {
      const element = document.querySelector<HTMLCanvasElement>(selector)!
      const box = element.getBoundingClientRect()
      const density = element.width / box.width
      const px = Math.round(size * density)
      const { data } = element
        .getContext('2d')!
        .getImageData(
          Math.round((left - box.left) * density - px / 2),
          Math.round((top - box.top) * density - px / 2),
          px,
          px,
        )
      const sums = [0, 0, 0, 0]
      for (let i = 0; i < data.length; i++) sums[i % 4]! += data[i]!
      return sums.map((sum) => sum / (px * px))
    },
    [canvas, x, y, edge] as const,
  )

const TILES = '.openseadragon-canvas canvas'
const OVERLAY = '.overlay-canvas'

/** Mean colour of the middle of a cell as the file has it. */
async function tissueOf([column, row]: Cell, share: number): Promise<number[]> {
  const edge = Math.round(MOSAIC.cell * share)
  // stats() looks at what it is given, before anything is cut out of it
  const part = await sharp(MOSAIC_FILE)
    .extract({
      left: Math.round((column + 0.5) * MOSAIC.cell - edge / 2),
      top: Math.round((row + 0.5) * MOSAIC.cell - edge / 2),
      width: edge,
      height: edge,
    })
    .png()
    .toBuffer()
  const { channels } = await sharp(part).stats()
  return channels.map((channel) => channel.mean)
}

test('a quarter turn and a mirror are two keys, and a click labels the patch under the pointer', async () => {
  await window.press('Shift+W')
  await window.press('Shift+H')
  await turned('90.00', true)
  await window.fit()
  await window.click([5, 3])
  await expect.poll(labelled).toEqual([[5, 3]])
  await window.click([20, 21])
  await expect.poll(labelled).toEqual([
    [5, 3],
    [20, 21],
  ])
})

test('a rectangle that is drawn on the turned slide holds the patches between its corners', async () => {
  await window.undo()
  await window.undo()
  await expect.poll(labelled).toEqual([])
  // from beyond the centre of the one to beyond that of the other
  await window.drag([9.7, 7.7], [11.3, 9.3], { modifiers: ['Shift'] })
  await expect.poll(labelled).toEqual([
    [10, 8],
    [11, 8],
    [10, 9],
    [11, 9],
  ])
  await window.undo()
  await expect.poll(labelled).toEqual([])
})

test('the arrow to the right goes to the patch on the right of the screen', async () => {
  await turned('90.00', true)
  await window.hover([6, 6])
  const before = await window.centreOf([6, 6])
  await window.press('ArrowRight')
  await window.press('1')
  await expect.poll(labelled).toHaveLength(1)
  const after = await window.centreOf(labelled()[0]!)
  expect(after.x - before.x).toBeGreaterThan(10)
  expect(Math.abs(after.y - before.y)).toBeLessThan(2)
  await window.undo()
  await expect.poll(labelled).toEqual([])
})

test('at 37° and mirrored the tiles, the overlay and the hit of a click agree: a label lies over the tissue of its patch', async () => {
  await window.press('Alt+0')
  await turned('0.00', false)
  for (let i = 0; i < 7; i++) await window.press('Alt+W')
  await turned('35.00', false)
  await window.hoverMiddle()
  await window.page.keyboard.down('Alt')
  await window.page.mouse.wheel(0, 40)
  await window.page.keyboard.up('Alt')
  await turned('37.00', false)
  await window.press('Shift+H')
  await turned('37.00', true)
  await window.fit()
  for (const cell of [
    [4, 19],
    [22, 5],
    [13, 12],
  ] as const) {
    const at = await window.centreOf(cell)
    const size = MOSAIC.cell * Number(await window.viewer.getAttribute('data-zoom')) * 0.4
    // what is drawn where the patch should be is the patch of the file
    const [shown, stored] = [await colourAt(TILES, at, size), await tissueOf(cell, 0.4)]
    for (let channel = 0; channel < 3; channel++)
      expect(
        Math.abs(shown[channel]! - stored[channel]!),
        `${cell.join(', ')}: ${shown.join(', ')} and ${stored.join(', ')}`,
      ).toBeLessThan(14)
    await window.page.mouse.click(at.x, at.y)
    await expect.poll(() => labelled().some(([column, row]) => column === cell[0] && row === cell[1])).toBe(true)
    // away with the pointer and its outline, which are drawn on a canvas of their own
    // drawn with the next frame; the disk may have it before
    const opacity = async (): Promise<number> => (await colourAt(OVERLAY, at, size))[3]! / 255
    await expect.poll(opacity, 'the light fill of a label').toBeCloseTo(0.18, 1)
    const [red, green, blue] = await colourAt(OVERLAY, at, size)
    expect([red! > 150, green! < 40, blue! < 40], `the colour of tumor: ${red}, ${green}, ${blue}`).toEqual([
      true,
      true,
      true,
    ])
    const neighbour = await window.centreOf([cell[0] + 1, cell[1]])
    expect((await colourAt(OVERLAY, neighbour, size))[3]! / 255, 'nothing over its neighbour').toBeLessThan(0.02)
  }
  await expect.poll(labelled).toHaveLength(3)
})

test('Alt and the wheel turn by small steps; the overview shows what is seen as a slanted frame', async () => {
  await window.press('Alt+0')
  await window.page.getByRole('button', { name: '5x', exact: true }).click()
  await window.hoverMiddle()
  await window.page.keyboard.down('Alt')
  await window.page.mouse.wheel(0, 100)
  await window.page.mouse.wheel(0, 100)
  await window.page.keyboard.up('Alt')
  await turned('10.00', false)
  const points = (await window.page.getByTestId('overview').locator('.frame').getAttribute('points'))!
    .split(' ')
    .map((point) => point.split(',').map(Number))
  expect(points.length).toBeGreaterThanOrEqual(4)
  const [a, b] = points as [number[], number[]]
  // the upper edge of the screen on a slide that is turned clockwise runs upwards on the slide
  expect((Math.atan2(b[1]! - a[1]!, b[0]! - a[0]!) * 180) / Math.PI).toBeCloseTo(-10, 0)
})

test('the wheel zooms about the pointer and dragging pans with it, turned and mirrored as it is', async () => {
  await window.press('Alt+0')
  await window.press('Shift+W')
  await window.press('Alt+W')
  await window.press('Shift+H')
  await turned('95.00', true)
  await window.fit()
  const at = await window.centreOf([9, 14])
  await window.page.mouse.move(at.x, at.y)
  const position = async () =>
    (await window.page.getByTestId('position').innerText())
      .split(' px')[0]!
      .split(', ')
      .map((part) => Number(part.replaceAll(',', '')))
  const before = await position()
  // notches that follow each other within 50 ms count as one
  const zoomedIn = async (): Promise<number> => {
    await window.page.mouse.wheel(0, -100)
    return Number(await window.viewer.getAttribute('data-zoom'))
  }
  await expect.poll(zoomedIn, { intervals: [100] }).toBeGreaterThan(0.5)
  await window.page.waitForTimeout(400)
  const near = async (to: number[]) => {
    await window.page.mouse.move(at.x + 1, at.y)
    await window.page.mouse.move(at.x, at.y)
    const now = await position()
    return Math.hypot(now[0]! - to[0]!, now[1]! - to[1]!)
  }
  expect(await near(before)).toBeLessThan(8)
  await window.page.keyboard.down('Space')
  await window.page.mouse.down()
  await window.page.mouse.move(at.x + 90, at.y - 60, { steps: 5 })
  await window.page.mouse.up()
  await window.page.keyboard.up('Space')
  at.x += 90
  at.y -= 60
  await expect.poll(() => near(before)).toBeLessThan(8)
})

test('each slide keeps how it was turned, and resizing the window changes nothing of it', async () => {
  const zoom = await window.viewer.getAttribute('data-zoom')
  await window.page.setViewportSize({ width: 1280, height: 780 })
  await window.page.waitForTimeout(300)
  await turned('95.00', true)
  const now = Number(await window.viewer.getAttribute('data-zoom'))
  expect(Math.abs(now / Number(zoom) - 1)).toBeLessThan(0.05)
  await window.page.setViewportSize({ width: 1280, height: 800 })
  await window.command('Neither turned nor mirrored')
  await turned('0.00', false)
})
