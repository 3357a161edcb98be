/** What the thread that trains and the threads of the other parts of a batch say to each other. */
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { Stretch } from './blocks.ts'
import type { VectorWork } from './vectorWork.ts'

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

export type PartCall =
  /** One step with these parameters (in shared memory) and what lies in the order's arrays. */
  | { kind: 'step'; parameters: Float32Array }
  /** Some blocks of what follows a step; its vectors are in shared memory. */
  | { kind: 'work'; work: VectorWork; blocks: Stretch }

export type PartAnswer =
  /** Where each step's results will lie, in shared memory. */
  | { kind: 'ready'; gradient: Float32Array; mean: Float32Array; variance: Float32Array }
  | { kind: 'stepped'; loss: number; correct: number }
  | { kind: 'worked' }
  | { kind: 'failed'; reason: string }
