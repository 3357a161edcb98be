/**
 * Ready-made settings of a training, by what the patches are: one table, TABLE. A preset stands for everything about a
 * training but its data, its seed and its name; settings that were changed after it was chosen are told from it by
 * `changedFrom`, so that no card claims a preset that was not trained.
 *
 * The networks for digits and their mean: An, Lee, Park, Yang, So, arXiv:2008.10400 (2020). Stain jitter and its strength:
 * Tellez et al., Medical Image Analysis 58 (2019).
 */
import type * as z from 'zod'
import { tesseraError } from './errors.ts'
import type { Augmentation, PresetUsed, TrainingPresetName } from './models.ts'
import type { Recipe } from './recipe.ts'
import { type DataKind, TrainingSettings } from './training.ts'

/** px; the edge up to which grey pictures are taken for digits */
const LARGEST_DIGIT = 40

export const dataKindOf = ({ edgePx, channels }: { edgePx: number; channels: number }): DataKind =>
  channels === 1 && edgePx <= LARGEST_DIGIT ? 'digits' : 'tissue'

/** What a preset stands for. */
const Governed = TrainingSettings.pick({
  network: true,
  members: true,
  length: true,
  learningRate: true,
  batchSize: true,
  recipe: true,
  augmentation: true,
  testTime: true,
  balanced: true,
})
type PresetSettings = z.infer<typeof Governed>

type Entry = {
  title: string
  /** one sentence: what it is for */
  idea: string
  /** how long it trains, on any machine; the figures in the documents are of two cores */
  minutes: number
  /** what is not said here is as `TrainingSettings` has it */
  settings: Omit<z.input<typeof Governed>, 'length'>
}

/**
 * Other laboratories stain otherwise: the patches of a model that is to be used vary more. What each of these is worth, and
 * what stronger ones cost, stands in docs/performance.md.
 */
const tissueToUse: Entry['settings'] = {
  network: 'small-resnet',
  learningRate: 0.003,
  batchSize: 64,
  recipe: { averageDecay: 0.999 },
  augmentation: { stain: 0.1, colour: 0.25, shift: 4 },
  testTime: 'd4',
}

/** A digit that is mirrored or turned is another one, or none; grey has no stains. */
const upright = { flips: false, turns: false, stain: 0, colour: 0 }

const digitsToUse: Entry['settings'] = {
  network: 'digits-3',
  learningRate: 0.003,
  batchSize: 128,
  recipe: { averageDecay: 0.998 },
  augmentation: { ...upright, shift: 2, zoom: 0.1, tilt: 10 },
}

/** Which presets there are for which patches, and all their numbers. */
const TABLE: Record<DataKind, Partial<Record<TrainingPresetName, Entry>>> = {
  tissue: {
    fast: {
      title: 'Fast',
      idea: 'A small network for a first look: see what your labels teach, correct them, and train again.',
      minutes: 5,
      settings: { network: 'tessera-s', learningRate: 0.002, batchSize: 32, recipe: { averageDecay: 0.995 } },
    },
    balanced: {
      title: 'Balanced',
      idea: 'A model to use: trained longer, against other stains, and it looks at every patch eight ways.',
      minutes: 20,
      settings: tissueToUse,
    },
    accurate: {
      title: 'Accurate',
      idea: 'Three of these that answer together: worth the time when there are thousands of labels.',
      minutes: 60,
      settings: { ...tissueToUse, members: ['small-resnet', 'small-resnet', 'small-resnet'] },
    },
  },
  digits: {
    fast: {
      title: 'Fast',
      idea: 'LeNet-5 in half a minute: the network of the lecture.',
      minutes: 0.5,
      settings: {
        network: 'lenet-5',
        learningRate: 0.003,
        batchSize: 128,
        recipe: { schedule: { kind: 'one-cycle' } },
        augmentation: { ...upright, shift: 1 },
      },
    },
    accurate: {
      title: 'Accurate',
      idea: 'One network with batch norm, long enough to misread few.',
      minutes: 5,
      settings: digitsToUse,
    },
    competition: {
      title: 'Competition',
      idea: 'Three networks with filters of 3, 5 and 7 px, whose mean is the answer.',
      minutes: 40,
      settings: { ...digitsToUse, members: ['digits-3', 'digits-5', 'digits-7'] },
    },
  },
}

