/** Going to a place that was written, bookmarks, and pictures of the view. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type Browser, expect, test } from '@playwright/test'
import Database from 'better-sqlite3'
import sharp, { type Region, type Sharp } from 'sharp'
import { MOSAIC_FILE } from '../fixtures/samples.ts'
import { MOSAIC, type TesseraWindow } from './tesseraWindow.ts'
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
  await window.page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
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

const sql = <T>(query: string): T[] => {
  const sqlite = new Database(path.join(host.project(), 'project.sqlite'), { readonly: true })
  const rows = sqlite.prepare(query).all() as T[]
  sqlite.close()
  return rows
}

/** What the status bar says: of the pointer, or of the middle of the view while it is elsewhere. */
async function position(): Promise<[number, number]> {
  const text = await window.page.getByTestId('position').innerText()
  const [x, y] = text
    .split(' px')[0]!
    .split(', ')
    .map((part) => Number(part.replaceAll(',', '')))
  return [x!, y!]
}

/** The pointer over the bar at the top, so that the status bar speaks of the middle of the view. */
const leaveViewer = () => window.page.mouse.move(640, 5)

async function goTo(text: string) {
  await window.press('Control+g')
  const dialog = window.page.getByRole('dialog', { name: 'Go to a place' })
  await dialog.getByRole('textbox', { name: 'Place' }).fill(text)
  await window.press('Enter')
  return dialog
}

test('a place in px, in mm, or of the grid comes to the middle of the view', async () => {
  await window.page.getByRole('button', { name: '10x', exact: true }).click()
  await leaveViewer()
  await goTo('1,500, 1,000')
  await expect.poll(position).toEqual([1500, 1000])
  await goTo('0.972 mm, 1.458 mm')
  await expect.poll(position).toEqual([1000, 1500])
  await goTo('patch 5, 2')
  await expect.poll(position).toEqual([5.5 * MOSAIC.cell, 2.5 * MOSAIC.cell])
})

test('a place outside the slide is refused by its name and size, and the view stays', async () => {
  const before = await position()
  const dialog = await goTo('3000, 20')
  await expect(dialog.getByRole('alert')).toHaveText(
    '3000, 20 lies outside “pcam_composite_demo”, which is 2,688 × 2,304 px (2.61 mm × 2.24 mm).',
  )
  await window.press('Escape')
  expect(await position()).toEqual(before)
})

test('coordinates are copied as the field for places reads them', async () => {
  await window.hoverMiddle()
  const [x, y] = await position()
  await window.press('Shift+C')
  await expect.poll(() => window.page.evaluate(() => navigator.clipboard.readText())).toBe(`${x}, ${y} px`)
  await window.page.getByTestId('position').click()
  await expect(window.page.getByTestId('position')).toHaveText(/^Copied \d+, \d+ px$/)
})

test('a bookmark is added with a key, named, and a click flies back to its place, magnification and turn', async () => {
  await window.press('Shift+W')
  await window.press('Shift+H')
  await expect(window.viewer).toHaveAttribute('data-rotation', '90.00')
  await leaveViewer()
  await goTo('patch 20, 15')
  await expect.poll(position).toEqual([20.5 * MOSAIC.cell, 15.5 * MOSAIC.cell])
  const zoom = await window.viewer.getAttribute('data-zoom')
  await window.press('Control+d')
  const name = window.page.getByRole('textbox', { name: 'Name of Place 1' })
  await expect(name).toBeFocused()
  await name.fill('Nest with mitoses')
  await window.press('Enter')
  const list = window.page.getByRole('list', { name: 'Bookmarks' })
  await expect(list.getByRole('button', { name: /^Nest with mitoses/ })).toContainText(/\d+x, 90°, mirrored$/)
  await window.press('Escape')
  await window.press('Alt+0')
  await window.fit()
  await window.press('Shift+D')
  await list.getByRole('button', { name: /^Nest with mitoses/ }).click()
  await window.press('Escape')
  await leaveViewer()
  await expect.poll(position).toEqual([20.5 * MOSAIC.cell, 15.5 * MOSAIC.cell])
  await expect(window.viewer).toHaveAttribute('data-zoom', zoom!)
  await expect(window.viewer).toHaveAttribute('data-rotation', '90.00')
  await expect(window.viewer).toHaveAttribute('data-mirrored', 'true')
  expect(sql('SELECT name, rotation, mirrored FROM bookmarks')).toEqual([
    { name: 'Nest with mitoses', rotation: 90, mirrored: 1 },
  ])
})

