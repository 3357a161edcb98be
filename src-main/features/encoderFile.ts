/**
 * What an encoder file is and expects: one of Tessera's own models says it in its card; for an ONNX file of another program
 * it is looked for in the file, then in a `config.json` beside it, and what a person says wins. What nobody says is asked
 * for by name, never guessed: features of patches that were normalised otherwise look like features, and are not.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import * as z from 'zod'
import type { EncoderMade, SaidBy } from '../../src-shared/encoders.ts'
import type { EncoderWords } from '../../src-shared/features.ts'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import type { Normalisation } from '../../src-shared/models.ts'
import { type MicronPerPx, micronPerPx } from '../../src-shared/units.ts'
import { fileError, systemCode } from '../files/fileErrors.ts'
import { CARD_KEY, readCard } from '../models/modelFiles.ts'
import type { EngineClient } from '../nn/engine.ts'
import { type EncoderFacts, encoderIncomplete } from '../nn/encoderContract.ts'
import { ENCODER_KEY, readEncoderInFile } from './encoderInFile.ts'

export type EncoderFile = {
  name: string
  kind: 'tessera' | 'onnx'
  file: string
  layer: string | null
  input: { edgePx: number; edges?: EdgeRange | undefined; channels: 1 | 3; mpp: MicronPerPx | null }
  normalisation: Normalisation
  saidBy: { layer: SaidBy; edgePx: SaidBy; mpp: SaidBy; normalisation: SaidBy }
  made?: EncoderMade | undefined
}

type EdgeRange = { smallest: number; largest: number }

/**
 * @throws {TesseraError} FILE_NOT_FOUND, MODEL_FILE_BROKEN, MODEL_CARD_INVALID, FILE_BROKEN for a config.json that is none,
 * ENCODER_INCOMPLETE with all that is missing, USAGE when something is said of a model that has a card
 */
export async function readEncoderFile(engine: EngineClient, file: string, words: EncoderWords): Promise<EncoderFile> {
  const facts = await engine.call('engine.inspectEncoder', { file })
  const inFile = facts.metadata[ENCODER_KEY]
  if (inFile !== undefined) return encoderWithCard(file, inFile, words)
  return facts.own ? ownEncoder(file, facts, words) : otherEncoder(file, facts, words)
}

/** An encoder file of Tessera's: all is said in it, the layer too. */
function encoderWithCard(file: string, inFile: string, words: EncoderWords): EncoderFile {
  if (Object.values(words).some((value) => value !== undefined))
    throw tesseraError(
      'USAGE',
      `“${file}” is an encoder made with Tessera, and its card says how patches are given to it and what its features are. Leave out what was said of its input and its layer.`,
      {},
    )
  const { name, input, normalisation, saidBy, made, ...card } = readEncoderInFile(file, inFile)
  const kind = card.kind === 'onnx' ? 'onnx' : 'tessera'
  return { name, kind, file, layer: null, input, normalisation, saidBy, made }
}

async function ownEncoder(file: string, { metadata }: EncoderFacts, words: EncoderWords): Promise<EncoderFile> {
  const { layer, ...rest } = words
  const said = Object.entries(rest).filter(([, value]) => value !== undefined)
  if (said.length > 0)
    throw tesseraError(
      'USAGE',
      `“${file}” was trained with Tessera, and its card says how patches are given to it. Leave out what was said of its input, and choose a layer with --layer only.`,
      {},
    )
  const card = await readCard(file, metadata[CARD_KEY])
  return {
    name: card.name,
    kind: 'tessera',
    file,
    layer: layer ?? null,
    input: card.input,
    normalisation: card.normalisation,
    saidBy: {
      layer: layer === undefined ? 'file' : 'flag',
      edgePx: 'card',
      mpp: card.input.mpp === null ? 'nobody' : 'card',
      normalisation: 'card',
    },
  }
}

