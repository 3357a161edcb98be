/**
 * The tissue mask: patches that do not count are dimmed, firmly while it is being tried, lightly once it is in force.
 * While it is tried, patches with ink or out of focus have a colour of their own, strong where they would be left out.
 */
import { type Artefact, artefactBit, ARTEFACTS } from '../../../src-shared/masks.ts'
import type { GridGeometry } from '../../../src-shared/patches.ts'
import { ARTEFACT_COLOURS } from '../../styles/artefactColours.ts'
import { rgbOf } from '../../styles/colours.ts'
import { CLEAR, pixelOf } from './colourTables.ts'
import type { Layer } from './layer.ts'
import { TexelMap } from './texelMap.ts'

const DIM = pixelOf([104, 112, 120])
/** Of a patch that something was found in, but that counts all the same. */
const FAINT = 130

const pixels = (alpha: number): Record<Artefact, number> =>
  Object.fromEntries(ARTEFACTS.map((kind) => [kind, pixelOf(rgbOf(ARTEFACT_COLOURS[kind]), alpha)])) as Record<
    Artefact,
    number
  >
const STRONG_PIXELS = pixels(255)
const FAINT_PIXELS = pixels(FAINT)

export interface ShownMask {
  grid: GridGeometry
  /** 1 = counts: [patch] */
  inside: Uint8Array
  /** artefactBit of what was found; null once the mask is in force: [patch] */
  found: Uint8Array | null
}

export interface MaskLayer extends Layer {
  /** Some patches of `inside` were changed in place. */
  changed(patches: readonly number[]): void
}

export function maskLayer(current: () => ShownMask | null): MaskLayer {
  let texels: { map: TexelMap; of: Uint8Array } | null = null

  const pixelAt = ({ inside, found }: ShownMask, patch: number): number => {
    const bits = found?.[patch] ?? 0
    if (bits !== 0) {
      const kind = ARTEFACTS.find((each) => (bits & artefactBit[each]) !== 0)!
      return (inside[patch] ? FAINT_PIXELS : STRONG_PIXELS)[kind]
    }
    return inside[patch] ? CLEAR : DIM
  }

  return {
    changed(patches) {
      const shown = current()
      if (!shown || texels?.of !== shown.inside) return
      for (const patch of patches) texels.map.pixels[patch] = pixelAt(shown, patch)
      texels.map.update(patches)
    },
    draw(frame) {
      const shown = current()
      if (!shown) return
      if (texels?.of !== shown.inside) {
        texels = { map: new TexelMap(shown.grid), of: shown.inside }
        const { pixels } = texels.map
        for (let patch = 0; patch < pixels.length; patch++) pixels[patch] = pixelAt(shown, patch)
        texels.map.update()
      }
      texels.map.draw(frame, shown.found ? 0.55 : 0.28)
    },
  }
}
