/**
 * How long the window can not answer while a training and a prediction run: the longest task of its thread, in a real
 * browser that shows the Train stage with its growing curves, and then the slide with its growing overlay. A person notices
 * from about 50 ms.
 */
import { TrainingSettings } from '../../src-shared/training.ts'
import { launchBrowser, WebHost } from '../e2e/webHost.ts'
import { print, type Figure } from './bench.ts'
import { hostWire } from './hostWire.ts'

/** What is wanted, ms. */
const WANTED = 50
const STEPS = 400

const host = new WebHost()
const browser = await launchBrowser()
try {
  await host.start()
  const window = await host.open(browser)
  await window.begin('bench')
  const { call, close } = await hostWire(host.entrance)
  const grid = (await call('patches.sources', undefined)).find(
    (source) => source.kind === 'grid' && source.columns === 28,
  )!
  const all = Uint32Array.from({ length: 672 }, (_, i) => i)
  const label = { source: grid.id, why: 'label' as const, prediction: null }
  await call('labels.assign', { ...label, patches: all.filter((i) => i % 2 === 0), class: 1 })
  await call('labels.assign', { ...label, patches: all.filter((i) => i % 2 === 1), class: 2 })

  const { page } = window
  /** Waits until the job is over. @returns ms of each task over 50 ms that the browser told of meanwhile */
  const whileRuns = async (job: string): Promise<number[]> => {
    await page.evaluate(() => {
      const tasks: number[] = []
      Object.assign(globalThis, { longTasks: tasks })
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) tasks.push(entry.duration)
      }).observe({ type: 'longtask' })
    })
    for (;;) {
      const { state, fault } = (await call('jobs.list', undefined)).find((each) => each.id === job)!
      if (state === 'failed') throw new Error(fault?.message ?? 'the job failed')
      if (state === 'done') break
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks)
  }
  const figure = (what: string, tasks: readonly number[]): Figure => ({
    what: `${what}: longest task (${tasks.length} over ${WANTED} ms)`,
    unit: 'ms',
    // The browser tells of none below 50 ms.
    ours: Math.max(WANTED, ...tasks),
    peer: null,
    higherIsBetter: false,
  })

  await page.getByRole('tab', { name: 'Train' }).click()
  const settings = { name: 'bench', classes: [1, 2], sources: [grid.id], network: 'small-resnet' }
  const run = await call(
    'training.start',
    TrainingSettings.parse({ ...settings, length: { kind: 'steps', steps: STEPS } }),
  )
  const training = await whileRuns(run.job)
  const [model] = await call('models.list', undefined)
  await page.getByRole('tab', { name: 'Results' }).click()
  const [slide] = await call('slides.list', undefined)
  const [prediction] = await call('predictions.start', { model: model!.id, slides: [slide!.id], sets: [] })
  const predicting = await whileRuns(prediction!.job)
  close()
  print('window', [figure('while a training runs', training), figure('while a prediction runs', predicting)], null, [
    `wanted: none over ${WANTED} ms; ${WANTED} stands for less`,
  ])
} finally {
  await browser.close()
  await host.remove()
}
