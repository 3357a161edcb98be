/** Cards of both versions, and of models that answer as one. */
import { describe, expect, test } from 'vitest'
import { ModelCard } from '../../../src-shared/models.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { Recipe } from '../../../src-shared/recipe.ts'
import { checkMembers, ensembleCard } from '../../../src-main/models/ensemble.ts'

const side = { patches: 10, perClass: [5, 5], slides: 1, cases: 1 }
/** As Tessera 0.1 wrote it. */
const first = {
  format: 'tessera-model-card',
  version: 1,
  id: '01900000-0000-7000-8000-000000000001',
  name: 'lymph',
  createdAt: '2026-11-23T10:00:00.000Z',
  notice: 'For research and teaching only.',
  classes: [
    { name: 'tumour', colour: '#c80000' },
    { name: 'normal', colour: '#00c800' },
  ],
  input: { edgePx: 96, channels: 3, mpp: 0.5 },
  normalisation: { mean: [0.7, 0.5, 0.7], std: [0.2, 0.2, 0.2] },
  network: {
    preset: 'small-vgg',
    parameters: 10,
    receptiveFieldPx: 20,
    description: {
      name: 'Small VGG',
      input: [3, 96, 96],
      layers: [
        { kind: 'global-average-pool', id: 'mean' },
        { kind: 'dense', id: 'classes', units: 2 },
      ],
    },
  },
  data: { hash: 'ab', sources: ['a slide'] },
  split: { rule: 'case', sentence: 'By case.', training: side, validation: side, leftOut: 0 },
  training: {
    optimiser: 'AdamW',
    schedule: 'cosine with warm-up',
    learningRate: 0.002,
    weightDecay: 0.04,
    labelSmoothing: 0.03,
    batchSize: 32,
    normPatches: 16,
    steps: 100,
    epochs: 10,
    minutes: null,
    bestStep: 90,
    augmentation: { flips: true, turns: true, stain: 0.05, colour: 0.15 },
    balanced: true,
    seed: 1,
    seconds: 12,
  },
  validation: null,
  weights: { file: 'model.onnx', sha256: 'cd', bytes: 100 },
  versions: { tessera: '0.1.0', engine: 'ONNX Runtime 1.30', node: '24', threads: 2 },
}

describe('a card of version 1', () => {
  test('is read as what it meant: one recipe, looked at once, nothing before it', () => {
    const card = ModelCard.parse(first)
    expect(card.version).toBe(2)
    expect(card.training.recipe).toEqual({
      ...Recipe.parse({}),
      optimiser: { kind: 'adamw', weightDecay: 0.04, beta1: 0.9, beta2: 0.999 },
      labelSmoothing: 0.03,
    })
    expect(card).toMatchObject({ testTime: 'none', members: [], training: { start: null, stoppedAt: null } })
    expect(card.training.augmentation).toMatchObject({ shift: 0, zoom: 0, tilt: 0, blur: 0, noise: 0 })
    expect(card.training).not.toHaveProperty('optimiser')
  })

  test('read and written is a card of version 2 that is read alike', () => {
    const card = ModelCard.parse(first)
    expect(ModelCard.parse(JSON.parse(JSON.stringify(card)))).toEqual(card)
  })

  test('that lacks something is still no card', () => {
    const { weightDecay: _weightDecay, ...training } = first.training
    expect(ModelCard.safeParse({ ...first, training }).success).toBe(false)
    expect(ModelCard.safeParse({ ...first, version: 3 }).success).toBe(false)
  })
})

describe('models that are to answer as one', () => {
  const card = ModelCard.parse(first)
  const with_ = (changes: Partial<ModelCard>): ModelCard => ({ ...card, name: 'other', ...changes })
  test.each([
    [
      'other classes',
      with_({ classes: card.classes.toReversed() }),
      'MODEL_CLASSES_MISMATCH',
      { expected: ['tumour', 'normal'], actual: ['normal', 'tumour'] },
    ],
    [
      'other patches',
      with_({ input: { ...card.input, edgePx: 64 } }),
      'MODEL_INPUT_MISMATCH',
      { actual: '64 px, colour' },
    ],
    [
      'another scale',
      with_({ input: { ...card.input, mpp: micronPerPx(0.25) } }),
      'MODEL_SPACING_MISMATCH',
      { expected: 0.5, actual: 0.25 },
    ],
  ])('must not have %s', (_, other, code, data) =>
    expect(() => checkMembers([card, other])).toThrow(
      expect.objectContaining({ code, data: expect.objectContaining({ model: 'other', ...data }) }),
    ),
  )

  test('get a card that names them and claims no figure', () => {
    const about = { id: card.id, name: 'both', versions: card.versions }
    const both = ModelCard.parse(ensembleCard([card, with_({ testTime: 'd4' })], about))
    expect(both).toMatchObject({ name: 'both', validation: null, testTime: 'none', split: { rule: 'none' } })
    expect(both.members.map(({ name }) => name)).toEqual(['lymph', 'other'])
    expect(both.network.parameters).toBe(20)
  })
})
