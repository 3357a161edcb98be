/** What the thread that trains and the threads of the other parts of a batch say to each other. */
import type { NetworkDescription } from '../../src-shared/networks.ts'

/** Floats that every thread sees. */
export const sharedFloats = (length: number): Float32Array => new Float32Array(new SharedArrayBuffer(4 * length))

export const isShared = (floats: Float32Array): boolean => floats.buffer instanceof SharedArrayBuffer

/** What a part's thread is started with. */
export type PartOrder = {
  network: NetworkDescription
  /** patches of this part, and of the whole batch, over which the loss is a mean */
  part: number
  batch: number
  /** in shared memory: filled before each step */
  patches: Float32Array
  target: Float32Array
  masks: Float32Array[]
}

/** One step with these parameters (in shared memory) and what lies in the order's arrays. */
export type PartCall = { parameters: Float32Array }

export type PartAnswer =
  /** Where each step's results will lie, in shared memory. */
  | { kind: 'ready'; gradient: Float32Array; mean: Float32Array; variance: Float32Array }
  | { kind: 'done'; loss: number; correct: number }
  | { kind: 'failed'; reason: string }
