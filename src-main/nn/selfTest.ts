/**
 * The self-test of a device: the same step of the same network on the processor and on the device, number by number.
 *
 * It is done with the network, the batch size and the first batch of the very run, because a provider's mistakes hang on
 * shapes: a convolution from 6 to 16 channels can be wrong where all others are right. The weights are moved off the
 * values they start at (biases 0, scales 1), so that no mistake is multiplied by 0.
 *
 * Tolerances are for float32 in another order of summation. Measured on SwiftShader: 3e-7 on small networks; a wrong
 * convolution: 0.8 to 1.1. Between lies room for deep networks, where a ReLU near 0 may fall to the other side.
 */
import type { DeviceComparison, DeviceName, DeviceTest } from '../../src-shared/devices.ts'
import { toFault } from '../../src-shared/errors.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { Backend, Trainer, TrainerInput, TrainerStep } from './backend.ts'
import { deviceWrong } from './deviceWords.ts'
import { forwardModel } from './graph/forwardGraph.ts'
import type { ParameterLayout, Weights } from './graph/parameters.ts'
import type { MaskInput } from './graph/trainingOps.ts'
import { initialWeights } from './initialise.ts'
import { seeded } from './random.ts'

export const TOLERANCE = {
  /** |difference| as a share of the loss, or of 1 nat where the loss is less */
  loss: 1e-4,
  /** relative L2 of each parameter's gradient; a parameter with less than 1 % of the whole gradient counts as 1 % */
  gradient: 2e-3,
  /** relative L2 of the batch's means and variances */
  statistics: 1e-3,
  /** largest absolute difference of a probability */
  probabilities: 1e-3,
  /** relative L2 of one layer's output, where a difference is looked for */
  layer: 1e-3,
} as const

const SMALL_PART = 0.01

export type TestedNetwork = {
  network: NetworkDescription
  batch: number
  seed: number
  /** The first batch, for the masks of its dropouts. */
  firstBatch: (masks: readonly MaskInput[]) => TrainerInput
}

/** A device to be tested, by name and as a backend; and the processor it must equal. */
export type DeviceUnderTest = { name: DeviceName; device: Backend; cpu: Backend }

/**
 * @param timed whether a few more steps are timed on both
 * @throws {TesseraError} DEVICE_UNAVAILABLE, DEVICE_LOST, and whatever the network's own mistakes are
 */
export async function testTraining(
  devices: DeviceUnderTest,
  tested: TestedNetwork,
  timed: boolean,
): Promise<DeviceTest> {
  const { network, batch, seed, firstBatch } = tested
  const trainer = await devices.device.createTrainer(network, batch)
  try {
    const truth = await devices.cpu.createTrainer(network, batch)
    try {
      const weights = movedWeights(truth.layout, seed)
      const input = firstBatch(truth.masks)
      const expected = copied(await truth.step(weights, input))
      const found = copied(await trainer.step(weights, input))
      // In use with the averages of this very batch, so that no layer saturates and hides what lies before it.
      const onnx = forwardModel(network, { ...weights, mean: expected.mean, variance: expected.variance })
      const comparisons = [
        ...compareSteps(expected, found, truth.layout),
        await comparePredictions(devices, onnx, network.name, input.patches, batch),
      ]
      const fault = await faultOf(devices, tested, weights, input, comparisons)
      const seconds = timed && !fault ? await timeBoth(truth, trainer, weights, input) : null
      return { fault, comparisons: worst(comparisons), seconds }
    } finally {
      await truth.dispose()
    }
  } finally {
    await trainer.dispose()
  }
}

/**
 * @param patches normalised, [count, channel, height, width]
 * @throws {TesseraError} DEVICE_UNAVAILABLE, DEVICE_LOST, MODEL_FILE_BROKEN
 */
export async function testPrediction(
  { name, device, cpu }: DeviceUnderTest,
  model: { onnx: Uint8Array; file: string },
  patches: Float32Array,
  count: number,
  timed: boolean,
): Promise<DeviceTest> {
  const tested = await device.createPredictor(model.onnx, model.file)
  const truth = await cpu.createPredictor(model.onnx, model.file)
  try {
    const expected = await truth.run(patches, count)
    const found = await tested.run(patches, count)
    const comparison = probabilities(expected, found)
    const fault = isWithin(comparison) ? null : toFault(deviceWrong(name, model.file, null, comparison))
    const seconds =
      timed && !fault
        ? await timeRuns(
            () => truth.run(patches, count),
            () => tested.run(patches, count),
          )
        : null
    return { fault, comparisons: [comparison], seconds }
  } finally {
    await truth.dispose()
    await tested.dispose()
  }
}

/** As they start, but with biases and shifts around 0, scales around 1, and running averages of their own. */
export function movedWeights(layout: ParameterLayout, seed: number): Weights {
  const weights = initialWeights(layout, seed)
  const random = seeded(seed, MOVED)
  for (const { role, offset, length } of layout.parameters)
    if (role !== 'weight')
      for (let i = offset; i < offset + length; i++) weights.parameters[i]! += 0.1 * random.normal()
  for (let i = 0; i < layout.runningLength; i++) {
    weights.mean[i] = 0.1 * random.normal()
    weights.variance[i] = random.between(0.5, 2)
  }
  return weights
}

/** What the random numbers are for, beside a training's own. */
const MOVED = 41

