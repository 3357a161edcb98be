/**
 * Both drawers show the same: every look of a slide, as px of the screen, by the canvas and by WebGL side by side, each in
 * a project of its own. WebGL is computed by the processor here (SwiftShader), by the same shaders as on a card.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Browser, expect, test } from '@playwright/test'
import sharp from 'sharp'
import { writeFluorescence } from '../fixtures/fluorescence.ts'
import { writeTinySlide } from '../fixtures/tinySlides.ts'
import type { TesseraWindow } from './tesseraWindow.ts'
import { launchBrowser, WebHost } from './webHost.ts'

test.describe.configure({ mode: 'serial' })
test.setTimeout(300_000)

const DRAWERS = ['canvas', 'webgl'] as const
type Drawer = (typeof DRAWERS)[number]

/**
 * Levels of grey. The drawers scale by different rules, which is seen where a stain makes much of the noise of JPEG: so
 * nearly all px must agree within a few, and every one within more.
 */
const FEW = 4
const NEARLY_ALL = 0.99
const EVERY = 16

let folder: string
let browser: Browser
const hosts = new Map<Drawer, WebHost>()
const windows = new Map<Drawer, TesseraWindow>()

/** Colours of stained tissue and of everything else, that change slowly: neither drawer's way to scale is to be seen. */
function smooth(width: number, height: number): Buffer {
  const pixels = Buffer.alloc(width * height * 3)
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      pixels[at++] = 150 + 100 * Math.sin(x / 61)
      pixels[at++] = 130 + 90 * Math.sin(y / 53 + 1)
      pixels[at++] = 160 + 80 * Math.sin((x + y) / 71 + 2)
    }
  return pixels
}

test.beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'tessera-drawers-'))
  const size = { width: 900, height: 620 }
  const slide = await writeTinySlide(path.join(folder, 'smooth.tif'), {
    ...size,
    pixels: smooth(size.width, size.height),
    icc: true,
    mpp: 0.5,
  })
  const fluorescence = writeFluorescence(path.join(folder, 'channels.ome.tif'))
  browser = await launchBrowser('--enable-unsafe-swiftshader')
  for (const drawer of DRAWERS) {
    const host = new WebHost()
    hosts.set(drawer, host)
    await host.start()
    await (await host.open(browser)).begin()
    await host.stop()
    await host.start(slide, fluorescence)
    const window = await host.open(browser, undefined, async (page) => {
      if (drawer === 'webgl')
        await page.addInitScript(() => {
          const { getParameter } = WebGLRenderingContext.prototype
          WebGLRenderingContext.prototype.getParameter = function (parameter) {
            // UNMASKED_RENDERER_WEBGL
            return parameter === 0x9246 ? 'ANGLE (a graphics card)' : getParameter.call(this, parameter)
          }
        })
    })
    windows.set(drawer, window)
    await window.ready()
    await expect(window.page.locator('[data-drawer]')).toHaveAttribute('data-drawer', drawer)
    // the grid and labels are the same code for both drawers
    await window.press('g')
    await window.press('a')
  }
})

test.afterAll(async () => {
  await browser.close()
  for (const host of hosts.values()) await host.remove()
  rmSync(folder, { recursive: true, force: true })
})

test.afterEach(() => {
  for (const [drawer, { complaints }] of windows) expect(complaints, drawer).toEqual([])
})

const inBoth = async (work: (window: TesseraWindow) => Promise<void>): Promise<void> => {
  for (const window of windows.values()) await work(window)
}

const looksIn = (window: TesseraWindow, key: string | RegExp) => expect(window.viewer).toHaveAttribute('data-look', key)

/** px of the middle of the viewer as they are on the screen, once they do not change any more. */
async function seenIn(window: TesseraWindow): Promise<Buffer> {
  const box = (await window.viewer.boundingBox())!
  const area = { x: box.x + box.width / 2 - 130, y: box.y + box.height / 2 - 90, width: 260, height: 180 }
  const look = async () =>
    sharp(await window.page.screenshot({ clip: area }))
      .removeAlpha()
      .raw()
      .toBuffer()
  let before = await look()
  await expect
    .poll(
      async () => {
        const now = await look()
        const isStill = now.equals(before)
        before = now
        return isStill
      },
      { intervals: [300] },
    )
    .toBe(true)
  return before
}

const greatestDifference = (a: Buffer, b: Buffer): number => {
  expect(a.length).toBe(b.length)
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!))
  return most
}

/** What both show; they must agree. */
async function seen(what: string): Promise<Buffer> {
  const canvas = await seenIn(windows.get('canvas')!)
  const webgl = await seenIn(windows.get('webgl')!)
  const differences = canvas.map((value, i) => Math.abs(value - webgl[i]!)).toSorted()
  expect(canvas.length).toBe(webgl.length)
  const most = differences[Math.floor(NEARLY_ALL * differences.length)]!
  expect.soft(most, `${what}: difference of the drawers in ${100 * NEARLY_ALL} % of px`).toBeLessThanOrEqual(FEW)
  expect.soft(differences.at(-1), `${what}: greatest difference`).toBeLessThanOrEqual(EVERY)
  return webgl
}

