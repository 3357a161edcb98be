/** A thread that runs one part of every batch: see parallelTrainer.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../../src-shared/errors.ts'
import { onnxBackend } from './backendOnnx.ts'
import type { PartAnswer, PartCall, PartOrder } from './partContract.ts'
import { sharedFloats } from './sharedFloats.ts'
import { doWork } from './vectorWork.ts'

const { network, part, batch, patches, target, masks } = workerData as PartOrder
const say = (answer: PartAnswer) => parentPort?.postMessage(answer)
const none = new Float32Array()

try {
  const trainer = await onnxBackend(1).createTrainer(network, part, { of: batch, floats: sharedFloats })
  const answer = async (call: PartCall): Promise<PartAnswer> => {
    if (call.kind === 'work') {
      doWork(call.work, call.blocks)
      return { kind: 'worked' }
    }
    // Running averages play no part in a training step.
    const weights = { parameters: call.parameters, mean: none, variance: none }
    const { loss, correct } = await trainer.step(weights, { patches, target, masks })
    return { kind: 'stepped', loss, correct }
  }
  parentPort?.on('message', (call: PartCall) => {
    answer(call)
      .then(say)
      .catch((error: unknown) => say({ kind: 'failed', reason: messageOf(error) }))
  })
  const { gradient, mean, variance } = trainer.results
  say({ kind: 'ready', gradient, mean, variance })
} catch (error) {
  say({ kind: 'failed', reason: messageOf(error) })
}
