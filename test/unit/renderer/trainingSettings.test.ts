/** The settings of the next training: changed and taken back, said in words, and seen on a patch. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import { nextTick } from 'vue'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { freezable } from '../../../src-renderer/formats/layers.ts'
import { augmentationInWords, optimiserInWords, targetsInWords } from '../../../src-renderer/formats/settings.ts'
import { useAugmentationPreview, VERSIONS } from '../../../src-renderer/stores/augmentationPreview.ts'
import { useLabels } from '../../../src-renderer/stores/labels.ts'
import { useModels } from '../../../src-renderer/stores/models.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useTraining } from '../../../src-renderer/stores/training.ts'
import { Augmentation } from '../../../src-shared/models.ts'
import { NetworkDescription } from '../../../src-shared/networks.ts'
import { presetsFor, trainingPreset } from '../../../src-shared/trainingPresets.ts'
import { MixChoice, OptimiserChoice, Recipe } from '../../../src-shared/recipe.ts'

async function aWindow(scene: keyof typeof scenes): Promise<void> {
  setActivePinia(createPinia())
  await openApi(fakeMain(scenes[scene]).openWire)
  await reloadAll()
}

beforeEach(() => aWindow('labelled'))

test('settings that were changed go back to what a first run begins with; data and length stay', () => {
  const training = useTraining()
  expect(training.changed).toBe(false)
  const { choice } = training
  choice.settings.recipe.optimiser = OptimiserChoice.parse({ kind: 'sgd' })
  choice.settings.recipe.patience = 3
  choice.settings.augmentation.blur = 1
  choice.settings.testTime = 'd4'
  choice.settings.length = { kind: 'epochs', epochs: 7 }
  expect(training.changed).toBe(true)
  expect(training.settings.recipe.optimiser).toEqual({ kind: 'sgd', weightDecay: 5e-4, momentum: 0.9 })
  training.resetSettings()
  expect(training.changed).toBe(false)
  expect(training.settings.recipe).toEqual(trainingPreset('fast', 'tissue').settings.recipe)
  expect(training.settings.augmentation).toEqual(Augmentation.parse({}))
  expect(training.settings).toMatchObject({ testTime: 'none', length: { kind: 'epochs', epochs: 7 } })
  // what was reset is not what the next change writes into
  choice.settings.recipe.patience = 3
  training.resetSettings()
  expect(training.settings.recipe.patience).toBeNull()
})

test('a first run begins with Fast; a preset fills in all it stands for, and what is changed of it is told', () => {
  const training = useTraining()
  const { choice } = training
  const fast = trainingPreset('fast', 'tissue').settings
  expect(training.settings).toMatchObject({ ...fast, preset: 'fast', seed: 1, folds: null })
  expect(training.presetChanges).toEqual([])
  choice.settings.learningRate = 0.01
  choice.settings.folds = 3
  choice.settings.recipe.patience = 3
  expect(training.presetChanges).toEqual(['folds', 'learning rate', 'early stopping'])
  training.usePreset('balanced')
  expect(training.settings).toMatchObject({
    ...trainingPreset('balanced', 'tissue').settings,
    preset: 'balanced',
    folds: null,
  })
  expect(training.presetChanges).toEqual([])
  expect(training.changed).toBe(false)
  // what one run changes, the preset does not keep
  choice.settings.augmentation.stain = 0
  training.usePreset('balanced')
  expect(training.settings.augmentation.stain).toBe(trainingPreset('balanced', 'tissue').settings.augmentation.stain)
})

test('for digits the same preset has other numbers; settings that were changed stay, and a preset they have not is let go', async () => {
  const training = useTraining()
  const { choice } = training
  await training.makePlan()
  const plan = training.plan!
  expect(plan.data).toBe('tissue')
  const become = async (data: typeof plan.data) => {
    training.plan = { ...plan, data }
    await nextTick()
  }
  await become('digits')
  expect(training.presets.map(({ name }) => name)).toEqual(presetsFor('digits').map(({ name }) => name))
  expect(training.settings).toMatchObject({ ...trainingPreset('fast', 'digits').settings, preset: 'fast' })
  training.usePreset('competition')
  expect(training.settings.members).toHaveLength(3)
  await become('tissue')
  expect(training.settings).toMatchObject({ ...trainingPreset('fast', 'tissue').settings, preset: 'fast' })
  training.usePreset('balanced')
  choice.settings.batchSize = 7
  await become('digits')
  expect(training.settings).toMatchObject({
    preset: null,
    network: trainingPreset('balanced', 'tissue').settings.network,
    batchSize: 7,
  })
  // while no patches fit together, what they were is kept
  await become(null)
  expect(training.presets.map(({ name }) => name)).toContain('competition')
})

test('layers of one’s own, and an earlier model, take the place of an ensemble', async () => {
  const training = useTraining()
  training.choice.settings.members = ['small-vgg', 'small-resnet']
  training.useNetwork(
    NetworkDescription.parse({ name: 'own', input: [3, 96, 96], layers: [{ kind: 'flatten', id: 'f' }] }),
  )
  expect(training.settings.members).toBeNull()
  await aWindow('trained')
  const later = useTraining()
  later.choice.settings.members = ['small-vgg', 'small-resnet']
  later.choice.settings.start = { model: useModels().list[0]!.id, freeze: 0, rateDecay: 1 }
  await nextTick()
  expect(later.settings.members).toBeNull()
})

test('every group of settings says in words what it is set to, and nothing of what is off', () => {
  expect(augmentationInWords(Augmentation.parse({}))).toBe(
    'mirrored, turned by 90°, stains ± 0.05, colours ± 15\u00a0%',
  )
  expect(
    augmentationInWords({
      flips: false,
      turns: false,
      stain: 0,
      colour: 0,
      shift: 4,
      zoom: 0.1,
      tilt: 8,
      blur: 1,
      noise: 0.02,
    }),
  ).toBe('shifted up to 4 px, zoomed ± 10\u00a0%, tilted ± 8°, blurred up to 1.0 px, noise up to 2\u00a0%')
  const recipe = Recipe.parse({ mix: MixChoice.parse({ kind: 'cutmix' }), patience: 4, clipNorm: 1 })
  expect(optimiserInWords(recipe)).toBe('AdamW, cosine with warm-up, weight decay 0.05, gradient clipped at 1')
  expect(targetsInWords({ recipe, balanced: true })).toBe(
    'classes drawn equally often, labels smoothed by 5\u00a0%, CutMix 1',
  )
})

test('a labelled patch is shown in eight versions; another one is another patch; without labels there is none', async () => {
  const preview = useAugmentationPreview()
  await preview.refresh()
  expect(preview.pictures).toHaveLength(VERSIONS)
  expect(preview.pictures[0]).toHaveLength(preview.edgePx ** 2 * 3)
  const first = preview.patch!
  const shown = useLabels().shownOf(first.source)!
  expect(shown[first.patch]).toBe(first.class)
  const before = preview.pictures
  useTraining().choice.settings.augmentation.colour = 0.8
  await preview.refresh()
  expect(preview.patch).toEqual(first)
  expect(preview.pictures).not.toEqual(before)
  await preview.another()
  expect(preview.patch).not.toEqual(first)
  await aWindow('sample')
  await useAugmentationPreview().refresh()
  expect(useAugmentationPreview()).toMatchObject({ patch: null, pictures: [], fault: null })
})

test('a patch that lost its label is not shown any longer, and what is asked for meanwhile is shown once', async () => {
  const preview = useAugmentationPreview()
  await Promise.all([preview.refresh(), preview.refresh(), preview.refresh()])
  const { source, patch } = preview.patch!
  await useLabels().assign(source, [patch], 0)
  await preview.refresh()
  expect(preview.patch!.patch).not.toBe(patch)
  expect(preview.busy).toBe(false)
})

test('what can stay as it is in fine-tuning are the layers with weights, but not the last', () => {
  const layers = [
    { kind: 'convolution', id: 'c1', filters: 4, kernel: 3 },
    { kind: 'batch-norm', id: 'n1' },
    { kind: 'convolution', id: 'c2', filters: 4, kernel: 3 },
    { kind: 'global-average-pool', id: 'mean' },
    { kind: 'dense', id: 'classes', units: 2 },
  ]
  expect(freezable(NetworkDescription.parse({ name: 'small', input: [3, 16, 16], layers }))).toEqual(['c1', 'c2'])
})

test('models become one in the window, and that is the model looked at', async () => {
  await aWindow('trained')
  const models = useModels()
  const [first] = models.list
  const made = await models.ensemble([first!.id, first!.id], 'both')
  expect(models.chosen?.id).toBe(made.id)
  expect(made.card.members).toHaveLength(2)
})
