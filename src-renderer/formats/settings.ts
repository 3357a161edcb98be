/** What the folded groups of settings are set to, each in one line. Pure. */
import type { Augmentation } from '../../src-shared/models.ts'
import { type Recipe, recipeInWords } from '../../src-shared/recipe.ts'
import type { TrainingSettings } from '../../src-shared/training.ts'
import { counted, fixed, percent } from './numbers.ts'

const said = (parts: readonly (string | false)[], nothing: string): string =>
  parts.filter((part) => part !== false).join(', ') || nothing

/** The recipe without what the other groups say. */
export const optimiserInWords = (recipe: Recipe): string =>
  recipeInWords({
    ...recipe,
    labelSmoothing: 0,
    classWeights: 'none',
    mix: { kind: 'none' },
    averageDecay: null,
    patience: null,
  })

export function targetsInWords({ recipe, balanced }: Pick<TrainingSettings, 'recipe' | 'balanced'>): string {
  const { classWeights, labelSmoothing, mix } = recipe
  return said(
    [
      balanced && 'classes drawn equally often',
      classWeights === 'inverse' && 'rare classes weigh more',
      Array.isArray(classWeights) && `classes weighted ${classWeights.join(' : ')}`,
      labelSmoothing > 0 && `labels smoothed by ${percent(labelSmoothing, 0)}`,
      mix.kind !== 'none' && `${mix.kind === 'mixup' ? 'mixup' : 'CutMix'} ${mix.alpha}`,
    ],
    'as they are',
  )
}

export function augmentationInWords(augmentation: Augmentation): string {
  const { flips, turns, stain, colour, shift, zoom, tilt, blur, noise } = augmentation
  return said(
    [
      flips && 'mirrored',
      turns && 'turned by 90°',
      stain > 0 && `stains ± ${fixed(stain, 2)}`,
      colour > 0 && `colours ± ${percent(colour, 0)}`,
      shift > 0 && `shifted up to ${fixed(shift, 0)} px`,
      zoom > 0 && `zoomed ± ${percent(zoom, 0)}`,
      tilt > 0 && `tilted ± ${tilt}°`,
      blur > 0 && `blurred up to ${fixed(blur, 1)} px`,
      noise > 0 && `noise up to ${percent(noise, 0)}`,
    ],
    'nothing',
  )
}

export function endInWords({ recipe, testTime, seed }: Pick<TrainingSettings, 'recipe' | 'testTime' | 'seed'>): string {
  return said(
    [
      recipe.patience !== null && `ends after ${counted(recipe.patience, 'measurement')} without progress`,
      recipe.averageDecay !== null && 'weights averaged',
      testTime === 'd4' && 'patches looked at eight ways',
      `seed ${seed}`,
    ],
    '',
  )
}