export type TrainingPreset = Omit<Entry, 'settings'> & { name: TrainingPresetName; settings: PresetSettings }

const settingsOf = ({ minutes, settings }: Entry): PresetSettings =>
  Governed.parse({ ...settings, length: { kind: 'minutes', minutes } })

/** The presets for such patches, the quickest first. */
export const presetsFor = (kind: DataKind): TrainingPreset[] =>
  Object.entries(TABLE[kind]).map(([name, entry]) => ({
    ...entry,
    name: name as TrainingPresetName,
    settings: settingsOf(entry),
  }))

const inWords: Record<DataKind, string> = {
  tissue: 'tissue',
  digits: `digits (grey pictures of at most ${LARGEST_DIGIT} px)`,
}

/** @throws {TesseraError} PRESET_UNAVAILABLE, with those there are, when there is none of this name for such patches */
export function trainingPreset(name: TrainingPresetName, kind: DataKind): TrainingPreset {
  const presets = presetsFor(kind)
  const found = presets.find((preset) => preset.name === name)
  if (found) return found
  const available = presets.map((preset) => preset.name)
  throw tesseraError(
    'PRESET_UNAVAILABLE',
    `There is no preset “${name}” for ${inWords[kind]}. There are: ${available.join(', ')}.`,
    { preset: name, data: kind, available },
  )
}

const RECIPE_WORDS: Record<keyof Recipe, string> = {
  optimiser: 'optimiser',
  schedule: 'schedule',
  labelSmoothing: 'label smoothing',
  classWeights: 'class weights',
  clipNorm: 'clipping',
  averageDecay: 'average of weights',
  mix: 'mixing',
  patience: 'early stopping',
}

/**
 * What of a training's settings is not as a preset has it, each in a word or two; none when it is the preset.
 * A beginning with an earlier model, and folds, are no setting of a preset, but make another training of it.
 */
export function changedFrom(
  { settings: preset }: Pick<TrainingPreset, 'settings'>,
  settings: PresetSettings & Pick<TrainingSettings, 'start' | 'folds'>,
): string[] {
  const chosen = Governed.parse(settings)
  const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b)
  const networks = ({ network, members }: PresetSettings) => members ?? [network]
  const fields: [string, boolean][] = [
    ['earlier model', settings.start !== null],
    ['network', settings.start === null && differ(networks(preset), networks(chosen))],
    ['folds', settings.folds !== null],
    ['length', differ(preset.length, chosen.length)],
    ['learning rate', preset.learningRate !== chosen.learningRate],
    ['patches per step', preset.batchSize !== chosen.batchSize],
    ...Object.entries(RECIPE_WORDS).map(([key, word]): [string, boolean] => [
      word,
      differ(preset.recipe[key as keyof Recipe], chosen.recipe[key as keyof Recipe]),
    ]),
    ['varied patches', differ(preset.augmentation satisfies Augmentation, chosen.augmentation)],
    ['test-time augmentation', preset.testTime !== chosen.testTime],
    ['balance of classes', preset.balanced !== chosen.balanced],
  ]
  return fields.filter(([, changed]) => changed).map(([word]) => word)
}

/** What a card says: the preset its settings began with and what was changed; null for settings of one's own. */
export function presetUsed(settings: TrainingSettings, kind: DataKind): PresetUsed | null {
  if (settings.preset === null) return null
  return { name: settings.preset, changed: changedFrom(trainingPreset(settings.preset, kind), settings) }
}

/** “balanced”, or “balanced, changed: learning rate, length”. */
export const presetInWords = ({ name, changed }: PresetUsed): string =>
  changed.length === 0 ? name : `${name}, changed: ${changed.join(', ')}`