test('a bookmark is deleted without a question, and one click takes that back', async () => {
  await window.press('Shift+D')
  const popup = window.page.getByRole('dialog', { name: /^Bookmarks/ })
  await popup.getByRole('button', { name: 'Delete Nest with mitoses' }).click()
  await expect(popup.getByRole('list', { name: 'Bookmarks' })).toBeHidden()
  await expect.poll(() => sql('SELECT 1 FROM bookmarks WHERE deleted_at IS NULL')).toEqual([])
  await popup.getByRole('button', { name: 'Undo' }).click()
  await expect(popup.getByRole('list', { name: 'Bookmarks' }).getByRole('listitem')).toHaveCount(1)
  await expect
    .poll(() => sql('SELECT name FROM bookmarks WHERE deleted_at IS NULL'))
    .toEqual([{ name: 'Nest with mitoses' }])
  await window.press('Escape')
  await window.press('Alt+0')
})

/** The picture that was saved last, once the window says so. */
async function saved(keys: string): Promise<{ name: string; data: Buffer; width: number; height: number }> {
  const notice = window.page.getByTestId('saved-picture')
  if (await notice.isVisible()) await notice.getByRole('button', { name: 'Put away' }).click()
  await window.press(keys)
  const name = await notice.getByRole('link').innerText()
  const file = readFileSync(path.join(host.project(), 'exports', name))
  const { data, info } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return { name, data, width: info.width, height: info.height }
}

const pixel = ({ data, width }: { data: Buffer; width: number }, x: number, y: number): number[] => [
  ...data.subarray((Math.round(y) * width + Math.round(x)) * 3, (Math.round(y) * width + Math.round(x)) * 3 + 3),
]

test('a picture of the view has the px of the screen: tissue, labels as shown, a scale bar of the length it says', async () => {
  await window.fit()
  await window.click([13, 11])
  await window.expectCounts({ tumor: 1 })
  await leaveViewer()
  const box = (await window.viewer.boundingBox())!
  const zoom = Number(await window.viewer.getAttribute('data-zoom'))
  const picture = await saved('Shift+S')
  expect(picture.name).toMatch(/^pcam_composite_demo at \d+, \d+ px\.png$/)
  expect([picture.width, picture.height]).toEqual([Math.round(box.width), Math.round(box.height)])

  const centre = await window.centreOf([13, 11])
  const [x, y] = [centre.x - box.x, centre.y - box.y]
  // the frame of a label is its colour at full strength, at the edge of its patch
  const edge = (MOSAIC.cell * zoom) / 2
  expect(pixel(picture, x - edge + 1, y)).toEqual([200, 0, 0])

  // a cell that nobody labelled is the tissue of the file
  const other = await window.centreOf([8, 6])
  // stats() looks at what it is given, before anything is cut out of it
  const meansOf = async (image: Sharp, area: Region) =>
    (await sharp(await image.extract(area).png().toBuffer()).stats()).channels.map((channel) => channel.mean)
  const stored = await meansOf(sharp(MOSAIC_FILE), {
    left: 8 * MOSAIC.cell + 24,
    top: 6 * MOSAIC.cell + 24,
    width: 48,
    height: 48,
  })
  const half = Math.round(24 * zoom)
  const shown = await meansOf(
    sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } }),
    {
      left: Math.round(other.x - box.x) - half,
      top: Math.round(other.y - box.y) - half,
      width: 2 * half,
      height: 2 * half,
    },
  )
  for (let channel = 0; channel < 3; channel++) expect(Math.abs(shown[channel]! - stored[channel]!)).toBeLessThan(8)

  // the bar, found as the longest run of its ink in the lower left
  const ink = [0x1b, 0x1f, 0x24]
  let longest = 0
  for (let row = picture.height - 60; row < picture.height; row++) {
    let run = 0
    for (let column = 0; column < 240; column++) {
      const now = pixel(picture, column, row)
      run = now.every((value, i) => Math.abs(value - ink[i]!) < 24) ? run + 1 : 0
      longest = Math.max(longest, run)
    }
  }
  const [, length, unit] = /([\d.]+) (µm|mm)/.exec(await window.page.getByTestId('scale-bar').innerText())!
  const wanted = ((Number(length) * (unit === 'mm' ? 1000 : 1)) / 0.972) * zoom
  expect(Math.abs(longest - wanted), `${longest} px for ${wanted}`).toBeLessThan(2.5)
})

test('a picture without overlays is the tissue alone, and an earlier one is not overwritten', async () => {
  const plain = await saved('Alt+Shift+S')
  const box = (await window.viewer.boundingBox())!
  const zoom = Number(await window.viewer.getAttribute('data-zoom'))
  const centre = await window.centreOf([13, 11])
  const [red, green] = pixel(plain, centre.x - box.x - (MOSAIC.cell * zoom) / 2 + 1, centre.y - box.y)
  expect(red === 200 && green === 0).toBe(false)
  expect(plain.name).toMatch(/ \(2\)\.png$/)
  expect(readdirSync(path.join(host.project(), 'exports')).filter((name) => name.endsWith('.png'))).toHaveLength(2)
  await window.undo()
})
