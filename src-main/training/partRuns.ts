/**
 * A run of several trainings that become one model: folds, each on all patches but its part, and measured on its part; or
 * members of an ensemble, each another network or seed, on the same patches and measured on the same ones. What a part
 * leaves behind is written when it is whole, so a run that was stopped goes on in the part where it stood.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import * as z from 'zod'
import type { DeviceName } from '../../src-shared/devices.ts'
import { Evaluation } from '../../src-shared/evaluation.ts'
import { ModelId } from '../../src-shared/ids.ts'
import { Normalisation } from '../../src-shared/models.ts'
import type { TrainingLength, TrainingRun } from '../../src-shared/training.ts'
import { fileError } from '../files/fileErrors.ts'
import { writeBytes } from '../files/writeFile.ts'
import type { JobControl } from '../jobs/queue.ts'
import type { EngineClient } from '../nn/engine.ts'
import { type LabelledFile, TrainedOn, type TrainingOrder } from '../nn/engineContract.ts'
import { type Measured, measureHeldOut } from './heldOut.ts'
import { type Beginning, orderOf } from './order.ts'
import { runFolds, SIDES, type RunPatches } from './rows.ts'
import { joinedTargets, pixelFile, type SideName } from './runFiles.ts'
import { type PartDependencies, type PartKind, trainPart } from './trainPart.ts'

/** What a finished part leaves: its network's file, and this beside it. */
const PartResult = z.object({
  id: ModelId,
  normalisation: Normalisation,
  sha256: z.string(),
  parameters: z.number().int(),
  receptiveFieldPx: z.number().int(),
  trainedOn: z.array(TrainedOn),
  step: z.number().int(),
  steps: z.number().int(),
  epochs: z.number(),
  early: z.boolean(),
  bestStep: z.number().int(),
  seconds: z.number(),
  /** of its held-out patches; null when nothing was held out */
  evaluation: Evaluation.nullable(),
  /** [held-out patch, class], in the order of the pixel file; empty when nothing was held out */
  probabilities: z.array(z.number()),
})
export type PartResult = z.infer<typeof PartResult>

/** One of the trainings of a run. */
type RunPart = { beginning: Beginning; seed: number; training: LabelledFile; validation: LabelledFile | null }

/**
 * Finished parts with their files, in order, and what all together say: of folds of every patch, each by the network that
 * did not see it; of members of the held-out patches, if there are any.
 */
export type TrainedParts = { parts: PartResult[]; files: string[]; measured: Measured | null }

export type PartedRun = {
  run: TrainingRun
  folder: string
  /** one for each member of an ensemble; one for all folds */
  beginnings: readonly Beginning[]
  sides: Record<SideName, readonly RunPatches[]>
  device: DeviceName
}

/** Each member draws its first weights, its patches and its dropout by numbers of its own; the first by the run's. */
export const seedOfMember = (seed: number, member: number): number => (seed + member) >>> 0

/** The length of one part: minutes are for all together, epochs and steps of each. */
export const shareOf = (length: TrainingLength, parts: number): TrainingLength =>
  length.kind === 'minutes' ? { ...length, minutes: length.minutes / parts } : length

/** @returns null when it was asked to stop before the end */
export async function trainFolds(
  dependencies: PartDependencies,
  parted: PartedRun,
  engine: EngineClient,
  control: JobControl,
): Promise<TrainedParts | null> {
  const { run, folder, beginnings, sides } = parted
  const truth = joinedTargets(sides.training)
  const folds = runFolds(dependencies.store.read, run.id)
  const file = pixelFile(folder, 'training')
  const labelled = (own: Uint8Array, side: SideName): LabelledFile => {
    const rows = placesOn(own, side)
    return {
      file,
      classOf: Uint16Array.from(rows, (place) => truth[place]!),
      chosen: { patches: truth.length, rows },
    }
  }
  const parts = folds.map((own) => ({
    beginning: beginnings[0]!,
    seed: run.settings.seed,
    training: labelled(own, 'training'),
    validation: labelled(own, 'validation'),
  }))
  const trained = await trainParts(dependencies, parted, 'fold', parts, engine, control)
  return trained && { ...trained, measured: await outOfFold(engine, trained.parts, folds, truth, run.classNames) }
}

/** @returns null when it was asked to stop before the end */
export async function trainMembers(
  dependencies: PartDependencies,
  parted: PartedRun,
  engine: EngineClient,
  control: JobControl,
): Promise<TrainedParts | null> {
  const { run, folder, beginnings, sides } = parted
  const labelled = (side: SideName): LabelledFile => ({
    file: pixelFile(folder, side),
    classOf: joinedTargets(sides[side]),
  })
  const training = labelled('training')
  const validation = sides.validation.length > 0 ? labelled('validation') : null
  const parts = beginnings.map((beginning, member) => ({
    beginning,
    seed: seedOfMember(run.settings.seed, member),
    training,
    validation,
  }))
  const trained = await trainParts(dependencies, parted, 'member', parts, engine, control)
  if (!trained) return null
  const measured = validation && (await ofMean(engine, trained.parts, validation.classOf, run.classNames))
  return { ...trained, measured }
}

