/** Self-tests of a device with what it is about to do: the first batch of a training, or patches of a prediction. */
import { readFile } from 'node:fs/promises'
import { deviceFacts, type DeviceTest } from '../../src-shared/devices.ts'
import type { Normalisation } from '../../src-shared/models.ts'
import { sizeOf } from '../../src-shared/network/layerShape.ts'
import { networkShapes } from '../../src-shared/network/shapes.ts'
import { NetworkDescription } from '../../src-shared/networks.ts'
import { normalisationTables, toNetworkInput } from '../features/networkInput.ts'
import { measureNormalisation } from '../features/normalisation.ts'
import { openPixelFile } from '../features/pixelFile.ts'
import { symmetriesOf } from '../features/symmetries.ts'
import { fileError } from '../files/fileErrors.ts'
import type { TrainingOrder } from '../nn/engineContract.ts'
import { forwardModel } from '../nn/graph/forwardGraph.ts'
import { parameterLayout } from '../nn/graph/parameters.ts'
import { seeded } from '../nn/random.ts'
import { movedWeights, testPrediction, testTraining, type DeviceUnderTest } from '../nn/selfTest.ts'
import { batches, type LabelledPixels } from './batches.ts'
import { checkData } from './checkData.ts'

export function testOnFirstBatch(
  devices: DeviceUnderTest,
  order: TrainingOrder,
  training: LabelledPixels,
  timed: boolean,
): Promise<DeviceTest> {
  checkData(order, { training, validation: null })
  const normalisation = order.normalisation ?? measureNormalisation(training.pixels)
  return testTraining(
    devices,
    {
      network: order.network,
      batch: order.batchSize,
      seed: order.seed,
      firstBatch: (masks) => batches(training, order.classes.length, order, normalisation, masks).of(0),
    },
    timed,
  )
}

export type ModelTest = {
  file: string
  normalisation: Normalisation
  /** a pixel file, and how many patches it holds */
  pixels: string
  patches: number
  timed: boolean
}

/** Patches of a prediction that are compared: a batch as it will be run, without the time of a whole block. */
const COMPARED = 32

export async function testModelOn(devices: DeviceUnderTest, test: ModelTest): Promise<DeviceTest> {
  const { file, normalisation, patches, timed } = test
  const onnx = await readFile(file).catch((error: unknown) => {
    throw fileError(file, error)
  })
  // On the processor first: what is wrong with the file itself is told as that.
  const looked = await devices.cpu.createPredictor(onnx, file)
  const [channels, height, width] = looked.input
  await looked.dispose()
  const shape = { channels, height, width }
  const pixels = await openPixelFile(test.pixels, patches, shape, 0)
  try {
    const count = Math.min(COMPARED, patches)
    const input = new Float32Array(count * sizeOf(looked.input))
    const tables = normalisationTables(normalisation, channels)
    toNetworkInput(pixels.range(0, count), count, shape, tables, symmetriesOf(shape)[0]!, input)
    return await testPrediction(devices, { onnx, file }, input, count, timed)
  } finally {
    await pixels.close()
  }
}

/** The layers of the presets, small, with the convolution from 6 to 16 channels that a provider got wrong. */
const smallNetwork = NetworkDescription.parse({
  name: 'the network of the self-test',
  input: [3, 12, 12],
  layers: [
    { kind: 'convolution', id: 'c1', filters: 6, kernel: 3, padding: 1 },
    { kind: 'batch-norm', id: 'b1' },
    { kind: 'relu', id: 'r1' },
    { kind: 'convolution', id: 'c2', filters: 6, kernel: 3, padding: 1 },
    { kind: 'add', id: 'sum', inputs: ['c2', 'r1'] },
    { kind: 'max-pool', id: 'p1', kernel: 3, stride: 2, padding: 1 },
    { kind: 'convolution', id: 'c3', filters: 16, kernel: 3, stride: 2, padding: 1 },
    { kind: 'relu', id: 'r3' },
    { kind: 'global-average-pool', id: 'mean' },
    { kind: 'dense', id: 'classes', units: 2 },
  ],
})
const SMALL_BATCH = 4
const SEED = 1

/** A step where the device trains, else probabilities. */
export function testOnSmallNetwork(devices: DeviceUnderTest): Promise<DeviceTest> {
  const random = seeded(SEED)
  const patches = Float32Array.from({ length: SMALL_BATCH * sizeOf(smallNetwork.input) }, () => random.normal())
  if (!deviceFacts[devices.name].works.includes('train')) {
    const weights = movedWeights(parameterLayout(networkShapes(smallNetwork)), SEED)
    const model = { onnx: forwardModel(smallNetwork, weights), file: smallNetwork.name }
    return testPrediction(devices, model, patches, SMALL_BATCH, false)
  }
  const target = Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1)
  const firstBatch = () => ({ patches, target, masks: [] })
  return testTraining(devices, { network: smallNetwork, batch: SMALL_BATCH, seed: SEED, firstBatch }, false)
}
