/**
 * A model on disk: weights as ONNX and the card beside them. `name.onnx` and `name.card.json`; the card also stands in
 * the ONNX file's own metadata, so that the weights alone can still be used.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, mkdir, readFile, rename } from 'node:fs/promises'
import path from 'node:path'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import { ModelCard } from '../../src-shared/models.ts'
import { fileError, systemCode } from '../files/fileErrors.ts'
import { writeBytes } from '../files/writeFile.ts'

/** The key of the card among the words kept in an ONNX file. */
export const CARD_KEY = 'tessera_card'

export const weightsFile = (folder: string): string => path.join(folder, 'model.onnx')

/** `lymph.onnx` → `lymph.card.json` */
export const cardFileOf = (weights: string): string => weights.replace(/\.onnx$/i, '') + '.card.json'

export const cardText = (card: ModelCard): string => `${JSON.stringify(card, null, 2)}\n`

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
  let text: string | undefined
  try {
    text = await readFile(beside, 'utf8')
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError(beside, error)
    text = inFile
  }
  const invalid = (reason: string) =>
    tesseraError(
      'MODEL_CARD_INVALID',
      `The card of “${weights}” can not be used: ${reason}. A model without its card must not be run: it would not be known what its input and output mean.`,
      { file: beside, reason },
    )
  if (text === undefined) throw invalid(`there is no “${path.basename(beside)}” beside it and none inside it`)
  let card: ModelCard
  try {
    const parsed = ModelCard.safeParse(JSON.parse(text))
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!
      throw invalid(`${issue.path.join('.') || 'the card'}: ${issue.message}`)
    }
    card = parsed.data
  } catch (error) {
    throw error instanceof SyntaxError ? invalid(`it is not JSON (${messageOf(error)})`) : error
  }
  // A card inside the file can not name the hash of the file it is part of.
  if (card.weights.sha256 !== '' && card.weights.sha256 !== (await sha256Of(weights)))
    throw invalid('its checksum is of other weights; were the files renamed or replaced?')
  return card
}

/** Writes a card beside weights that are already there. */
export const writeCard = (weights: string, card: ModelCard): Promise<void> =>
  writeBytes(cardFileOf(weights), cardText(card))

/**
 * Copies a model to a new place: weights first, card last, each under a temporary name until it is whole.
 * @returns the files written
 */
export async function copyModel(fromFolder: string, card: ModelCard, to: string): Promise<string[]> {
  const temporary = `${to}.part`
  try {
    await mkdir(path.dirname(to), { recursive: true })
    await copyFile(weightsFile(fromFolder), temporary)
    await rename(temporary, to)
  } catch (error) {
    throw fileError(to, error)
  }
  await writeCard(to, { ...card, weights: { ...card.weights, file: path.basename(to) } })
  return [to, cardFileOf(to)]
}
