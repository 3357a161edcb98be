/** Presets of a training: which there are for which patches, and that none is claimed that was changed. */
import { describe, expect, test } from 'vitest'
import { presetNetwork } from '../../../src-main/models/presets.ts'
import { isTesseraError } from '../../../src-shared/errors.ts'
import type { PresetName } from '../../../src-shared/networks.ts'
import { networksOf, TrainingSettings, type TrainingSettingsInput } from '../../../src-shared/training.ts'
import {
  changedFrom,
  dataKindOf,
  presetInWords,
  presetsFor,
  presetUsed,
  trainingPreset,
} from '../../../src-shared/trainingPresets.ts'

const SOURCE = '0198a5f2-0000-7000-8000-000000000001'
const settings = (more: Partial<TrainingSettingsInput> = {}): TrainingSettings =>
  TrainingSettings.parse({
    ...trainingPreset('balanced', 'tissue').settings,
    preset: 'balanced',
    name: 'model',
    classes: [1, 2],
    sources: [SOURCE],
    ...more,
  })

test.each([
  [1, 28, 'digits'],
  [1, 40, 'digits'],
  [1, 41, 'tissue'],
  [3, 28, 'tissue'],
  [3, 96, 'tissue'],
] as const)('patches of %i channels and %i px are taken for %s or the other', (channels, edgePx, kind) => {
  expect(dataKindOf({ channels, edgePx })).toBe(kind)
})

describe.each([
  ['tissue', ['fast', 'balanced', 'accurate'], 3, 96],
  ['digits', ['fast', 'accurate', 'competition'], 1, 28],
] as const)('presets for %s', (kind, names, channels, edge) => {
  test('are these, the quickest first, each with a title, a sentence, and networks for such patches', () => {
    const presets = presetsFor(kind)
    expect(presets.map(({ name }) => name)).toEqual(names)
    const minutes = presets.map((preset) => preset.minutes)
    expect(minutes).toEqual(minutes.toSorted((a, b) => a - b))
    for (const preset of presets) {
      expect(preset.title.toLowerCase()).toBe(preset.name)
      expect(preset.idea).toMatch(/^[A-Z].*\.$/)
      expect(preset.settings.length).toEqual({ kind: 'minutes', minutes: preset.minutes })
      for (const network of networksOf(preset.settings))
        expect(presetNetwork(network as PresetName, channels, edge, 2).input).toEqual([channels, edge, edge])
    }
  })

  test('digits are never mirrored or turned, tissue always is', () => {
    for (const { settings } of presetsFor(kind))
      expect([settings.augmentation.flips, settings.augmentation.turns, settings.testTime === 'd4']).toEqual(
        kind === 'digits' ? [false, false, false] : [true, true, settings.testTime === 'd4'],
      )
  })
})

test('a preset that such patches have not is refused with the names of those they have', () => {
  const refused = (ask: () => unknown): unknown => {
    try {
      return ask()
    } catch (error) {
      return isTesseraError(error, 'PRESET_UNAVAILABLE') ? { message: error.message, data: error.data } : error
    }
  }
  expect(refused(() => trainingPreset('competition', 'tissue'))).toEqual({
    message: 'There is no preset “competition” for tissue. There are: fast, balanced, accurate.',
    data: { preset: 'competition', data: 'tissue', available: ['fast', 'balanced', 'accurate'] },
  })
  expect(refused(() => trainingPreset('balanced', 'digits'))).toMatchObject({
    data: { available: ['fast', 'accurate', 'competition'] },
  })
})

describe('what a card says of a preset', () => {
  test('is its name while nothing of it was changed; data, seed, name and checkpoints are not of it', () => {
    const same = settings({
      seed: 7,
      name: 'other',
      classes: [1, 2, 3],
      checkpointSeconds: 5,
      validation: { kind: 'none' },
    })
    expect(presetUsed(same, 'tissue')).toEqual({ name: 'balanced', changed: [] })
    expect(presetInWords({ name: 'balanced', changed: [] })).toBe('balanced')
  })

  const balanced = trainingPreset('balanced', 'tissue')
  const { recipe, augmentation, learningRate, batchSize, testTime } = balanced.settings
  // whatever numbers the preset has, these are others
  test.each<[string, Partial<TrainingSettingsInput>]>([
    ['network', { network: 'small-vgg' }],
    ['network', { members: ['small-vgg', 'small-vgg'] }],
    ['folds', { folds: 3 }],
    ['earlier model', { start: { model: SOURCE } }],
    ['length', { length: { kind: 'minutes', minutes: balanced.minutes + 1 } }],
    ['length', { length: { kind: 'steps', steps: 1000 } }],
    ['learning rate', { learningRate: learningRate / 3 }],
    ['patches per step', { batchSize: batchSize + 1 }],
    ['optimiser', { recipe: { ...recipe, optimiser: { kind: 'sgd', momentum: 0.77 } } }],
    ['schedule', { recipe: { ...recipe, schedule: { kind: 'constant', warmUp: 0.77 } } }],
    ['label smoothing', { recipe: { ...recipe, labelSmoothing: 0.77 } }],
    ['class weights', { recipe: { ...recipe, classWeights: [1, 77] } }],
    ['clipping', { recipe: { ...recipe, clipNorm: 77 } }],
    ['average of weights', { recipe: { ...recipe, averageDecay: 0.77 } }],
    ['mixing', { recipe: { ...recipe, mix: { kind: 'mixup', alpha: 7.7 } } }],
    ['early stopping', { recipe: { ...recipe, patience: 77 } }],
    ['varied patches', { augmentation: { ...augmentation, blur: 2.77 } }],
    ['test-time augmentation', { testTime: testTime === 'd4' ? 'none' : 'd4' }],
    ['balance of classes', { balanced: !balanced.settings.balanced }],
  ])('names what was changed: %s', (word, more) => {
    expect(changedFrom(balanced, settings(more))).toEqual([word])
  })

  test('names all that was changed, and nothing for settings of one’s own', () => {
    const used = presetUsed(settings({ learningRate: 0.00077, length: { kind: 'epochs', epochs: 3 } }), 'tissue')
    expect(presetInWords(used!)).toBe('balanced, changed: length, learning rate')
    expect(presetUsed(settings({ preset: null }), 'tissue')).toBeNull()
  })

  test('does not hang on the order in which settings were written down', () => {
    const { length, ...others } = settings()
    const backwards = Object.fromEntries(Object.entries({ ...others.augmentation }).toReversed())
    const turned = { ...others, length, augmentation: backwards as typeof augmentation }
    expect(changedFrom(balanced, turned)).toEqual([])
  })
})