async function otherEncoder(file: string, { axes }: EncoderFacts, words: EncoderWords): Promise<EncoderFile> {
  const config = await readConfig(file)
  const [channels, height, width] = axes
  const missing: string[] = []
  if (height !== width && height !== null && width !== null)
    missing.push(`a square input: it takes patches of ${width} × ${height} px`)
  if (channels !== null && channels !== undefined && channels !== 1 && channels !== 3)
    missing.push(`an input of 1 or 3 channels: it has ${channels}`)
  const inFile = height ?? width ?? null
  const [edgePx, edgeBy] = first<number>([words.edgePx, 'flag'], [inFile, 'file'], [config?.edgePx, 'config.json'])
  if (edgePx === null) missing.push('the edge of its input: --input-size PX')
  const said =
    words.mean === undefined && words.std === undefined ? null : { mean: words.mean ?? [], std: words.std ?? [] }
  const [normalisation, normalisationBy] = first<Normalisation>([said, 'flag'], [config?.normalisation, 'config.json'])
  const grey = channels === 1
  const figures = grey ? 1 : 3
  if (normalisation === null) missing.push('how its input is normalised: --mean R,G,B and --std R,G,B')
  else if (normalisation.mean.length !== figures || normalisation.std.length !== figures)
    missing.push(
      `${figures} means and ${figures} deviations (--mean, --std): there are ${normalisation.mean.length} and ${normalisation.std.length}`,
    )
  const [mpp, mppBy] = first<number>([words.mpp, 'flag'], [config?.mpp, 'config.json'])
  if (missing.length > 0 || edgePx === null || normalisation === null) throw encoderIncomplete(file, missing)
  return {
    name: config?.name ?? path.basename(file).replace(/\.onnx$/i, ''),
    kind: 'onnx',
    file,
    layer: words.layer ?? null,
    input: { edgePx, channels: grey ? 1 : 3, mpp: mpp === null ? null : micronPerPx(mpp) },
    normalisation,
    saidBy: {
      layer: words.layer === undefined ? 'file' : 'flag',
      edgePx: edgeBy,
      mpp: mppBy,
      normalisation: normalisationBy,
    },
  }
}

/** The first that is said, and who says it. */
function first<T>(...said: [T | null | undefined, SaidBy][]): [T | null, SaidBy] {
  const found = said.find(([value]) => value !== null && value !== undefined)
  return found ? [found[0]!, found[1]] : [null, 'nobody']
}

type Config = { name: string | null; edgePx: number | null; mpp: number | null; normalisation: Normalisation | null }

const figures = z.array(z.number())
const Transform = z.discriminatedUnion('name', [
  z.object({
    name: z.literal('Resize'),
    arguments: z.looseObject({ size: z.union([z.number(), z.array(z.number()).min(1)]) }),
  }),
  z.object({ name: z.literal('ToTensor'), arguments: z.unknown().optional() }),
  z.object({ name: z.literal('Normalize'), arguments: z.looseObject({ mean: figures, std: figures }) }),
])
/** @see wsinfer_zoo/schemas/model-config.schema.json of the WSInfer zoo */
const WsInferConfig = z.looseObject({
  spec_version: z.string(),
  architecture: z.string(),
  patch_size_pixels: z.number().positive(),
  spacing_um_px: z.number().positive(),
  transform: z.array(Transform),
})
/** @see pretrained_cfg of timm, pytorch-image-models */
const TimmInput = z.looseObject({ input_size: z.array(z.number()).length(3), mean: figures, std: figures })
const TimmConfig = z.looseObject({ architecture: z.string().optional(), pretrained_cfg: TimmInput })

/** `config.json` beside a model; null when there is none. */
async function readConfig(file: string): Promise<Config | null> {
  const beside = path.join(path.dirname(file), 'config.json')
  const text = await readFile(beside, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null
    throw fileError(beside, error)
  })
  if (text === null) return null
  const broken = (reason: string) =>
    tesseraError(
      'FILE_BROKEN',
      `“${beside}” says nothing Tessera understands of the encoder beside it: ${reason}. It may be as the WSInfer zoo has it (spec_version, transform) or as timm (pretrained_cfg). Mend it, or move it away and say what is needed by flags.`,
      { file: beside, reason },
    )
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw broken(`it is no JSON: ${messageOf(error)}`)
  }
  const wsinfer = WsInferConfig.safeParse(json)
  if (wsinfer.success) return fromWsInfer(wsinfer.data)
  const timm = TimmConfig.safeParse(json)
  if (timm.success) return fromTimm(timm.data)
  const isWsInfer = typeof json === 'object' && json !== null && 'spec_version' in json
  throw broken(z.prettifyError(isWsInfer ? wsinfer.error : timm.error).replaceAll('\n', ' '))
}

/** Patches of `patch_size_pixels` at `spacing_um_px` are resized, so the network sees them at another µm/px. */
function fromWsInfer({
  architecture,
  patch_size_pixels,
  spacing_um_px,
  transform,
}: z.infer<typeof WsInferConfig>): Config {
  let edgePx = patch_size_pixels
  let normalisation: Normalisation | null = null
  for (const step of transform) {
    if (step.name === 'Resize')
      edgePx = Array.isArray(step.arguments.size) ? step.arguments.size[0]! : step.arguments.size
    if (step.name === 'Normalize') normalisation = { mean: step.arguments.mean, std: step.arguments.std }
  }
  return { name: architecture, edgePx, mpp: (spacing_um_px * patch_size_pixels) / edgePx, normalisation }
}

const fromTimm = ({ architecture, pretrained_cfg: { input_size, mean, std } }: z.infer<typeof TimmConfig>): Config => ({
  name: architecture ?? null,
  edgePx: input_size[1] ?? null,
  mpp: null,
  normalisation: { mean, std },
})
