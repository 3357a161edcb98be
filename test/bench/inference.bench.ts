/**
 * Images per second through presets, at 96 and 224 px, beside PyTorch on the same network. --only=WORD: those whose name
 * begins so.
 */
import { onnxBackend } from '../../src-main/nn/backendOnnx.ts'
import { ENGINE_THREADS } from '../../src-main/nn/engineFacts.ts'
import type { PresetName } from '../../src-shared/networks.ts'
import { median, type Figure, options, peer, print } from './bench.ts'
import { modelOf, presetForTissue } from './presetModel.ts'

const SECONDS = 4

const presets: readonly PresetName[] = [
  'tessera-s',
  'tessera-m',
  'small-vgg',
  'small-resnet',
  'small-inception',
  'resnet-18',
  'mobilenet-v2',
]

const figures: Figure[] = []
let version: string | null = null
const backend = onnxBackend(ENGINE_THREADS)
for (const [edge, batch] of [
  [96, 32],
  [224, 8],
] as const)
  for (const preset of presets) {
    const what = `${preset}, ${edge} px, batch ${batch}`
    if (!what.startsWith(options.only)) continue
    const network = presetForTissue(preset, edge)
    const predictor = await backend.createPredictor(modelOf(network), preset)
    const patches = Float32Array.from({ length: batch * 3 * edge * edge }, (_, i) => Math.sin(i))
    for (let i = 0; i < 3; i++) await predictor.run(patches, batch)
    const times: number[] = []
    const until = performance.now() + SECONDS * 1000
    while (performance.now() < until || times.length < 5) {
      const start = performance.now()
      await predictor.run(patches, batch)
      times.push((performance.now() - start) / 1000)
    }
    await predictor.dispose()
    const theirs = peer<{ imagesPerSecond: number; version: string }>('torchPeer.py', [], {
      network,
      batch,
      mode: 'infer',
      seconds: SECONDS,
      threads: ENGINE_THREADS,
    })
    version = theirs?.version ?? null
    figures.push({
      what,
      unit: 'images/s',
      ours: batch / median(times),
      peer: theirs?.imagesPerSecond ?? null,
      higherIsBetter: true,
    })
  }
print('inference', figures, version && `PyTorch ${version} eager, the faster of NCHW and NHWC`)
