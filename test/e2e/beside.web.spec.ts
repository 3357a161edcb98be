/** Two views beside each other: linked by µm, of one slide or of two, and what the second one is not for. */
import { type Browser, expect, type Locator, test } from '@playwright/test'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })

/** µm/px of the sample mosaic and of the other slide, as their files say. */
const MPP = { mosaic: 0.972, cmu: 0.499 }

let browser: Browser
let host: WebHost
let window: TesseraWindow
let second: Locator

test.beforeAll(async () => {
  host = new WebHost()
  await host.start()
  browser = await launchBrowser()
  window = await host.open(browser)
  await window.begin()
  second = window.page.locator('[data-second]')
})

test.afterAll(async () => {
  await browser.close()
  await host.remove()
})

test.afterEach(async ({ browserName: _ }, info) => {
  if (info.status !== info.expectedStatus) await window.page.screenshot({ path: info.outputPath('window.png') })
  expect(window.complaints, 'nothing went wrong in the page').toEqual([])
})

const number = async (of: Locator, what: string): Promise<number> => Number(await of.getAttribute(`data-${what}`))

/** A view that does not move any more. */
async function still(of: Locator): Promise<void> {
  let before = ''
  await expect
    .poll(async () => {
      const now = `${await of.getAttribute('data-zoom')} ${await of.getAttribute('data-rotation')}`
      const same = now === before
      before = now
      return same
    })
    .toBe(true)
}

/** How much the canvas over the tissue holds: 0 = nothing is drawn there. */
const inkOf = (selector: string): Promise<number> =>
  window.page.evaluate((found) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`${found} .overlay-canvas`)!
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
    let ink = 0
    for (let i = 3; i < data.length; i += 4) if (data[i]! > 0) ink++
    return ink
  }, selector)

test('the same slide stands beside itself without its overlay, at the same place and magnification', async () => {
  await window.press('Shift+V')
  await expect(window.page.locator('[data-second-ready="true"]')).toBeVisible()
  await window.page.getByRole('button', { name: '10x', exact: true }).click()
  await still(window.viewer)
  await still(second)
  expect(await number(second, 'zoom')).toBeCloseTo(await number(window.viewer, 'zoom'), 4)
  await expect.poll(() => inkOf('[data-slide]')).toBeGreaterThan(100)
  expect(await inkOf('[data-second]')).toBe(0)
  await window.page.getByRole('button', { name: 'Grid, labels and predictions in the second view' }).click()
  await expect.poll(() => inkOf('[data-second]')).toBeGreaterThan(100)
  await window.page.getByRole('button', { name: 'Grid, labels and predictions in the second view' }).click()
})

test('what the main view does the second one does: pan, turn and mirror', async () => {
  await window.press('Shift+W')
  await window.press('Shift+H')
  await still(second)
  expect([await number(second, 'rotation'), await second.getAttribute('data-mirrored')]).toEqual([90, 'true'])
  await window.hoverMiddle()
  await window.page.keyboard.down('Space')
  await window.page.mouse.down()
  const box = (await window.viewer.boundingBox())!
  await window.page.mouse.move(box.x + box.width / 2 + 80, box.y + box.height / 2 + 30, { steps: 5 })
  await window.page.mouse.up()
  await window.page.keyboard.up('Space')
  await window.page.mouse.move(640, 5)
  const middle = async () =>
    (await window.page.getByTestId('position').innerText())
      .split(' px')[0]!
      .split(', ')
      .map((part) => Number(part.replaceAll(',', '')))
  await expect
    .poll(async () => {
      const [x, y] = await middle()
      const there = (await second.getAttribute('data-centre'))!.split(', ').map(Number)
      return Math.hypot(x! - there[0]!, y! - there[1]!)
    })
    .toBeLessThan(1.5)
  await window.press('Alt+0')
  await still(second)
  expect([await number(second, 'rotation'), await second.getAttribute('data-mirrored')]).toEqual([0, 'false'])
})

test('the wheel over the second view moves the main one with it, and a press there labels nothing', async () => {
  const before = await number(window.viewer, 'zoom')
  const box = (await second.boundingBox())!
  await window.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await window.page.mouse.wheel(0, -200)
  await expect.poll(() => number(window.viewer, 'zoom')).toBeGreaterThan(before * 1.2)
  await still(second)
  expect((await number(second, 'zoom')) / (await number(window.viewer, 'zoom'))).toBeCloseTo(1, 3)
  await window.page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
  await window.page.waitForTimeout(300)
  await window.expectCounts({ tumor: 0, normal: 0 })
})

test('another slide beside it has the same magnification in µm, and keeps its distance from the moment of linking', async () => {
  await window.page
    .getByRole('combobox', { name: 'Slide of the second view' })
    .selectOption({ label: 'CMU-1-Small-Region' })
  await expect(window.page.locator('[data-second-ready="true"]')).toBeVisible()
  await still(second)
  const ratio = async () => (await number(second, 'zoom')) / (await number(window.viewer, 'zoom'))
  await expect.poll(ratio).toBeCloseTo(MPP.cmu / MPP.mosaic, 3)
  const there = async () => {
    const [x, y] = (await second.getAttribute('data-centre'))!.split(', ').map(Number)
    return { x: x!, y: y! }
  }
  const before = await there()
  await window.page.mouse.move(640, 5)
  const here = async () =>
    (await window.page.getByTestId('position').innerText())
      .split(' px')[0]!
      .split(', ')
      .map((part) => Number(part.replaceAll(',', '')))
  const from = await here()
  await window.press('Control+g')
  await window.page.getByRole('textbox', { name: 'Place' }).fill(`${from[0]! + 300}, ${from[1]! - 100}`)
  await window.press('Enter')
  await expect.poll(async () => (await here())[0]).toBe(from[0]! + 300)
  await expect
    .poll(async () => {
      const now = await there()
      const wanted = [300, -100].map((px) => (px * MPP.mosaic) / MPP.cmu)
      return Math.hypot(now.x - before.x - wanted[0]!, now.y - before.y - wanted[1]!)
    })
    .toBeLessThan(3)
})

test('unlinked, each moves by itself; changing sides changes the slides', async () => {
  await window.press('Shift+K')
  const before = await number(second, 'zoom')
  await window.press('+')
  await still(window.viewer)
  expect(await number(second, 'zoom')).toBe(before)
  const [main, other] = [await window.viewer.getAttribute('data-slide'), await second.getAttribute('data-second')]
  await window.press('Shift+X')
  await window.ready()
  expect([await window.viewer.getAttribute('data-slide'), await second.getAttribute('data-second')]).toEqual([
    other,
    main,
  ])
  await window.press('Shift+V')
  await expect(second).toBeHidden()
})
