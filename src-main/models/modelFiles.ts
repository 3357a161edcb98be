/**
 * A model on disk: weights as ONNX and the card beside them. `name.onnx` and `name.card.json`; what of the card says how
 * to use the weights also stands in the ONNX file's own metadata, so that the weights alone can still be used.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import { ModelCard } from '../../src-shared/models.ts'
import { fileError, systemCode } from '../files/fileErrors.ts'
import { writeBytes } from '../files/writeFile.ts'

/** The key of the card among the words kept in an ONNX file. */
export const CARD_KEY = 'tessera_card'

export const weightsFile = (folder: string): string => path.join(folder, 'model.onnx')

/** `lymph.onnx` → `lymph.card.json` */
export const cardFileOf = (weights: string): string => weights.replace(/\.onnx$/i, '') + '.card.json'

const cardText = (card: ModelCard): string => `${JSON.stringify(card, null, 2)}\n`

/**
 * The card inside an ONNX file: all that follows from data, settings and seed. What differs from one run to the next
 * (identity, name, how it was asked for, when, how long) is left out, so that a run that is repeated writes the same file to the last bit.
 */
export function cardInFile(card: ModelCard): string {
  const { id: _id, name: _name, createdAt: _createdAt, weights: _weights, training, ...rest } = card
  const { preset: _preset, minutes: _minutes, seconds: _seconds, ...repeatable } = training
  return JSON.stringify({ ...rest, training: repeatable })
}

/** A whole card from the one inside a file; its name and date are those of the file. */
async function completed(inFile: string, weights: string): Promise<string> {
  const { training, ...rest } = JSON.parse(inFile) as { training?: object }
  const { mtime, size } = await stat(weights)
  return JSON.stringify({
    ...rest,
    id: uuidv7(),
    name: path.basename(weights).replace(/\.onnx$/i, ''),
    createdAt: mtime.toISOString(),
    training: { ...training, minutes: null, seconds: null },
    weights: { file: path.basename(weights), sha256: await sha256Of(weights), bytes: size },
  })
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array)
  } catch (error) {
    throw fileError(file, error)
  }
  return hash.digest('hex')
}

/**
 * The card of an ONNX file: the file beside it, checked against the weights.
 *
 * @param inFile the card kept in the ONNX file itself, used when none lies beside it
 * @throws {TesseraError} MODEL_CARD_INVALID when there is none, when it is no card, or when it is of other weights
 */
export async function readCard(weights: string, inFile: string | undefined): Promise<ModelCard> {
  const beside = cardFileOf(weights)
  let text: string | null
  try {
    text = await readFile(beside, 'utf8')
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError(beside, error)
    text = null
  }
  const invalid = (reason: string) =>
    tesseraError(
      'MODEL_CARD_INVALID',
      `The card of “${weights}” can not be used: ${reason}. A model without its card must not be run: it would not be known what its input and output mean.`,
      { file: beside, reason },
    )
  if (text === null && inFile === undefined)
    throw invalid(`there is no “${path.basename(beside)}” beside it and none inside it`)
  let card: ModelCard
  try {
    const parsed = ModelCard.safeParse(JSON.parse(text ?? (await completed(inFile!, weights))))
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!
      throw invalid(`${issue.path.join('.') || 'the card'}: ${issue.message}`)
    }
    card = parsed.data
  } catch (error) {
    throw error instanceof SyntaxError ? invalid(`it is not JSON (${messageOf(error)})`) : error
  }
  if (card.weights.sha256 !== (await sha256Of(weights)))
    throw invalid('its checksum is of other weights; were the files renamed or replaced?')
  return card
}

/** Writes a card beside weights that are already there. */
export const writeCard = (weights: string, card: ModelCard): Promise<void> =>
  writeBytes(cardFileOf(weights), cardText(card))

/**
 * Copies a model to a new place: weights first, card last, each under a temporary name until it is whole.
 * @returns the files written
 * @throws {TesseraError} DISK_FULL, FILE_NO_PERMISSION; what was there stays then
 */
export async function copyModel(fromFolder: string, card: ModelCard, to: string): Promise<string[]> {
  const weights = await readFile(weightsFile(fromFolder)).catch((error: unknown) => {
    throw fileError(weightsFile(fromFolder), error)
  })
  try {
    await mkdir(path.dirname(to), { recursive: true })
  } catch (error) {
    throw fileError(path.dirname(to), error)
  }
  await writeBytes(to, weights)
  await writeCard(to, { ...card, weights: { ...card.weights, file: path.basename(to) } })
  return [to, cardFileOf(to)]
}