async function open(window: TesseraWindow, name: RegExp): Promise<void> {
  await window.page.getByRole('option', { name }).click()
  await window.ready()
  await window.page.getByRole('button', { name: 'Fit the slide' }).click()
  await window.page.mouse.move(5, 300)
}

const panel = (window: TesseraWindow) => window.page.getByRole('dialog', { name: 'Look' })

/** Goes on to the next look, in both. @returns its key */
async function nextLook(): Promise<string> {
  const keys: string[] = []
  await inBoth(async (window) => {
    const before = (await window.viewer.getAttribute('data-look'))!
    await window.press('Shift+l')
    await expect(window.viewer).not.toHaveAttribute('data-look', before)
    keys.push((await window.viewer.getAttribute('data-look'))!)
  })
  expect(keys[0]).toBe(keys[1])
  return keys[0]!
}

test('every stain, in its colour and in greys; and the last of many looks in a row is the one that is seen', async () => {
  await inBoth(async (window) => {
    await open(window, /smooth/)
    await looksIn(window, 'colour')
  })
  const byLook = new Map([['colour', await seen('colour')]])
  const remember = async (key: string) => {
    const now = await seen(key)
    for (const [other, pixels] of byLook)
      expect(greatestDifference(now, pixels), `${key} is not ${other}`).toBeGreaterThan(10)
    byLook.set(key, now)
  }
  for (let step = 0; step < 3; step++) await remember(await nextLook())
  await inBoth(async (window) => {
    await window.press('l')
    await panel(window).getByRole('radio', { name: 'H', exact: true }).click()
    await panel(window).getByRole('switch', { name: 'In greys' }).click()
    await looksIn(window, 'haematoxylin-h-e-grey')
    await window.press('Escape')
    await window.page.mouse.move(5, 300)
  })
  await remember('haematoxylin-h-e-grey')
  await remember(await nextLook())
  expect([...byLook.keys()]).toEqual([
    'colour',
    'haematoxylin-h-e-own',
    'other-h-e-own',
    'residual-h-e-own',
    'haematoxylin-h-e-grey',
    'other-h-e-grey',
  ])
  // faster than tiles come, once round and one back
  await inBoth(async (window) => {
    for (let step = 0; step < 3; step++) await window.press('Shift+l')
    await looksIn(window, 'haematoxylin-h-e-grey')
  })
  expect(greatestDifference(await seen('the last of three'), byLook.get('haematoxylin-h-e-grey')!)).toBe(0)
  await inBoth(async (window) => {
    for (let step = 0; step < 3; step++) await window.press('Shift+l')
    await looksIn(window, 'colour')
  })
  expect(greatestDifference(await seen('colour again'), byLook.get('colour')!)).toBe(0)
})

test('brightness, contrast and gamma', async () => {
  const before = await seen('as stored')
  for (const [name, presses] of [
    ['Brightness', 12],
    ['Contrast', 30],
    ['Gamma', 25],
  ] as const) {
    await inBoth(async (window) => {
      await window.press('l')
      await panel(window).getByRole('slider', { name }).focus()
      for (let i = 0; i < presses; i++) await window.press('ArrowRight')
      await window.press('Escape')
      await window.page.mouse.move(5, 300)
    })
    const now = await seen(name)
    expect(greatestDifference(now, before), `${name} is seen`).toBeGreaterThan(10)
  }
  await inBoth(async (window) => {
    await window.press('l')
    await panel(window).getByRole('button', { name: 'Reset' }).click()
    await window.press('Escape')
    await window.page.mouse.move(5, 300)
  })
  expect(greatestDifference(await seen('reset'), before)).toBe(0)
})

test('a colour profile', async () => {
  const before = await seen('as stored')
  const choose = (name: string, key: string) =>
    inBoth(async (window) => {
      await window.press('l')
      await panel(window).getByRole('radio', { name }).click()
      await looksIn(window, key)
      await window.press('Escape')
      await window.page.mouse.move(5, 300)
    })
  await choose('As the profile says', 'colour profile')
  expect(greatestDifference(await seen('profile'), before), 'the profile is seen').toBeGreaterThan(10)
  await choose('As stored', 'colour')
  expect(greatestDifference(await seen('as stored again'), before)).toBe(0)
})

test('channels of a fluorescence slide', async () => {
  await inBoth((window) => open(window, /channels/))
  const before = await seen('as the file says')
  await inBoth(async (window) => {
    await window.press('l')
    await panel(window).getByRole('checkbox', { name: 'CD8' }).uncheck()
    await panel(window).getByRole('spinbutton', { name: 'DAPI: value of the full colour' }).fill('600')
    await looksIn(window, /^colour 1,0,0,255,/)
    await window.press('Escape')
    await window.page.mouse.move(5, 300)
  })
  const now = await seen('one channel')
  expect(greatestDifference(now, before)).toBeGreaterThan(10)
  // red is CD8 alone
  expect(Math.max(...now.filter((_, i) => i % 3 === 0))).toBeLessThanOrEqual(FEW)
})

test('turned and mirrored, stains are seen alike', async () => {
  await inBoth(async (window) => {
    await open(window, /smooth/)
    await window.press('Shift+l')
    await window.press('Shift+W')
    await window.press('Shift+H')
  })
  await seen('turned')
})