async function trainParts(
  dependencies: PartDependencies,
  { run, folder, device }: PartedRun,
  kind: PartKind,
  parts: readonly RunPart[],
  engine: EngineClient,
  control: JobControl,
): Promise<Omit<TrainedParts, 'measured'> | null> {
  const { settings, classNames } = run
  const results: PartResult[] = []
  const files = parts.map((_, place) => path.join(folder, `${kind}${place}.onnx`))
  // One network on as many patches: what the first fold found by timing is the length of all.
  let steps = kind === 'fold' ? run.steps : null
  let before = 0
  for (const [place, { beginning, seed, training, validation }] of parts.entries()) {
    const file = files[place]!
    let result = await keptResult(file)
    if (!result) {
      const length = steps === null ? shareOf(settings.length, parts.length) : { kind: 'steps' as const, steps }
      const given = { training, validation, folder: path.join(folder, `checkpoints${place}`) }
      const order = { ...orderOf({ ...settings, length, seed }, classNames, beginning, given), device }
      const part = { run, order, part: { kind, place, of: parts.length, before } }
      const finished = await trainPart(dependencies, part, engine, control)
      if (!finished) return null
      const { steps: had, news } = finished
      const epochs = (news.step * settings.batchSize) / training.classOf.length
      control.report({ phase: `measuring ${kind} ${place + 1} of ${parts.length}` })
      result = await measurePart(engine, file, order, { ...news, steps: had, epochs }, control.signal)
      if (!result) return null
      await writeBytes(resultFile(file), JSON.stringify(result))
    }
    results.push(result)
    before += result.steps
    if (kind === 'fold') steps = result.steps
  }
  return { parts: results, files }
}

type Order = TrainingOrder & { device: DeviceName }
type Ended = Pick<PartResult, 'step' | 'steps' | 'epochs' | 'early' | 'bestStep' | 'seconds'>

/**
 * Writes a part's best network, and asks it for its held-out patches.
 * @returns null when it was asked to stop meanwhile
 */
async function measurePart(
  engine: EngineClient,
  file: string,
  { folder, validation, classes, testTime, device }: Order,
  { step, steps, epochs, early, bestStep, seconds }: Ended,
  signal: AbortSignal,
): Promise<PartResult | null> {
  const { normalisation, sha256, parameters, receptiveFieldPx, trainedOn } = await engine.call('engine.exportModel', {
    folder,
    file,
    metadata: {},
  })
  const ended = { step, steps, epochs, early, bestStep, seconds }
  const id = ModelId.parse(uuidv7())
  const facts = { id, normalisation, sha256, parameters, receptiveFieldPx, trainedOn, ...ended }
  if (!validation) return { ...facts, evaluation: null, probabilities: [] }
  const how = { file, normalisation, testTime, device }
  const measured = await measureHeldOut(engine, how, validation, classes, signal)
  return measured && { ...facts, evaluation: measured.evaluation, probabilities: [...measured.probabilities] }
}

const placesOn = (sides: Uint8Array, side: SideName): Uint32Array =>
  Uint32Array.from([...sides.keys()].filter((place) => sides[place] === SIDES.indexOf(side)))

/** The figure over every patch, each by the network that was not trained on it. */
async function outOfFold(
  engine: EngineClient,
  parts: readonly PartResult[],
  folds: readonly Uint8Array[],
  truth: Uint16Array,
  classes: readonly string[],
): Promise<Measured> {
  const probabilities = new Float32Array(truth.length * classes.length)
  for (const [fold, own] of folds.entries())
    for (const [i, place] of placesOn(own, 'validation').entries())
      for (let k = 0; k < classes.length; k++)
        probabilities[place * classes.length + k] = parts[fold]!.probabilities[i * classes.length + k]!
  const evaluation = await engine.call('engine.evaluate', { probabilities, truth, classes: [...classes] })
  return { probabilities, evaluation }
}

/** The figure of the model itself: the mean of its members' probabilities on patches that none was trained on. */
async function ofMean(
  engine: EngineClient,
  parts: readonly PartResult[],
  truth: Uint16Array,
  classes: readonly string[],
): Promise<Measured> {
  const probabilities = new Float32Array(truth.length * classes.length)
  for (const part of parts)
    for (const [i, value] of part.probabilities.entries()) probabilities[i]! += value / parts.length
  const evaluation = await engine.call('engine.evaluate', { probabilities, truth, classes: [...classes] })
  return { probabilities, evaluation }
}

const resultFile = (onnx: string): string => `${onnx}.json`

/** What an earlier sitting finished; null when it did not. */
async function keptResult(onnx: string): Promise<PartResult | null> {
  const file = resultFile(onnx)
  if (!existsSync(file)) return null
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fileError(file, error)
  })
  return PartResult.parse(JSON.parse(text))
}
