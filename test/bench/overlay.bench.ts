/**
 * A grid of 1,000,000 patches, all predicted, 400,000 labelled, over a slide in a real browser (the window over made-up
 * data): how long a new threshold takes, and what the layers add to a frame while panning and zooming.
 *
 * The browser draws frames as fast as it can, so that the time between two of them is what a frame costs, painting
 * included. With the layers and without them by turns.
 */
import { gridGeometry, patchAt } from '../../src-shared/patches.ts'
import { level0Px, micronPerPx } from '../../src-shared/units.ts'
import { FakeWindowHost } from '../e2e/fakeWindow.ts'
import { launchBrowser } from '../e2e/webHost.ts'
import { integerBelow, seeded } from '../fixtures/random.ts'
import { median, type Figure, print } from './bench.ts'

const EDGE = 96_000
const PATCH = 96
const SEED = 1

/** CSS px of a patch on the screen: all of the slide; more patches than are drawn one by one; frames and lines. */
const looks = [
  { what: 'all of the slide in sight', patchPx: null },
  { what: 'patches of 3 px', patchPx: 3 },
  { what: 'patches of 10 px', patchPx: 10 },
  { what: 'patches of 16 px', patchPx: 16 },
  { what: 'patches of 48 px', patchPx: 48 },
]

const host = new FakeWindowHost()
const browser = await launchBrowser('--disable-frame-rate-limit', '--disable-gpu-vsync')
try {
  await host.start()
  const { page } = await host.open(browser, 'full')
  await page.getByRole('tab', { name: 'Results', exact: true }).click()
  await page.locator('[data-ready="true"]').waitFor()
  await page.waitForFunction(predictedInPage, null, { timeout: 120_000 })
  const figures: Figure[] = []
  const figure = (what: string, ours: number): void => {
    figures.push({ what, unit: 'ms', ours, peer: null, higherIsBetter: false })
  }
  for (const { what, patchPx } of looks) {
    const { on, off, recolour } = await page.evaluate(measureInPage, { patchPx, patch: PATCH, edge: EDGE })
    figure(`${what}: a frame without layers`, median(off))
    figure(`${what}: layers add to a frame (wanted: under 10)`, median(on) - median(off))
    figure(`${what}: a new threshold, all colours anew (wanted: under 16)`, median(recolour))
  }
  figure('a patch found under the pointer (wanted: under 0.1)', hitTest())
  print('overlay', figures, null, [
    'medians; 1000 × 1000 patches, 40 classes; Chromium without a graphics card, 1280 × 800 px',
  ])
} finally {
  await browser.close()
  await host.remove()
}

/** ms */
function hitTest(): number {
  const mpp = micronPerPx(0.25)
  const grid = gridGeometry('bench', { width: EDGE, height: EDGE }, mpp, mpp, {
    edgePx: PATCH,
    mpp,
    stridePx: PATCH,
    offsetXPx: 0,
    offsetYPx: 0,
  })
  const random = seeded(SEED)
  const points = Array.from({ length: 100_000 }, () => level0Px(integerBelow(random, EDGE)))
  let found = 0
  const start = performance.now()
  for (let i = 1; i < points.length; i++) if (patchAt(grid, points[i - 1]!, points[i]!) !== null) found++
  const ms = performance.now() - start
  if (found !== points.length - 1) throw new Error('a closed grid has a patch everywhere')
  return ms / found
}

type Stores = {
  viewport: {
    view: { pxPerLevel0: number } | null
    controls: {
      fit(): void
      zoomTo(scale: number, about?: object): void
      panTo(point: object, immediately: boolean): void
    }
  }
  overlay: { shown: { grid: boolean; labels: boolean; predictions: boolean }; threshold: number; hideBelow: boolean }
  predictions: { shown: { known: number; patches: number } | null }
}

/** Runs in the page, as the next one: whether every patch is predicted. */
function predictedInPage(): boolean {
  const app = (
    document.querySelector('#app') as unknown as {
      __vue_app__: { config: { globalProperties: { $pinia: { _s: Map<string, unknown> } } } }
    }
  ).__vue_app__
  const shown = (app.config.globalProperties.$pinia._s.get('predictions') as Stores['predictions']).shown
  return shown !== null && shown.known === shown.patches
}

async function measureInPage({ patchPx, patch, edge }: { patchPx: number | null; patch: number; edge: number }) {
  const app = (
    document.querySelector('#app') as unknown as {
      __vue_app__: { config: { globalProperties: { $pinia: { _s: Map<string, unknown> } } } }
    }
  ).__vue_app__
  const stores = app.config.globalProperties.$pinia._s
  const viewport = stores.get('viewport') as Stores['viewport']
  const overlay = stores.get('overlay') as Stores['overlay']
  // A browser makes frames in which nothing changes only 60 times a second, whatever it is told: something changes in each.
  const beat = document.createElement('div')
  beat.style.cssText = 'position: fixed; top: 0; left: 0; width: 2px; height: 2px; z-index: 100'
  document.body.append(beat)
  let beats = 0
  const frame = () => {
    beat.style.background = beats++ % 2 === 0 ? '#000' : '#fff'
    return new Promise<number>((resolve) => requestAnimationFrame(resolve))
  }
  const show = (value: boolean): void => {
    overlay.shown.grid = value
    overlay.shown.labels = value
    overlay.shown.predictions = value
  }
  const STEPS = 40
  const middle = edge / 2
  const scale = patchPx === null ? null : patchPx / patch
  if (scale === null) viewport.controls.fit()
  else viewport.controls.zoomTo(scale, { x: middle, y: middle })
  for (let i = 0; i < 60; i++) await frame()
  const home = viewport.view!.pxPerLevel0
  /** A round about the middle, a little in and out on the way; each frame another view. */
  const round = async (times: number[] | null): Promise<void> => {
    let before = await frame()
    for (let i = 0; i < STEPS; i++) {
      const turn = (2 * Math.PI * i) / STEPS
      const radius = 100 / home
      viewport.controls.zoomTo(home * (1 + 0.1 * Math.sin(turn)))
      viewport.controls.panTo({ x: middle + radius * Math.cos(turn), y: middle + radius * Math.sin(turn) }, true)
      const now = await frame()
      times?.push(now - before)
      before = now
    }
  }
  // the tiles of the way are made and drawn before anything is measured
  for (let i = 0; i < 3; i++) await round(null)
  await new Promise((resolve) => setTimeout(resolve, 3000))
  await round(null)

  const on: number[] = []
  const off: number[] = []
  for (let turn = 0; turn < 5; turn++) {
    show(true)
    for (let i = 0; i < 4; i++) await frame()
    await round(on)
    show(false)
    for (let i = 0; i < 4; i++) await frame()
    await round(off)
  }
  show(true)
  overlay.hideBelow = true
  for (let i = 0; i < 10; i++) await frame()
  const recolour: number[] = []
  for (let i = 0; i < 40; i++) {
    const before = await frame()
    overlay.threshold = 0.3 + 0.01 * i
    await frame() // drawn in this one or the next
    recolour.push((await frame()) - before)
  }
  overlay.hideBelow = false
  const idle: number[] = []
  for (let i = 0; i < 20; i++) {
    const before = await frame()
    await frame()
    idle.push((await frame()) - before)
  }
  idle.sort((a, b) => a - b)
  return { on, off, recolour: recolour.map((ms) => ms - idle[10]!) }
}
