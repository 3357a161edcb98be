/**
 * Batches: which patches a step sees, how they are augmented, and what the network should say to each.
 *
 * Everything random in a step follows from the run's seed, the number of the step and the place in the batch; nothing is
 * carried from one step to the next. A resumed run therefore sees exactly what it would have seen.
 *
 * They are made on the thread that runs the steps: 64 augmented patches of 96 px take 12 ms (20 ms with every change on), a step of them 130 ms (two
 * cores, 2026-11-23), and a thread of their own would take its time from the two that multiply matrices.
 */
import type { Augmentation, Normalisation } from '../../src-shared/models.ts'
import type { Recipe } from '../../src-shared/recipe.ts'
import { augmentation } from '../features/augment.ts'
import type { PatchPixels } from '../features/pixelFile.ts'
import { patchBytes } from '../features/patchShape.ts'
import type { TrainerInput } from '../nn/backend.ts'
import type { MaskInput } from '../nn/graph/trainingOps.ts'
import { sizeOf } from '../../src-shared/network/layerShape.ts'
import { seeded } from '../nn/random.ts'
import { classWeights } from './classWeights.ts'
import { mixing } from './mix.ts'
import { patchOrder } from './patchOrder.ts'

/** Patches with the class of each. */
export type LabelledPixels = { pixels: PatchPixels; classOf: Uint16Array }

export type BatchSettings = {
  batchSize: number
  augmentation: Augmentation
  /** draw every class equally often */
  balanced: boolean
  recipe: Pick<Recipe, 'labelSmoothing' | 'classWeights' | 'mix'>
  seed: number
}

export interface Batches {
  /** The batch of a step. The same arrays are filled each time. */
  of(step: number): TrainerInput
}

/** What a random number is for; so that no two uses share numbers. */
const ORDER = 1
const AUGMENT = 2
const DROPOUT = 3
const MIX = 4

export function batches(
  data: LabelledPixels,
  classes: number,
  settings: BatchSettings,
  normalisation: Normalisation,
  masks: readonly MaskInput[],
): Batches {
  const { batchSize, seed, balanced } = settings
  const { labelSmoothing, mix } = settings.recipe
  const { pixels, classOf } = data
  const length = patchBytes(pixels.shape)
  const augment = augmentation(settings.augmentation, pixels.shape, normalisation)
  const order = patchOrder(classOf, balanced, seeded(seed, ORDER).below(2 ** 32))
  const input = {
    patches: new Float32Array(batchSize * length),
    target: new Float32Array(batchSize * classes),
    masks: masks.map(({ dims }) => new Float32Array(sizeOf(dims))),
  }
  const weights = classWeights(settings.recipe.classWeights, classOf, classes, balanced)
  const mixed = mixing(mix, batchSize, pixels.shape)
  const fillTarget = (place: number, of: number) => {
    const start = place * classes
    const weight = weights[of]!
    input.target.fill((weight * labelSmoothing) / classes, start, start + classes)
    input.target[start + of]! += weight * (1 - labelSmoothing)
  }
  return {
    of(step) {
      for (let place = 0; place < batchSize; place++) {
        const patch = order.patchAt(step * batchSize + place)
        const { pixels: values, at } = pixels.patch(patch)
        augment(values, at, seeded(seed, AUGMENT, step, place), input.patches, place * length)
        fillTarget(place, classOf[patch]!)
      }
      mixed?.(input.patches, input.target, seeded(seed, MIX, step))
      for (const [number, mask] of masks.entries()) fillMask(input.masks[number]!, mask.rate, seed, step, number)
      return input
    },
  }
}

/** 0 with chance `rate`, else 1 / (1 − rate), so that the mean stays what it was. */
function fillMask(mask: Float32Array, rate: number, seed: number, step: number, number: number): void {
  const random = seeded(seed, DROPOUT, step, number)
  const kept = 1 / (1 - rate)
  for (let i = 0; i < mask.length; i++) mask[i] = random.next() < rate ? 0 : kept
}
