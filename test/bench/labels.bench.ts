/**
 * From the click to the durable label: the call over the WebSocket of the web host, the transaction, and the answer, as
 * the window waits for it; in peace, and while a training uses every processor. The peer is the floor: one row in one
 * commit by Python's sqlite3 with the same safety, on the same disk.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { TrainingSettings } from '../../src-shared/training.ts'
import { WebHost } from '../e2e/webHost.ts'
import { type Figure, peer, print, quantile } from './bench.ts'
import { hostWire } from './hostWire.ts'

const CLICKS = 1000
/** A hand that paints: one gesture each so many ms. */
const PAUSE_MS = 10

const host = new WebHost()
await host.start()
try {
  const { call, close } = await hostWire(host.entrance)
  await call('settings.set', { person: 'bench' })
  const grid = (await call('patches.sources', undefined)).find(
    (source) => source.kind === 'grid' && source.columns === 28,
  )!

  const clicks = async (): Promise<number[]> => {
    const times: number[] = []
    for (let i = 0; i < CLICKS; i++) {
      const start = performance.now()
      await call('labels.assign', {
        source: grid.id,
        patches: Uint32Array.of(i % 672),
        class: 1 + ((i + Math.floor(i / 672)) % 2),
        why: 'label',
        prediction: null,
      })
      times.push(performance.now() - start)
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
    return times
  }

  await clicks()
  const calm = await clicks()
  const all = Uint32Array.from({ length: 672 }, (_, i) => i)
  const start = performance.now()
  await call('labels.assign', { source: grid.id, patches: all, class: 0, why: 'label', prediction: null })
  const stroke = performance.now() - start
  await call('labels.assign', {
    source: grid.id,
    patches: all.filter((i) => i % 2 === 0),
    class: 1,
    why: 'label',
    prediction: null,
  })
  await call('labels.assign', {
    source: grid.id,
    patches: all.filter((i) => i % 2 === 1),
    class: 2,
    why: 'label',
    prediction: null,
  })
  const run = await call(
    'training.start',
    TrainingSettings.parse({
      name: 'bench',
      classes: [1, 2],
      sources: [grid.id],
      network: 'small-resnet',
      length: { kind: 'epochs', epochs: 1000 },
    }),
  )
  while ((await call('jobs.list', undefined)).find((job) => job.id === run.job)!.done < 3)
    await new Promise((resolve) => setTimeout(resolve, 200))
  const busy = await clicks()
  await call('jobs.cancel', { job: run.job })
  close()

  const folder = mkdtempSync(path.join(tmpdir(), 'tessera-bench-'))
  const theirs = peer<{ p50: number; p99: number; version: string }>('sqlitePeer.py', [folder, String(CLICKS)])
  rmSync(folder, { recursive: true, force: true })
  const figure = (what: string, ours: number, floor: number | undefined): Figure => ({
    what,
    unit: 'ms',
    ours,
    peer: floor ?? null,
    higherIsBetter: false,
  })
  print(
    'labels',
    [
      figure('click to durable label, p50', quantile(calm, 0.5), theirs?.p50),
      figure('click to durable label, p99', quantile(calm, 0.99), theirs?.p99),
      figure('while training, p50', quantile(busy, 0.5), theirs?.p50),
      figure('while training, p99', quantile(busy, 0.99), theirs?.p99),
    ],
    theirs &&
      `${theirs.version} from Python: one row, one commit, WAL, synchronous FULL, no log, no wire, no training beside it`,
    [`a stroke over 672 patches: ${stroke.toFixed(0)} ms`],
  )
} finally {
  await host.remove()
}
