/**
 * Fine-tuning: a training that begins with the weights of an earlier model. What that model learned of edges, nuclei and
 * stains is kept; its last layer begins anew when the classes are others.
 *
 * Early layers may be frozen, or learn more slowly the further they are from the end (discriminative rates):
 *
 *   rate of layer d = rate · rateDecay ^ (layers − 1 − d)        d counts convolutions and dense layers from the input
 *
 * A batch norm goes with the layer before it. Frozen ones keep their scale and shift, but go on measuring running mean and
 * variance: in training they normalise by the batch, so those of the earlier model's tissue would no longer be true.
 *
 * @see Howard, Ruder, Universal Language Model Fine-tuning, ACL (2018), section 3.2
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { tesseraError } from '../../src-shared/errors.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import { fileError } from '../files/fileErrors.ts'
import type { TrainingOrder } from '../nn/engineContract.ts'
import type { ParameterLayout, Weights } from '../nn/graph/parameters.ts'
import { readWeights } from '../nn/readWeights.ts'

type Start = NonNullable<TrainingOrder['start']>

/** The layer whose units are the classes. */
const headOf = (network: NetworkDescription): string => network.layers.at(-1)?.id ?? ''

/**
 * Puts the earlier model's weights into fresh ones.
 * @throws {TesseraError} MODEL_WEIGHTS_MISMATCH, MODEL_FILE_BROKEN, FILE_NOT_FOUND
 */
export async function takeOver(
  { file, sha256, newHead }: Start,
  network: NetworkDescription,
  layout: ParameterLayout,
  fresh: Weights,
): Promise<void> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileError(file, error)
  })
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sha256)
    throw tesseraError(
      'MODEL_FILE_BROKEN',
      `“${file}” is not the model the training was planned with: its checksum is another. Import the model again.`,
      { file, reason: `SHA-256 ${sha256} expected, ${found} found` },
    )
  readWeights(bytes, layout, fresh, { file, except: newHead ? headOf(network) : null })
}

/**
 * Share of the learning rate for each layer with parameters; 0 = frozen.
 * @throws {TesseraError} TRAINING_NOT_READY when a layer to freeze does not exist, or nothing is left to train
 */
export function layerRates(
  network: NetworkDescription,
  layout: ParameterLayout,
  { freeze, rateDecay }: Pick<Start, 'freeze' | 'rateDecay'>,
): (layer: string) => number {
  const order = network.layers.map(({ id }) => id)
  const weighted = new Set(layout.parameters.filter(({ role }) => role === 'weight').map(({ layer }) => layer))
  const total = weighted.size
  const last = typeof freeze === 'string' ? order.indexOf(freeze) : -1
  if (typeof freeze === 'string' && last < 0)
    throw notReady(`There is no layer “${freeze}” to freeze. The network has: ${[...weighted].join(', ')}.`)
  const rates = new Map<string, number>()
  let depth = -1
  for (const [place, layer] of order.entries()) {
    if (weighted.has(layer)) depth++
    const frozen = typeof freeze === 'string' ? place <= last : depth < freeze
    rates.set(layer, frozen ? 0 : rateDecay ** (total - 1 - Math.max(0, depth)))
  }
  if (layout.parameters.every(({ layer }) => rates.get(layer) === 0))
    throw notReady(
      `All ${total} layers with weights would be frozen, so nothing could be learned. Freeze at most ${total - 1}.`,
    )
  return (layer) => rates.get(layer) ?? 1
}

const notReady = (reason: string) => tesseraError('TRAINING_NOT_READY', reason, { reasons: [reason] })
