/** Images per second in training steps of each preset (forward, backward, AdamW), beside PyTorch on the same network. */
import { presetTraining } from './presetModel.ts'
import { ENGINE_THREADS } from '../../src-main/nn/engineFacts.ts'
import { PresetName } from '../../src-shared/networks.ts'
import { median, type Figure, peer, print } from './bench.ts'

const SECONDS = 8
const BATCH = 32
const EDGE = 96

const figures: Figure[] = []
let version: string | null = null
for (const preset of PresetName.options) {
  const { network, step, dispose } = await presetTraining(preset, EDGE, BATCH)
  for (let i = 0; i < 3; i++) await step()
  const times: number[] = []
  const until = performance.now() + SECONDS * 1000
  while (performance.now() < until || times.length < 5) {
    const start = performance.now()
    await step()
    times.push((performance.now() - start) / 1000)
  }
  await dispose()
  const theirs = peer<{ imagesPerSecond: number; version: string }>('torchPeer.py', [], {
    network,
    batch: BATCH,
    mode: 'train',
    seconds: SECONDS,
    threads: ENGINE_THREADS,
  })
  version = theirs?.version ?? null
  figures.push({
    what: `${preset}, ${EDGE} px, batch ${BATCH}`,
    unit: 'images/s',
    ours: BATCH / median(times),
    peer: theirs?.imagesPerSecond ?? null,
    higherIsBetter: true,
  })
}
print('training', figures, version && `PyTorch ${version}, AdamW, the faster of NCHW and NHWC`)
