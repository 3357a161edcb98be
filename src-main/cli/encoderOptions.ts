/** The encoder of a command: a file or a name, and what is said of a file that does not say it itself. */
import { type Command, InvalidArgumentError } from 'commander'
import type { EncoderCard } from '../../src-shared/encoders.ts'
import type { PatchSet } from '../../src-shared/patches.ts'
import type { EncoderWords } from '../../src-shared/features.ts'
import { edgeGiven } from '../features/edgeGiven.ts'
import { number, positive, wholeFrom } from './slideCommands.ts'

export type EncoderOptions = {
  encoder: string
  layer?: string
  inputSize?: number
  mean?: number[]
  std?: number[]
  encoderMpp?: number
}

const numbers = (text: string): number[] => text.split(',').map(number)

const deviations = (text: string): number[] => {
  const values = numbers(text)
  if (values.some((value) => value <= 0)) throw new InvalidArgumentError('numbers above 0 were expected')
  return values
}

export const withEncoderOptions = (command: Command): Command =>
  command
    .requiredOption(
      '--encoder <onnx>',
      'a model trained with Tessera, the name of an encoder or model that comes with it (embedded), or any ONNX file',
    )
    .option(
      '--layer <name>',
      'whose output the features are (default: what the last dense layer reads; the only result)',
    )
    .option('--input-size <px>', 'ONNX files of other programs: edge of the input', wholeFrom(1, 4096))
    .option(
      '--mean <figures>',
      'ONNX files of other programs: what is subtracted from values of 0 to 1, as R,G,B',
      numbers,
    )
    .option('--std <figures>', 'ONNX files of other programs: what they are divided by, as R,G,B', deviations)
    .option('--encoder-mpp <µm/px>', 'ONNX files of other programs: µm/px of the input', positive)

export const wordsOf = ({ layer, inputSize, mean, std, encoderMpp }: EncoderOptions): EncoderWords => ({
  ...(layer !== undefined && { layer }),
  ...(inputSize !== undefined && { edgePx: inputSize }),
  ...(mean !== undefined && { mean }),
  ...(std !== undefined && { std }),
  ...(encoderMpp !== undefined && { mpp: encoderMpp }),
})

export const edgesInWords = ({ edgePx, edges }: EncoderCard['input']): string =>
  edges ? `${edges.smallest} to ${edges.largest}` : String(edgePx)

export const encoderInWords = ({ name, layer, pooling, dimensions, input, weights }: EncoderCard): string =>
  `${name}, ${pooling === 'mean' ? 'means over the places of ' : ''}layer “${layer}”: ${dimensions} features of patches of ${edgesInWords(input)} px${input.mpp === null ? '' : ` at ${input.mpp} µm/px`} (SHA-256 ${weights.sha256.slice(0, 12)}…)`

/** What is done to patches of another size than the input, for a person to know. @throws as edgeGiven */
export function resizedInWords(card: EncoderCard, set: PatchSet): string[] {
  const { name, width } = set
  const edgePx = edgeGiven(card, set)
  if (width === edgePx) return []
  const how = width < edgePx ? 'enlarged, which invents detail that was never scanned' : 'reduced'
  return [`Note: the patches of “${name}” have ${width} px and are ${how}: to ${edgePx} px.`]
}
