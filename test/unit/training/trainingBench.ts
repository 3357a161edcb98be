/** Small trainings for tests: coloured patches, a small network, a folder of their own. */
import { temporaryFolder } from '../../fixtures/temporary.ts'
import type { NetworkDescription } from '../../../src-shared/networks.ts'
import { Recipe } from '../../../src-shared/recipe.ts'
import { Augmentation } from '../../../src-shared/models.ts'
import { inMemory } from '../../../src-main/features/pixelFile.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import type { TrainingNews, TrainingOrder } from '../../../src-main/nn/engineContract.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import type { LabelledPixels } from '../../../src-main/training/batches.ts'
import type { TrainingData } from '../../../src-main/training/step.ts'
import { trainLoop } from '../../../src-main/training/trainLoop.ts'
import { network } from '../nn/randomNetworks.ts'

export const EDGE = 12
const shape = { channels: 3, height: EDGE, width: EDGE }

/** With every kind of state a checkpoint must keep: batch norm, dropout. */
export const smallNetwork: NetworkDescription = network(
  'small',
  [3, EDGE, EDGE],
  [
    { kind: 'convolution', id: 'c1', filters: 8, kernel: 3, stride: 2, padding: 1, bias: false },
    { kind: 'batch-norm', id: 'b1' },
    { kind: 'relu', id: 'r1' },
    { kind: 'max-pool', id: 'p', kernel: 2, stride: 2 },
    { kind: 'global-average-pool', id: 'mean' },
    { kind: 'dropout', id: 'drop', rate: 0.2 },
    { kind: 'dense', id: 'classes', units: 2 },
  ],
)

/** Class 0 is pink with noise, class 1 purple with noise; every patch is of some class in turn. */
export function colouredPatches(count: number, seed: number, classes: readonly number[] = [0, 1]): LabelledPixels {
  const random = seeded(seed, 91)
  const bytes = EDGE * EDGE * 3
  const pixels = new Uint8Array(count * bytes)
  const classOf = Uint16Array.from({ length: count }, (_, patch) => classes[patch % classes.length])
  const colours = [
    [225, 150, 190],
    [185, 130, 190],
  ]
  for (let place = 0; place < pixels.length; place++)
    pixels[place] = Math.min(
      255,
      Math.max(0, colours[classOf[Math.floor(place / bytes)]][place % 3] + 40 * random.normal()),
    )
  return { pixels: inMemory(pixels, count, shape), classOf }
}

export const someData = (): TrainingData => ({ training: colouredPatches(40, 1), validation: colouredPatches(30, 2) })

export const anOrder = (folder: string, changes: Partial<TrainingOrder> = {}): TrainingOrder => ({
  network: smallNetwork,
  classes: ['stroma', 'tumour'],
  training: { file: 'in memory', classOf: new Uint16Array() },
  validation: null,
  normalisation: null,
  length: { kind: 'steps', steps: 30 },
  learningRate: 0.01,
  recipe: Recipe.parse({}),
  testTime: 'none',
  start: null,
  checkpointSeconds: 60,
  batchSize: 8,
  augmentation: Augmentation.parse({ stain: 0.05, colour: 0.1 }),
  balanced: true,
  seed: 7,
  folder,
  ...changes,
})

export const aFolder = (): string => temporaryFolder('tessera-training-')

export type Heard = { [K in TrainingNews['kind']]: Extract<TrainingNews, { kind: K }>[] }

/** Runs a training and sorts what it told. @param stopAfter steps after which it is asked to stop */
export async function runTraining(order: TrainingOrder, data = someData(), stopAfter = Infinity): Promise<Heard> {
  const heard: Heard = { 'steps-found': [], training: [], validation: [], checkpoint: [], finished: [] }
  const stop = new AbortController()
  let seconds = 0
  // A clock that runs a second with every look, so that every step gives a point.
  const options = { backend: onnxBackend(2), signal: stop.signal, now: () => seconds++ }
  for await (const news of trainLoop(order, data, options)) {
    ;(heard[news.kind] as TrainingNews[]).push(news)
    if (news.kind === 'training' && news.step >= stopAfter) stop.abort()
  }
  return heard
}
