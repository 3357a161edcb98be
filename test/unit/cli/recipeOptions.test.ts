/** What is typed after `tessera train`, and the settings it becomes. */
import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { Recipe } from '../../../src-shared/recipe.ts'
import {
  addRecipeOptions,
  changesOf,
  recipeOf,
  type RecipeOptions,
  withRule,
} from '../../../src-main/cli/recipeOptions.ts'

const optionsOf = (text: string): RecipeOptions => {
  const command = addRecipeOptions(new Command('train'))
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
  command.parse(text === '' ? [] : text.split(' '), { from: 'user' })
  return command.opts()
}
const recipe = (text: string) => Recipe.parse(recipeOf(optionsOf(text)))

describe('the recipe', () => {
  test('is the one of the contract when nothing is said', () => expect(recipe('')).toEqual(Recipe.parse({})))

  test.each([
    ['--optimiser sgd --momentum 0.8', { optimiser: { kind: 'sgd', momentum: 0.8, weightDecay: 5e-4 } }],
    ['--optimiser adam --weight-decay 0.01', { optimiser: { kind: 'adam', weightDecay: 0.01 } }],
    ['--schedule one-cycle', { schedule: { kind: 'one-cycle', warmUp: 0.3 } }],
    ['--schedule step --warm-up 0.05', { schedule: { kind: 'step', warmUp: 0.05, at: [0.5, 0.75] } }],
    ['--class-weights inverse', { classWeights: 'inverse' }],
    ['--class-weights 1,2.5', { classWeights: [1, 2.5] }],
    ['--clip 1 --average 0.999 --patience 4', { clipNorm: 1, averageDecay: 0.999, patience: 4 }],
    ['--mixup', { mix: { kind: 'mixup', alpha: 0.2 } }],
    ['--cutmix 0.5', { mix: { kind: 'cutmix', alpha: 0.5 } }],
    ['--label-smoothing 0', { labelSmoothing: 0 }],
    [
      '--clip 0 --average 0 --patience 0 --cutmix 0',
      { clipNorm: null, averageDecay: null, patience: null, mix: { kind: 'none' } },
    ],
  ])('%s', (text, expected) => expect(recipe(text)).toMatchObject(expected))

  test('keeps what a preset says where nothing else is said, and takes nothing of another optimiser from it', () => {
    const base = Recipe.parse({
      optimiser: { kind: 'sgd', momentum: 0.8 },
      averageDecay: 0.99,
      schedule: { kind: 'step', factor: 0.5 },
    })
    const over = (text: string) => Recipe.parse(recipeOf(optionsOf(text), base))
    expect(over('')).toEqual(base)
    expect(over('--weight-decay 0.1 --warm-up 0.2')).toEqual({
      ...base,
      optimiser: { ...base.optimiser, weightDecay: 0.1 },
      schedule: { ...base.schedule, warmUp: 0.2 },
    })
    expect(over('--optimiser adamw --schedule cosine')).toEqual({ ...Recipe.parse({}), averageDecay: 0.99 })
  })

  test('momentum without SGD is refused', () => expect(() => recipe('--momentum 0.9')).toThrow('for --optimiser sgd'))

  test.each([
    '--mixup 1 --cutmix 1',
    '--optimiser lion',
    '--average 2',
    '--folds 1',
    '--class-weights a,b',
    '--zoom 2',
    '--shift -1',
    '--tilt 46',
    '--blur 3.1',
    '--noise 0.3',
    '--warm-up 1',
    '--label-smoothing 1',
    '--momentum 1',
    '--average 1',
    '--mixup 11',
    '--cutmix -1',
    '--patience 1001',
    '--folds 21',
    '--rate-decay 0',
    '--checkpoint 0.5',
    '--class-weights 1',
    '--class-weights 0,1',
    '--patience -1',
    '--mixup -1',
  ])('%s is refused before anything is read', (text) =>
    expect(() => optionsOf(text)).toThrow(expect.objectContaining({ name: 'CommanderError' })),
  )
})

test('changes of patches that were not said are left to the contract', () => {
  expect(changesOf(optionsOf('--shift 4 --tilt 10 --noise 0.05'))).toEqual({ shift: 4, tilt: 10, noise: 0.05 })
  expect(changesOf(optionsOf(''))).toEqual({})
})

test('layers to freeze are a number or a name', () => {
  expect(optionsOf('--freeze 3').freeze).toBe(3)
  expect(optionsOf('--freeze stage1_a').freeze).toBe('stage1_a')
})

test('a rule is for held-out shares, not for a folder of its own', () => {
  const share = { kind: 'fraction', fraction: 0.2, rule: 'auto' } as const
  expect(withRule(share, optionsOf('--split case'))).toEqual({ ...share, rule: 'case' })
  expect(withRule(share, optionsOf(''))).toEqual(share)
  expect(() => withRule({ kind: 'none' }, optionsOf('--split case'))).toThrow('--split says what is held out together')
})
