/**
 * A run of k folds: k trainings one after the other, each on all patches but its part, and then on its part each network's
 * probabilities, which no training has touched. What a fold leaves behind is written when it is whole, so a run that was
 * stopped goes on in the fold where it stood.
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
import type { TrainingRun } from '../../src-shared/training.ts'
import { fileError } from '../files/fileErrors.ts'
import { writeBytes } from '../files/writeFile.ts'
import type { JobControl } from '../jobs/queue.ts'
import type { EngineClient } from '../nn/engine.ts'
import { TrainedOn } from '../nn/engineContract.ts'
import { type Beginning, orderOf } from './order.ts'
import { runFolds, SIDES, type RunPatches } from './rows.ts'
import { joinedTargets, pixelFile } from './runFiles.ts'
import { type PartDependencies, trainPart } from './trainPart.ts'

/** What a finished fold leaves: its network's file, and this beside it. */
const FoldResult = z.object({
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
  /** of its part of the patches */
  evaluation: Evaluation,
  /** [held-out patch, class], in the order of the pixel file */
  probabilities: z.array(z.number()),
})
export type FoldResult = z.infer<typeof FoldResult>

/** `heldOut`: [patch, class], each patch by the network that did not see it. */
export type Folded = { folds: FoldResult[]; files: string[]; evaluation: Evaluation; heldOut: Float32Array }

export type FoldedRun = {
  run: TrainingRun
  folder: string
  beginning: Beginning
  training: readonly RunPatches[]
  device: DeviceName
}

const placesOn = (sides: Uint8Array, side: 'training' | 'validation'): Uint32Array =>
  Uint32Array.from([...sides.keys()].filter((place) => sides[place] === SIDES.indexOf(side)))

/** @returns null when it was asked to stop before the end */
export async function trainFolds(
  dependencies: PartDependencies,
  { run, folder, beginning, training, device }: FoldedRun,
  engine: EngineClient,
  control: JobControl,
): Promise<Folded | null> {
  const classes = run.classNames
  const truth = joinedTargets(training)
  const sides = runFolds(dependencies.store.read, run.id)
  const { settings } = run
  let { steps } = run
  const folds: FoldResult[] = []
  const files = sides.map((_, fold) => path.join(folder, `fold${fold}.onnx`))
  for (const [fold, own] of sides.entries()) {
    const kept = await keptResult(files[fold]!)
    if (kept) {
      folds.push(kept)
      steps = kept.steps
      continue
    }
    const labelled = (side: 'training' | 'validation') => {
      const rows = placesOn(own, side)
      const classOf = Uint16Array.from(rows, (place) => truth[place]!)
      return { file: pixelFile(folder, 'training'), classOf, chosen: { patches: truth.length, rows } }
    }
    const [learned, held] = [labelled('training'), labelled('validation')]
    const length = steps === null ? shareOf(settings.length, sides.length) : { kind: 'steps' as const, steps }
    const checkpoints = path.join(folder, `checkpoints${fold}`)
    const given = { training: learned, validation: held, folder: checkpoints }
    const order = { ...orderOf({ ...settings, length }, classes, beginning, given), device }
    const part = { run, order, fold, of: sides.length }
    const finished = await trainPart(dependencies, part, engine, control)
    if (!finished) return null
    steps = finished.steps
    const result = await measureFold(engine, files[fold]!, order, {
      ...finished.news,
      steps,
      epochs: (finished.news.step * settings.batchSize) / learned.classOf.length,
    })
    await writeBytes(resultFile(files[fold]!), JSON.stringify(result))
    folds.push(result)
  }
  const heldOut = outOfFold(folds, sides, truth.length, classes.length)
  const evaluation = await engine.call('engine.evaluate', { probabilities: heldOut, truth, classes: [...classes] })
  return { folds, files, evaluation, heldOut }
}

/** Minutes are for all folds together; epochs and steps are of each. */
const shareOf = (length: TrainingRun['settings']['length'], folds: number) =>
  length.kind === 'minutes' ? { ...length, minutes: length.minutes / folds } : length

type Order = ReturnType<typeof orderOf> & { device: DeviceName }
type Ended = Pick<FoldResult, 'step' | 'steps' | 'epochs' | 'early' | 'bestStep' | 'seconds'>

/** Writes a fold's best network, and asks it for its held-out patches. */
async function measureFold(
  engine: EngineClient,
  file: string,
  { folder, validation, classes, testTime, device }: Order,
  { step, steps, epochs, early, bestStep, seconds }: Ended,
): Promise<FoldResult> {
  const { normalisation, sha256, parameters, receptiveFieldPx, trainedOn } = await engine.call('engine.exportModel', {
    folder,
    file,
    metadata: {},
  })
  const { model } = await engine.call('engine.openModel', { file, normalisation, testTime, device })
  const { file: pixels, classOf, chosen } = validation!
  const { patches, rows } = chosen!
  const { probabilities } = await engine.call('engine.predict', {
    model,
    file: pixels,
    patches,
    rows,
    first: 0,
    count: rows.length,
  })
  await engine.call('engine.closeModel', { model })
  const evaluation = await engine.call('engine.evaluate', { probabilities, truth: classOf, classes })
  const ended = { step, steps, epochs, early, bestStep, seconds }
  const id = ModelId.parse(uuidv7())
  return {
    id,
    normalisation,
    sha256,
    parameters,
    receptiveFieldPx,
    trainedOn,
    ...ended,
    evaluation,
    probabilities: [...probabilities],
  }
}

/** [patch, class]: every patch by the network that was not trained on it. */
function outOfFold(
  folds: readonly FoldResult[],
  sides: readonly Uint8Array[],
  patches: number,
  classes: number,
): Float32Array {
  const probabilities = new Float32Array(patches * classes)
  for (const [fold, own] of sides.entries())
    for (const [i, place] of placesOn(own, 'validation').entries())
      for (let k = 0; k < classes; k++)
        probabilities[place * classes + k] = folds[fold]!.probabilities[i * classes + k]!
  return probabilities
}

const resultFile = (onnx: string): string => `${onnx}.json`

/** What an earlier sitting finished; null when it did not. */
async function keptResult(onnx: string): Promise<FoldResult | null> {
  const file = resultFile(onnx)
  if (!existsSync(file)) return null
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fileError(file, error)
  })
  return FoldResult.parse(JSON.parse(text))
}
