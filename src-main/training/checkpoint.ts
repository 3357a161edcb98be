/**
 * Checkpoints: everything a training needs to go on as if it had never stopped, in one file.
 *
 *   magic 8 bytes · length of the facts 4 bytes (little-endian) · facts as JSON · float32 arrays in the order the facts
 *   name them · SHA-256 of all before
 *
 * Written under a temporary name and renamed, so the file is always whole. `latest` is where the training stands; `best`
 * holds the weights that become the model.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import { Normalisation } from '../../src-shared/models.ts'
import { NetworkDescription } from '../../src-shared/networks.ts'
import { TrainingPoint } from '../../src-shared/training.ts'
import { fileError, systemCode } from '../files/fileErrors.ts'
import { writeWhole } from '../files/writeFile.ts'
import { TrainedOn } from '../nn/engineContract.ts'
import type { Weights } from '../nn/graph/parameters.ts'
import type { OptimiserState } from '../nn/optimiser.ts'
import { sharedFloats } from '../nn/sharedFloats.ts'
import { modelWeights } from './step.ts'

const MAGIC = 'TSRCKPT2'
const HASH_BYTES = 32

const Facts = z.object({
  network: NetworkDescription,
  normalisation: Normalisation,
  /** what the run was asked for and on which labels; a checkpoint of another run is refused */
  fingerprint: z.string(),
  /** steps done, and steps of the whole run */
  step: z.number().int().nonnegative(),
  steps: z.number().int().positive(),
  /** seconds trained so far */
  seconds: z.number(),
  best: z.object({ step: z.number().int(), loss: z.number() }).nullable(),
  history: z.array(TrainingPoint),
  /** what trained it so far */
  trainedOn: z.array(TrainedOn),
  /** see divergence.ts */
  watch: z.object({ steps: z.number().int(), start: z.number(), recent: z.number() }),
  optimiserStep: z.number().int(),
  arrays: z.array(z.object({ name: z.string(), length: z.number().int().nonnegative() })),
})
export type CheckpointFacts = Omit<z.infer<typeof Facts>, 'arrays' | 'optimiserStep'>

/**
 * `average` is null in a run that does not average its weights. `heldOut`: [held-out patch, class], what these weights said
 * when they were measured; in `best` alone, and null in those of earlier versions.
 */
export type Checkpoint = CheckpointFacts & {
  weights: Weights
  average: Weights | null
  optimiser: OptimiserState
  heldOut: Float32Array | null
}

export type CheckpointName = 'latest' | 'best'

export const checkpointFile = (folder: string, name: CheckpointName): string => path.join(folder, `${name}.checkpoint`)

/** @throws {TesseraError} DISK_FULL, FILE_NO_PERMISSION, FILE_NOT_FOUND (of the folder); the old checkpoint is whole then */
export async function writeCheckpoint(folder: string, name: CheckpointName, checkpoint: Checkpoint): Promise<void> {
  const { weights, average, optimiser, heldOut, ...facts } = checkpoint
  const arrays: [string, Float32Array][] = [
    ...partsOf('', weights),
    ...(average ? partsOf('average ', average) : []),
    ...optimiser.moments.map((moment, place): [string, Float32Array] => [`moment${place}`, moment]),
    ...(heldOut ? [['held out', heldOut] satisfies [string, Float32Array]] : []),
  ]
  const json = Buffer.from(
    JSON.stringify({
      ...facts,
      optimiserStep: optimiser.step,
      arrays: arrays.map(([name, { length }]) => ({ name, length })),
    }),
  )
  const head = Buffer.alloc(MAGIC.length + 4)
  head.write(MAGIC, 'latin1')
  head.writeUInt32LE(json.length, MAGIC.length)
  const parts = [
    head,
    json,
    ...arrays.map(([, array]) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)),
  ]
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  await writeWhole(checkpointFile(folder, name), async (handle) => {
    for (const part of [...parts, hash.digest()]) await handle.writeFile(part)
  })
}

/**
 * @returns null when there is none
 * @throws {TesseraError} CHECKPOINT_BROKEN when it is not whole
 */
export async function readCheckpoint(folder: string, name: CheckpointName): Promise<Checkpoint | null> {
  const file = checkpointFile(folder, name)
  let bytes
  try {
    bytes = await readFile(file)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw fileError(file, error)
  }
  try {
    return decode(bytes)
  } catch (error) {
    throw checkpointBroken(file, messageOf(error), error)
  }
}

/**
 * The checkpoint whose weights become the model: the best, or where there is none the latest; its `weights` are those that
 * were measured, averaged where the run averages them. null before any step.
 */
export async function modelCheckpoint(
  folder: string,
): Promise<(CheckpointFacts & Pick<Checkpoint, 'weights' | 'heldOut'>) | null> {
  const latest = await readCheckpoint(folder, 'latest')
  const chosen = latest?.best ? await readCheckpoint(folder, 'best') : latest
  return chosen && { ...chosen, weights: modelWeights(chosen) }
}

export const checkpointBroken = (file: string, reason: string, cause?: unknown) =>
  tesseraError(
    'CHECKPOINT_BROKEN',
    `The training can not go on from “${file}”: ${reason}. Start it anew; models made before are not touched.`,
    { file, reason },
    { cause },
  )

const partsOf = (prefix: string, { parameters, mean, variance }: Weights): [string, Float32Array][] => [
  [`${prefix}parameters`, parameters],
  [`${prefix}mean`, mean],
  [`${prefix}variance`, variance],
]

function decode(bytes: Buffer): Checkpoint {
  const body = bytes.subarray(0, bytes.length - HASH_BYTES)
  if (body.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Error('it is not a checkpoint')
  if (!createHash('sha256').update(body).digest().equals(bytes.subarray(body.length)))
    throw new Error('its checksum does not fit its content')
  const start = MAGIC.length + 4
  const end = start + body.readUInt32LE(MAGIC.length)
  const { arrays, optimiserStep, ...facts } = Facts.parse(JSON.parse(body.toString('utf8', start, end)))

  let at = end
  const numbers = arrays.map(({ name, length }) => {
    // Shared, as the threads of a step want it.
    const array = sharedFloats(length)
    new Uint8Array(array.buffer).set(body.subarray(at, at + 4 * length))
    at += 4 * length
    return [name, array] as const
  })
  const named = (wanted: string) => {
    const found = numbers.find(([name]) => name === wanted)
    if (!found) throw new Error(`it has no ${wanted}`)
    return found[1]
  }
  const weightsOf = (prefix: string): Weights => ({
    parameters: named(`${prefix}parameters`),
    mean: named(`${prefix}mean`),
    variance: named(`${prefix}variance`),
  })
  return {
    ...facts,
    weights: weightsOf(''),
    average: numbers.some(([name]) => name === 'average parameters') ? weightsOf('average ') : null,
    heldOut: numbers.find(([name]) => name === 'held out')?.[1] ?? null,
    optimiser: {
      step: optimiserStep,
      moments: numbers.filter(([name]) => name.startsWith('moment')).map(([, array]) => array),
    },
  }
}
