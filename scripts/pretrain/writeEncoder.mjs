/**
 * Puts trained models, their cards beside them, together into the encoder file that comes with Tessera, and writes its card.
 * Started by embedded.mjs, on the program's Node:  writeEncoder.mjs MODEL…
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { encoderInFile } from '../../src-main/features/encoderInFile.ts'
import { cardFileOf } from '../../src-main/models/modelFiles.ts'
import { openEncoder } from '../../src-main/nn/backendEncoder.ts'
import { ensembleModel } from '../../src-main/nn/ensemble.ts'
import { ENCODER_RESULT, encoderModel } from '../../src-main/nn/graph/encoderGraph.ts'
import { EncoderCard } from '../../src-shared/encoders.ts'
import { ModelCard } from '../../src-shared/models.ts'

const NAME = 'embedded'
/**
 * px. Below, the borders are most of the last map; above, patches take a gigabyte of memory and show several tissues at once.
 */
const EDGES = { smallest: 48, largest: 256 }

const folder = path.join(import.meta.dirname, '..', '..', 'resources', 'encoders')
const file = path.join(folder, `${NAME}.onnx`)
const models = process.argv.slice(2).map((model) => ({
  onnx: readFileSync(model),
  file: model,
  card: ModelCard.parse(JSON.parse(readFileSync(cardFileOf(model), 'utf8'))),
}))
const [first] = models
if (!first) throw new Error('Say which models: writeEncoder.mjs MODEL…')
const { input, normalisation } = first.card
for (const { file: other, card } of models)
  if (card.input.edgePx !== input.edgePx || card.input.mpp !== input.mpp || card.input.channels !== input.channels)
    throw new Error(`“${other}” was trained on other patches than “${first.file}”.`)

const together = ensembleModel(
  models.map(({ onnx, file: from, card }) => ({ onnx, file: from, normalisation: card.normalisation })),
  NAME,
)
mkdirSync(folder, { recursive: true })
writeFileSync(file, encoderModel(together, NAME))
const order = { file, input: { edgePx: input.edgePx, channels: input.channels }, normalisation, layer: null }
const { predictor, dimensions } = await openEncoder(order, 1)
await predictor.dispose()

/** @type {EncoderCard} */
const card = {
  format: 'tessera-encoder-card',
  version: 1,
  name: NAME,
  kind: 'tessera',
  weights: { file: path.basename(file), sha256: '', bytes: 0 },
  layer: ENCODER_RESULT,
  pooling: 'none',
  dimensions,
  input: { ...input, edges: EDGES },
  normalisation,
  saidBy: { layer: 'file', edgePx: 'card', mpp: 'card', normalisation: 'card' },
  made: {
    script: 'scripts/pretrain/embedded.mjs',
    licence: 'CC0 1.0',
    sources: [...new Set(first.card.data.sources)],
    members: models.map(({ card: of }) => inWords(of)),
  },
}
const bytes = encoderModel(together, NAME, { tessera_encoder: encoderInFile(card) })
writeFileSync(file, bytes)
card.weights = { ...card.weights, sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length }
writeFileSync(cardFileOf(file), `${JSON.stringify(EncoderCard.parse(card), null, 2)}\n`)
console.log(`${file}: ${dimensions} features, ${bytes.length} bytes`)

/** @param {ModelCard} card */
function inWords({ network, training }) {
  const { steps, batchSize, seed, augmentation } = training
  const { stain, colour, shift } = augmentation
  return `${network.description.name}, ${steps} steps of ${batchSize}, seed ${seed}; flips, turns, stain ${stain}, colour ${colour}, shift ${shift} px`
}
