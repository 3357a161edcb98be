/** What the threads that share a prediction say to each other: see predictLanes.ts. */
import type { Fault } from '../../src-shared/wire/message.ts'
import type { EncoderGraph } from '../nn/backendEncoder.ts'
import type { HowToLook } from './validate.ts'

/** What a lane's thread is started with: the model or encoder, and how it looks at patches. */
export type LaneOrder = ({ onnx: Uint8Array; file: string } | { encoder: EncoderGraph }) & { how: HowToLook }

/** Patches of a pixel file to share out. */
export type LaneCall = {
  file: string
  /** the file holds so many */
  patches: number
  /** rows of the file that are meant, in their order; absent: all */
  rows?: Uint32Array
  first: number
  count: number
  /** in shared memory: the block that is next, whoever takes it */
  next: Int32Array
  /** in shared memory: [count, class] */
  probabilities: Float32Array
}

export type LaneAnswer = { kind: 'ready' } | { kind: 'done' } | { kind: 'failed'; fault: Fault }