/** A step's arrays are filled anew by the next. */
const copied = (step: TrainerStep): TrainerStep => ({
  ...step,
  gradient: step.gradient.slice(),
  mean: step.mean.slice(),
  variance: step.variance.slice(),
})

function compareSteps(expected: TrainerStep, found: TrainerStep, layout: ParameterLayout): DeviceComparison[] {
  const least = SMALL_PART * norm(expected.gradient)
  return [
    {
      what: 'the loss of the first batch',
      difference: Math.abs(found.loss - expected.loss) / Math.max(1, Math.abs(expected.loss)),
      tolerance: TOLERANCE.loss,
    },
    ...layout.parameters.map(({ name, offset, length }) => ({
      what: `the gradient of ${name}`,
      difference: relative(
        expected.gradient.subarray(offset, offset + length),
        found.gradient.subarray(offset, offset + length),
        least,
      ),
      tolerance: TOLERANCE.gradient,
    })),
    ...(layout.runningLength === 0
      ? []
      : (['mean', 'variance'] as const).map((what) => ({
          what: `the batch’s ${what}`,
          difference: relative(expected[what], found[what], 0),
          tolerance: TOLERANCE.statistics,
        }))),
  ]
}

async function comparePredictions(
  { device, cpu }: DeviceUnderTest,
  onnx: Uint8Array,
  file: string,
  patches: Float32Array,
  count: number,
): Promise<DeviceComparison> {
  const results = []
  for (const backend of [cpu, device]) {
    const predictor = await backend.createPredictor(onnx, file)
    try {
      results.push(await predictor.run(patches, count))
    } finally {
      await predictor.dispose()
    }
  }
  return probabilities(results[0]!, results[1]!)
}

const probabilities = (expected: Float32Array, found: Float32Array): DeviceComparison => ({
  what: 'a probability',
  difference: largestDifference(expected, found),
  tolerance: TOLERANCE.probabilities,
})

/** NaN is not within anything. */
const isWithin = ({ difference, tolerance }: DeviceComparison): boolean => difference <= tolerance

const excess = ({ difference, tolerance }: DeviceComparison): number =>
  Number.isNaN(difference) ? Infinity : difference / tolerance

/** The fault of the farthest comparison, naming the first layer whose output differs; null when all are within. */
async function faultOf(
  { name, device, cpu }: DeviceUnderTest,
  { network, batch }: TestedNetwork,
  weights: Weights,
  input: TrainerInput,
  comparisons: readonly DeviceComparison[],
): Promise<DeviceTest['fault']> {
  const [farthest] = comparisons.filter((each) => !isWithin(each)).toSorted((a, b) => excess(b) - excess(a))
  if (!farthest) return null
  const expected = await cpu.layerOutputs(network, batch, weights, input)
  const found = await device.layerOutputs(network, batch, weights, input)
  const layer = network.layers.find(({ id }) => {
    const truth = expected.get(id)
    const other = found.get(id)
    return truth && other && !(relative(truth, other, 0) <= TOLERANCE.layer)
  })
  return toFault(deviceWrong(name, network.name, layer?.id ?? null, farthest))
}

/** Of all gradients only the farthest is told. */
function worst(comparisons: readonly DeviceComparison[]): DeviceComparison[] {
  const isGradient = ({ tolerance }: DeviceComparison) => tolerance === TOLERANCE.gradient
  const [farthest] = comparisons.filter(isGradient).toSorted((a, b) => excess(b) - excess(a))
  return comparisons.filter((each) => !isGradient(each) || each === farthest)
}

const norm = (vector: Float32Array): number => {
  let sum = 0
  for (const value of vector) sum += value * value
  return Math.sqrt(sum)
}

/** Length of the difference as a share of the true length, or of `least` where that is longer. */
function relative(expected: Float32Array, found: Float32Array, least: number): number {
  if (found.length !== expected.length) return Number.NaN
  let sum = 0
  for (const [place, value] of expected.entries()) sum += (found[place]! - value) ** 2
  const whole = Math.max(norm(expected), least)
  return whole === 0 ? Math.sqrt(sum) : Math.sqrt(sum) / whole
}

function largestDifference(expected: Float32Array, found: Float32Array): number {
  if (found.length !== expected.length) return Number.NaN
  let largest = 0
  for (const [place, value] of expected.entries()) {
    const difference = Math.abs(found[place]! - value)
    if (!(difference <= largest)) largest = difference
    if (Number.isNaN(largest)) return largest
  }
  return largest
}

/** Runs that are timed on each, and the seconds after which no other is begun. */
const TIMED = 5
const TIMED_SECONDS = 3

const timeBoth = (cpu: Trainer, device: Trainer, weights: Weights, input: TrainerInput) =>
  timeRuns(
    () => cpu.step(weights, input),
    () => device.step(weights, input),
  )

/** Seconds of one run on each, the median of a few; both have run once before. */
async function timeRuns(cpu: () => Promise<unknown>, device: () => Promise<unknown>) {
  return { cpu: await median(cpu), device: await median(device) }
}

async function median(run: () => Promise<unknown>): Promise<number> {
  await run()
  const seconds: number[] = []
  const started = performance.now()
  while (seconds.length < TIMED && performance.now() - started < 1000 * TIMED_SECONDS) {
    const before = performance.now()
    await run()
    seconds.push((performance.now() - before) / 1000)
  }
  return seconds.toSorted((a, b) => a - b)[Math.floor(seconds.length / 2)]!
}
