/**
 * How pixels that can not be read are drawn for a person: grey stripes, which nobody takes for tissue or for glass. The
 * tissue mask takes them for glass, and networks never get them: what they read is refused where a tile is damaged. The
 * window draws the same, see src-renderer/viewer/missingTile.ts.
 */
import { MISSING_STRIPES } from '../../../src-shared/slides.ts'
import type { Rgb } from './decoder.ts'

export function missingPixels(width: number, height: number): Rgb {
  const { dark, light, period, stripe } = MISSING_STRIPES
  const data = Buffer.alloc(width * height * 3, dark)
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) if ((x + y) % period < stripe) data.fill(light, at, at + 3)
  return { data, width, height }
}
