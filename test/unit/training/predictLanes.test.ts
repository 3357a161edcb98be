/** Predictions that threads share. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { presetNetwork } from '../../../src-main/models/presets.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import { parameterLayout } from '../../../src-main/nn/graph/parameters.ts'
import { initialWeights } from '../../../src-main/nn/initialise.ts'
import { type Lanes, predictLanes } from '../../../src-main/training/predictLanes.ts'
import { BLOCK } from '../../../src-main/training/validate.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { seeded } from '../../fixtures/random.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const EDGE = 28
/** Not a multiple of a block, so that the last one is short. */
const PATCHES = 5 * BLOCK + 7
const SEED = 3
const network = presetNetwork('lenet-5', 1, EDGE, 3)
const onnx = forwardModel(network, initialWeights(parameterLayout(networkShapes(network)), SEED))
const how = { normalisation: { mean: [0.4], std: [0.3] }, testTime: 'd4' as const }

const open: Lanes[] = []
afterEach(() => Promise.all(open.splice(0).map((lanes) => lanes.dispose())))
async function opened(lanes: number): Promise<Lanes> {
  const predictor = await onnxBackend(1).createPredictor(onnx, 'test.onnx')
  const made = predictLanes(predictor, lanes, { onnx, file: 'test.onnx', how })
  open.push(made)
  return made
}

function pixels(patches = PATCHES): string {
  const random = seeded(SEED)
  const file = path.join(temporaryFolder(), 'patches.pixels')
  writeFileSync(
    file,
    Uint8Array.from({ length: patches * EDGE * EDGE }, () => Math.floor(256 * random())),
  )
  return file
}

describe(`threads that share ${PATCHES} patches (seed ${SEED})`, { timeout: 60_000 }, () => {
  test('say of each, to the last bit, what one alone says', async () => {
    const range = { file: pixels(), patches: PATCHES, first: 0, count: PATCHES }
    const [alone, shared] = [await opened(1), await opened(3)]
    const expected = await alone.predict(range)
    expect(expected).toHaveLength(3 * PATCHES)
    expect(await shared.predict(range)).toEqual(expected)
    // and again, when the threads are there already
    expect(await shared.predict(range)).toEqual(expected)
  })

  test('take the patches that are meant, in their order, wherever they begin', async () => {
    const file = pixels()
    const [alone, shared] = [await opened(1), await opened(2)]
    const whole = await alone.predict({ file, patches: PATCHES, first: 0, count: PATCHES })
    const rows = Uint32Array.from({ length: 3 * BLOCK }, (_, i) => (i * 7) % PATCHES)
    const some = await shared.predict({ file, patches: PATCHES, rows, first: 5, count: 2 * BLOCK })
    for (const [i, row] of rows.subarray(5, 5 + 2 * BLOCK).entries())
      for (let k = 0; k < 3; k++) expect(some[3 * i + k]).toBeCloseTo(whole[3 * row + k]!, 6)
  })

  test('answer two who ask at once, each with its own', async () => {
    const [alone, shared] = [await opened(1), await opened(3)]
    const file = pixels()
    const half = { file, patches: PATCHES, first: 2 * BLOCK, count: 3 * BLOCK }
    const whole = { file, patches: PATCHES, first: 0, count: PATCHES }
    const expected = [await alone.predict(half), await alone.predict(whole)]
    expect(await Promise.all([shared.predict(half), shared.predict(whole)])).toEqual(expected)
  })

  test('tell a file that ends too soon, and go on with the next', async () => {
    const shared = await opened(2)
    const short = pixels(PATCHES - 1)
    await expect(shared.predict({ file: short, patches: PATCHES, first: 0, count: PATCHES })).rejects.toMatchObject({
      code: 'FILE_BROKEN',
    })
    expect(await shared.predict({ file: pixels(), patches: PATCHES, first: 0, count: PATCHES })).toHaveLength(
      3 * PATCHES,
    )
  })

  test('are refused with the model when only the threads can not open it', async () => {
    const predictor = await onnxBackend(1).createPredictor(onnx, 'test.onnx')
    const broken = predictLanes(predictor, 2, { onnx: onnx.subarray(0, 100), file: 'cut.onnx', how })
    open.push(broken)
    const range = { file: pixels(), patches: PATCHES, first: 0, count: PATCHES }
    await expect(broken.predict(range)).rejects.toMatchObject({ code: 'MODEL_FILE_BROKEN' })
  })
})
