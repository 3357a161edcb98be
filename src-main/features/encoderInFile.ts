/**
 * Encoder files that say themselves what they are: the encoder's card without its weights, as JSON among the words kept in
 * the ONNX file, so that a copy of the file alone can still be used.
 */
import { EncoderCard } from '../../src-shared/encoders.ts'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'

/** The key of the card among the words kept in an encoder file. */
export const ENCODER_KEY = 'tessera_encoder'

const EncoderInFile = EncoderCard.omit({ weights: true })
export type EncoderInFile = Omit<EncoderCard, 'weights'>

export const encoderInFile = ({ weights: _weights, ...rest }: EncoderCard): string => JSON.stringify(rest)

/** @throws {TesseraError} MODEL_CARD_INVALID */
export function readEncoderInFile(file: string, text: string): EncoderInFile {
  const invalid = (reason: string) =>
    tesseraError(
      'MODEL_CARD_INVALID',
      `The card inside “${file}” can not be used: ${reason}. It may be of a newer Tessera. An encoder without its card must not be run: it would not be known what its input means.`,
      { file, reason },
    )
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw invalid(`it is not JSON (${messageOf(error)})`)
  }
  const parsed = EncoderInFile.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw invalid(`${issue.path.join('.') || 'the card'}: ${issue.message}`)
}
