/** A thread that runs one part of every batch: see parallelTrainer.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../../src-shared/errors.ts'
import { onnxBackend } from './backendOnnx.ts'
import { sharedFloats, type PartAnswer, type PartCall, type PartOrder } from './partContract.ts'

const { network, part, batch, patches, target, masks } = workerData as PartOrder
const say = (answer: PartAnswer) => parentPort?.postMessage(answer)
const none = new Float32Array()

try {
  const trainer = await onnxBackend(1).createTrainer(network, part, { of: batch, floats: sharedFloats })
  parentPort?.on('message', ({ parameters }: PartCall) => {
    // Running averages play no part in a training step.
    trainer
      .step({ parameters, mean: none, variance: none }, { patches, target, masks })
      .then(({ loss, correct }) => say({ kind: 'done', loss, correct }))
      .catch((error: unknown) => say({ kind: 'failed', reason: messageOf(error) }))
  })
  const { gradient, mean, variance } = trainer.results
  say({ kind: 'ready', gradient, mean, variance })
} catch (error) {
  say({ kind: 'failed', reason: messageOf(error) })
}
