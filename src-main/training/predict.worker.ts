/** A thread that takes its share of the blocks of a prediction: see predictLanes.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { toFault } from '../../src-shared/errors.ts'
import { openEncoderGraph } from '../nn/backendEncoder.ts'
import { onnxBackend } from '../nn/backendOnnx.ts'
import type { LaneAnswer, LaneCall, LaneOrder } from './laneContract.ts'
import { runLane } from './predictLanes.ts'

const order = workerData as LaneOrder
const say = (answer: LaneAnswer) => parentPort?.postMessage(answer)

try {
  const predictor = await ('encoder' in order
    ? openEncoderGraph(order.encoder, 1)
    : onnxBackend(1).createPredictor(order.onnx, order.file))
  parentPort?.on('message', (call: LaneCall) => {
    runLane(predictor, order.how, call)
      .then(() => say({ kind: 'done' }))
      .catch((error: unknown) => say({ kind: 'failed', fault: toFault(error) }))
  })
  say({ kind: 'ready' })
} catch (error) {
  say({ kind: 'failed', fault: toFault(error) })
}
