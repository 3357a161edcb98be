/** A preset on the command line, and what is said beside it. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { type ChosenOptions, chosenSettings } from '../../../src-main/cli/chosenSettings.ts'
import { addTrainCommand } from '../../../src-main/cli/trainCommand.ts'
import { type DataKind, TrainingSettings } from '../../../src-shared/training.ts'
import { presetsFor, presetUsed, trainingPreset } from '../../../src-shared/trainingPresets.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

/** The settings that the words after `tessera train` stand for. */
async function settings(words: string, data: DataKind = 'tissue', isGrey = false): Promise<TrainingSettings> {
  const program = new Command()
  addTrainCommand(program)
  const [train] = program.commands
  train!
    .action(() => undefined)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
  await program.parseAsync(['train', ...words.split(' ').filter(Boolean)], { from: 'user' })
  const chosen = await chosenSettings(train!.opts<ChosenOptions>(), data, isGrey)
  const about = { name: 'm', classes: [1, 2], sources: ['0198a5f2-0000-7000-8000-000000000001'] }
  return TrainingSettings.parse({ ...chosen, ...about })
}

test('without a preset the settings are those of the contract, ten epochs of Small ResNet; grey pictures stay upright', async () => {
  const plain = await settings('')
  expect(plain).toEqual(
    TrainingSettings.parse({ ...plain, learningRate: undefined, batchSize: undefined, recipe: undefined }),
  )
  expect(plain).toMatchObject({
    preset: null,
    network: 'small-resnet',
    members: null,
    length: { kind: 'epochs', epochs: 10 },
    augmentation: { flips: true, turns: true },
    testTime: 'none',
  })
  expect((await settings('', 'digits', true)).augmentation).toMatchObject({ flips: false, turns: false })
})

describe.each(['tissue', 'digits'] as const)('every preset for %s', (data) => {
  test.each(presetsFor(data).map(({ name }) => name))('%s fills in all that was not said', async (name) => {
    const chosen = await settings(`--preset ${name}`, data)
    expect(chosen).toMatchObject({ ...trainingPreset(name, data).settings, preset: name })
    expect(presetUsed(chosen, data)).toEqual({ name, changed: [] })
  })
})

const balanced = trainingPreset('balanced', 'tissue').settings
const otherLook = balanced.testTime === 'd4' ? '--no-tta' : '--tta'
const sameLook = balanced.testTime === 'd4' ? '--tta' : '--no-tta'

// whatever numbers the preset has, most of these are others
test.each([
  ['--network small-vgg', ['network']],
  ['--members small-vgg,small-resnet', ['network']],
  ['--epochs 3', ['length']],
  ['--steps 100', ['length']],
  ['--minutes 0.77', ['length']],
  ['--lr 0.00077 --batch 77', ['learning rate', 'patches per step']],
  [otherLook, ['test-time augmentation']],
  ['--average 0.77', ['average of weights']],
  ['--no-turns --stain 0.477', ['varied patches']],
  ['--shift 63', ['varied patches']],
  ['--no-balance', ['balance of classes']],
  ['--optimiser sgd --momentum 0.77', ['optimiser']],
  ['--mixup 7.7', ['mixing']],
  ['--clip 77 --patience 77', ['clipping', 'early stopping']],
  [
    `${sameLook} --lr ${balanced.learningRate} --batch ${balanced.batchSize} --shift ${balanced.augmentation.shift}`,
    [],
  ],
])('beside --preset balanced, %s wins and nothing else is changed', async (words, changed) => {
  const chosen = await settings(`--preset balanced ${words}`)
  expect(presetUsed(chosen, 'tissue')).toEqual({ name: 'balanced', changed })
})

test('what a preset may have can be switched off', async () => {
  const off = '--no-tta --average 0 --clip 0 --patience 0 --mixup 0 --shift 0 --stain 0'
  expect(await settings(`--preset balanced ${off}`)).toMatchObject({
    testTime: 'none',
    recipe: { averageDecay: null, clipNorm: null, patience: null, mix: { kind: 'none' } },
    augmentation: { shift: 0, stain: 0 },
  })
})

test('a network that is said takes the place of an ensemble; what changes patches keeps the rest of the preset', async () => {
  const one = await settings('--preset competition --network digits-7', 'digits')
  expect(one).toMatchObject({
    network: 'digits-7',
    members: null,
    batchSize: trainingPreset('competition', 'digits').settings.batchSize,
  })
  const { augmentation } = trainingPreset('balanced', 'tissue').settings
  expect((await settings('--preset balanced --blur 1')).augmentation).toEqual({ ...augmentation, blur: 1 })
})

test('members are networks by name, and files with layers of one’s own', async () => {
  const file = path.join(temporaryFolder(), 'own.json')
  const layers = [
    { kind: 'global-average-pool', id: 'mean' },
    { kind: 'dense', id: 'classes', units: 2 },
  ]
  writeFileSync(file, JSON.stringify({ name: 'own', input: [3, 96, 96], layers }))
  const { members, network } = await settings(`--members tessera-s,${file},tessera-s`)
  expect(members).toMatchObject(['tessera-s', { name: 'own' }, 'tessera-s'])
  expect(network).toBe('tessera-s')
  await expect(settings('--members tessera-s,tessera-x')).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('“tessera-x” is no network'),
  })
})

test.each([
  '--preset quick',
  '--members tessera-s,tessera-m --network small-vgg',
  '--members tessera-s,tessera-m --folds 2',
  '--members tessera-s,tessera-m --from m.onnx',
])('%s is refused before anything is read', async (words) => {
  await expect(settings(words)).rejects.toMatchObject({ name: 'CommanderError' })
})

test('a preset that the data has not is refused', async () => {
  await expect(settings('--preset competition')).rejects.toMatchObject({ code: 'PRESET_UNAVAILABLE' })
})
