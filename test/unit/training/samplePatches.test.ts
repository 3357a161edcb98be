/** The whole way on real tissue: the 200 sample patches, the first preset, the loop, the file that comes out. */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { Augmentation } from '../../../src-shared/models.ts'
import { inMemory } from '../../../src-main/features/pixelFile.ts'
import { presetNetwork } from '../../../src-main/models/presets.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import type { LabelledPixels } from '../../../src-main/training/batches.ts'
import { modelCheckpoint } from '../../../src-main/training/checkpoint.ts'
import { validate } from '../../../src-main/training/validate.ts'
import { aFolder, anOrder, runTraining } from './trainingBench.ts'

const SAMPLE = fileURLToPath(new URL('../../../resources/sample/patches', import.meta.url))
const CLASSES = ['normal', 'tumor']
/** The middle of each patch: its label speaks of the middle 32 px, and a smaller network input keeps this test short. */
const EDGE = 64
const BORDER = (96 - EDGE) / 2

async function samplePatches(): Promise<LabelledPixels> {
  const middle = { left: BORDER, top: BORDER, width: EDGE, height: EDGE }
  const pictures = CLASSES.flatMap((name, of) =>
    readdirSync(path.join(SAMPLE, name))
      .toSorted()
      .map((file) => ({ file: path.join(SAMPLE, name, file), of })),
  )
  const pixels = await Promise.all(
    pictures.map(({ file }) => sharp(file).extract(middle).removeAlpha().raw().toBuffer()),
  )
  return {
    pixels: inMemory(Buffer.concat(pixels), pictures.length, { channels: 3, height: EDGE, width: EDGE }),
    classOf: Uint16Array.from(pictures, ({ of }) => of),
  }
}

test('the first preset learns to tell 200 real patches apart', { timeout: 120_000 }, async () => {
  const folder = aFolder()
  const training = await samplePatches()
  const order = anOrder(folder, {
    network: presetNetwork('small-vgg', 3, EDGE, 2),
    classes: CLASSES,
    length: { kind: 'steps', steps: 100 },
    learningRate: 0.005,
    batchSize: 32,
    augmentation: Augmentation.parse({ flips: false, turns: false, stain: 0, colour: 0 }),
  })
  const heard = await runTraining(order, { training, validation: null })
  const lossOf = (points: typeof heard.training) => points.reduce((sum, { loss }) => sum + loss, 0) / points.length
  expect(lossOf(heard.training.slice(-5))).toBeLessThan(0.6 * lossOf(heard.training.slice(0, 5)))

  const model = await modelCheckpoint(folder)
  const scored = await validate(onnxBackend(2), order.network, model!.weights, training, CLASSES, {
    normalisation: model!.normalisation,
    testTime: 'none',
  })
  expect(scored.evaluation?.accuracy).toBeGreaterThan(0.95)
  expect(scored.evaluation?.auc).toBeGreaterThan(0.98)
})
