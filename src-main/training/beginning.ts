/** Where a training begins: a preset or layers of one's own with fresh weights, or the layers and weights of an earlier model. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { ModelId } from '../../src-shared/ids.ts'
import type { Model } from '../../src-shared/models.ts'
import { type NetworkDescription } from '../../src-shared/networks.ts'
import { networksOf, type TrainingSettings } from '../../src-shared/training.ts'
import { networkShapes } from '../../src-shared/network/shapes.ts'
import { presetNetwork } from '../models/presets.ts'
import { parameterLayout } from '../nn/graph/parameters.ts'
import { layerRates } from './fineTuning.ts'
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
 * @throws {TesseraError} NETWORK_INVALID for patches no preset takes, and for layers of one's own that take other patches or
 * do not fit together; MODEL_UNKNOWN; MODEL_INPUT_MISMATCH, grey and colour;
 * MODEL_WEIGHTS_MISMATCH, an ensemble; TRAINING_NOT_READY, layers to freeze that are not there, or all of them
 */
function beginningOf(
  { network, start }: Pick<TrainingSettings, 'network' | 'start'>,
  input: CommonInput,
  classNames: readonly string[],
  models: EarlierModels,
): Beginning {
  const { channels, edgePx } = input
  if (!start)
    return {
      network:
        typeof network === 'string'
          ? presetNetwork(network, channels, edgePx, classNames.length)
          : describedNetwork(network, input, classNames.length),
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
  const refit = refitted(card.network.description, edgePx, classNames.length)
  // before a patch is read: a layer to freeze that is not there is a slip of the hand
  layerRates(refit, parameterLayout(networkShapes(refit)), start)
  return {
    network: refit,
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

/**
 * Where each network of a training begins: one, or each member of an ensemble.
 * @throws {TesseraError} as `beginningOf`, for the first of them that does not fit
 */
export function beginningsOf(
  settings: Pick<TrainingSettings, 'network' | 'members' | 'start'>,
  input: CommonInput,
  classNames: readonly string[],
  models: EarlierModels,
): [Beginning, ...Beginning[]] {
  const { start } = settings
  const [first, ...others] = networksOf(settings).map((network) =>
    beginningOf({ network, start }, input, classNames, models),
  )
  if (!first) throw new Error('A training of no networks was asked for.')
  return [first, ...others]
}

/** Layers of one's own, with as many units at their end as there are classes. */
function describedNetwork(
  network: NetworkDescription,
  { channels, edgePx }: CommonInput,
  classes: number,
): NetworkDescription {
  const [expected, found] = [[channels, edgePx, edgePx], [...network.input]].map((shape) => shape.join(' × '))
  if (expected !== found)
    throw tesseraError(
      'NETWORK_INVALID',
      `“${network.name}” takes patches of ${found} (channels × height × width), those to train on are ${expected}. Change its input in the layer editor, or choose patches it takes.`,
      { layer: null, expected: expected!, found: found! },
    )
  const fitted = refitted(network, edgePx, classes)
  networkShapes(fitted)
  return fitted
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

/** A network needs two classes; that there are too few is said elsewhere, in words of its own. */
export const classNamesFor = (chosen: readonly string[]): readonly string[] => (chosen.length < 2 ? ['', ' '] : chosen)
