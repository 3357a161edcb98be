/** Patches as a training shows them to a network, made visible again: the same code, then back to bytes. */
import type { Augmentation, Normalisation } from '../../src-shared/models.ts'
import { seeded } from '../nn/random.ts'
import { augmentation } from './augment.ts'
import { channelNormalisation } from './networkInput.ts'
import type { PatchPixels } from './pixelFile.ts'
import { patchBytes } from './patchShape.ts'

/** @returns [patch][version]: RGB bytes [row, column, channel]; grey patches have three equal channels */
export function previewAugmentation(
  pixels: PatchPixels,
  settings: Augmentation,
  normalisation: Normalisation,
  versions: number,
  seed: number,
): Uint8Array[][] {
  const { shape } = pixels
  const augment = augmentation(settings, shape, normalisation)
  const input = new Float32Array(patchBytes(shape))
  const positions = shape.height * shape.width
  const scales = Array.from({ length: shape.channels }, (_, channel) => channelNormalisation(normalisation, channel))
  const picture = (): Uint8Array =>
    Uint8Array.from({ length: 3 * positions }, (_, i) => {
      const channel = shape.channels === 3 ? i % 3 : 0
      const { mean, std } = scales[channel]!
      return Math.round(255 * (input[channel * positions + Math.floor(i / 3)]! * std + mean))
    })
  return Array.from({ length: pixels.count }, (_, patch) =>
    Array.from({ length: versions }, (_, version) => {
      const { pixels: values, at } = pixels.patch(patch)
      augment(values, at, seeded(seed, patch, version), input, 0)
      return picture()
    }),
  )
}
