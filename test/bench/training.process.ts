/**
 * Training steps of one network in a process of its own.
 *
 * stdin: {network, batch, seconds, fewest?: steps timed in any case}; stdout: {imagesPerSecond: the median, peakBytes: the
 * most memory the process has held}.
 */
import { readFileSync } from 'node:fs'
import { NetworkDescription } from '../../src-shared/networks.ts'
import { median } from './bench.ts'
import { trainingOf } from './presetModel.ts'

/** Steps that set up memory and are not timed. */
const WARM_UP = 3

type Order = { network: unknown; batch: number; seconds: number; fewest?: number }
const { network, batch, seconds, fewest = 5 } = JSON.parse(readFileSync(0, 'utf8')) as Order

const { step, dispose } = await trainingOf(NetworkDescription.parse(network), batch)
for (let i = 0; i < WARM_UP; i++) await step()
const times: number[] = []
const until = performance.now() + seconds * 1000
while (performance.now() < until || times.length < fewest) {
  const start = performance.now()
  await step()
  times.push((performance.now() - start) / 1000)
}
await dispose()
console.log(
  JSON.stringify({ imagesPerSecond: batch / median(times), peakBytes: process.resourceUsage().maxRSS * 1024 }),
)
