/** Where a training begins: a preset with fresh weights, or the layers and weights of an earlier model. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { ModelId } from '../../src-shared/ids.ts'
import type { Model } from '../../src-shared/models.ts'
import { type NetworkDescription } from '../../src-shared/networks.ts'
import type { TrainingSettings } from '../../src-shared/training.ts'
import { presetNetwork } from '../models/presets.ts'
import type { CommonInput } from './labelledPatches.ts'
import type { Beginning } from './order.ts'

export type EarlierModels = {
  /** @throws {TesseraError} MODEL_UNKNOWN */
  modelById: (model: ModelId) => Model
  weightsOf: (model: ModelId) => string
}

/**
 * An earlier model's layers do for patches of another size too, unless one of them counts places (flatten); its weights are
 * compared with the layers when the training begins.
 *
 * @throws {TesseraError} NETWORK_INVALID for patches no network takes; MODEL_UNKNOWN; MODEL_INPUT_MISMATCH, grey and colour;
 * MODEL_WEIGHTS_MISMATCH, an ensemble
 */
export function beginningOf(
  { network, start }: Pick<TrainingSettings, 'network' | 'start'>,
  { channels, edgePx }: CommonInput,
  classNames: readonly string[],
  models: EarlierModels,
): Beginning {
  if (!start)
    return {
      network: presetNetwork(network, channels, edgePx, classNames.length),
      start: null,
      normalisation: null,
    }
  const model = models.modelById(start.model)
  const { card } = model
  if (card.members.length > 0)
    throw tesseraError(
      'MODEL_WEIGHTS_MISMATCH',
      `“${model.name}” averages ${card.members.length} networks, so there is no one network to go on from. Choose one of its members.`,
      { model: model.name, layer: null, expected: 'one network', actual: `${card.members.length} networks` },
    )
  if (card.input.channels !== channels)
    throw tesseraError(
      'MODEL_INPUT_MISMATCH',
      `“${model.name}” takes ${inWords(card.input.channels)}, the patches to train on are ${inWords(channels)}. Choose another model to begin with, or none.`,
      { model: model.name, expected: inWords(card.input.channels), actual: inWords(channels) },
    )
  const known = card.classes.map(({ name }) => name)
  return {
    network: refitted(card.network.description, edgePx, classNames.length),
    start: {
      file: models.weightsOf(start.model),
      sha256: card.weights.sha256,
      newHead: known.join('\n') !== classNames.join('\n'),
      freeze: start.freeze,
      rateDecay: start.rateDecay,
    },
    normalisation: card.normalisation,
  }
}

const inWords = (channels: 1 | 3): string => (channels === 3 ? 'colour' : 'grey')

/** The same layers for patches of another size and another number of classes. */
function refitted(network: NetworkDescription, edgePx: number, classes: number): NetworkDescription {
  const [channels] = network.input
  const layers = network.layers.map((layer, place) =>
    place === network.layers.length - 1 && layer.kind === 'dense' ? { ...layer, units: classes } : layer,
  )
  return { ...network, input: [channels, edgePx, edgePx], layers }
}
