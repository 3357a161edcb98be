/**
 * What must be compared on WebGPU, in a process of its own: the driver is found when a process starts, and a runtime that
 * crashes must not take the tests along. Answers with figures; the test judges them.
 */
import { onnxBackend } from '../../../../src-main/nn/backendOnnx.ts'
import { forwardModel } from '../../../../src-main/nn/graph/forwardGraph.ts'
import { testPrediction, testTraining } from '../../../../src-main/nn/selfTest.ts'
import { againstReference } from '../conformance.ts'
import { randomBatch, randomWeights } from '../randomNetworks.ts'
import { everyLayer, sixToSixteen } from './networks.ts'

const devices = (layout: 'NCHW' | 'NHWC') => ({
  name: 'webgpu' as const,
  device: onnxBackend(2, 'webgpu', { layout }),
  cpu: onnxBackend(2),
})

const work = {
  conformance: () => againstReference(onnxBackend(2, 'webgpu'), everyLayer, 1),
  wrong: () =>
    testTraining(
      devices('NHWC'),
      { network: sixToSixteen, batch: 2, seed: 1, firstBatch: (masks) => randomBatch(sixToSixteen, 2, masks, 1) },
      false,
    ),
  right: () => {
    const model = { onnx: forwardModel(sixToSixteen, randomWeights(sixToSixteen, 1)), file: 'six to sixteen' }
    return testPrediction(devices('NCHW'), model, randomBatch(sixToSixteen, 2, [], 1).patches, 2, false)
  },
}

process.on('message', (name: keyof typeof work) => {
  work[name]().then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
  )
})
