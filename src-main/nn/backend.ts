/**
 * The one seam between Tessera and whatever multiplies the matrices. A backend is given a network as data or as an ONNX
 * file and arrays of numbers; nothing above it knows how the numbers are made.
 *
 * Training: the backend works out loss and gradient, the optimiser (../nn/optimiser.ts) changes the parameters. Weights
 * belong to the caller and are read anew at each step.
 */
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { MaskInput } from './graph/trainingOps.ts'
import type { ParameterLayout, Weights } from './graph/parameters.ts'
import type { VectorWork } from './vectorWork.ts'

export type BackendInfo = {
  name: string
  version: string
  /** in words, “CPU” */
  device: string
  /** what the runtime calls the part of itself that runs there */
  provider: string
  threads: number
}

export type TrainerInput = {
  /** normalised patches, [batch, channel, height, width] */
  patches: Float32Array
  /** what each should be, [batch, class]; rows add up to 1, or to the weight of their patch */
  target: Float32Array
  /** one for each dropout, as `Trainer.masks` lists them: 0 or 1 / (1 − rate) */
  masks: readonly Float32Array[]
}

export type TrainerStep = {
  /** mean cross-entropy of the batch, nats */
  loss: number
  /** patches whose largest logit is at their largest target */
  correct: number
  /** ∂loss/∂parameters, flat as the layout; valid until the next step */
  gradient: Float32Array
  /** mean and population variance of the batch in every batch norm, [layout.runningLength] */
  mean: Float32Array
  variance: Float32Array
}

export interface Trainer {
  readonly layout: ParameterLayout
  readonly classes: number
  readonly masks: readonly MaskInput[]
  readonly batch: number
  /** Where each step's gradient and statistics lie. */
  readonly results: Pick<TrainerStep, 'gradient' | 'mean' | 'variance'>
  step(weights: Weights, input: TrainerInput): Promise<TrainerStep>
  /**
   * What follows a step, on as many threads as this trainer has, and the same to the last bit on any number of them.
   * @throws {TesseraError} ENGINE_FAILED; what the work changes may then be changed in part
   */
  share(work: VectorWork): Promise<void>
  dispose(): Promise<void>
}

export type TrainerOptions = {
  /** patches the loss is a mean over; more than `batch` when this is one part of a larger batch */
  of?: number
  /** makes the arrays that results are written to */
  floats?: (length: number) => Float32Array
}

export interface Predictor {
  /** [channels, height, width] */
  readonly input: readonly [number, number, number]
  /** numbers of each patch: its classes, or, of an encoder, its features */
  readonly classes: number
  /**
   * @param patches normalised, [count, channel, height, width]; any count
   * @returns probabilities [count, class]
   */
  run(patches: Float32Array, count: number): Promise<Float32Array>
  dispose(): Promise<void>
}

/**
 * On a device other than the processor a session that can not be made is DEVICE_UNAVAILABLE, and one that fails while it
 * runs is DEVICE_LOST.
 */
export interface Backend {
  readonly info: BackendInfo
  /** @throws {TesseraError} NETWORK_INVALID, ENGINE_FAILED, DEVICE_UNAVAILABLE */
  createTrainer(network: NetworkDescription, batch: number, options?: TrainerOptions): Promise<Trainer>
  /** @throws {TesseraError} MODEL_FILE_BROKEN when the bytes are not a network this backend can run on patches */
  createPredictor(onnx: Uint8Array, file: string): Promise<Predictor>
  /**
   * The output of every layer as it trains, by its id, flat: to find the layer that is computed wrongly. Of the first
   * part, where a step runs its batch in parts.
   */
  layerOutputs(
    network: NetworkDescription,
    batch: number,
    weights: Weights,
    input: TrainerInput,
  ): Promise<Map<string, Float32Array>>
}
