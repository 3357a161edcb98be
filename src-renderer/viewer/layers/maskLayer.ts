/** The tissue mask: patches that are not tissue are dimmed, firmly while it is being tried, lightly once it is in force. */
import type { GridGeometry } from '../../../src-shared/patches.ts'
import { CLEAR, pixelOf } from './colourTables.ts'
import type { Layer } from './layer.ts'
import { TexelMap } from './texelMap.ts'

const DIM = pixelOf([104, 112, 120])

export interface ShownMask {
  grid: GridGeometry
  /** 1 = tissue: [patch] */
  inside: Uint8Array
  /** It is not in force yet. */
  isTrial: boolean
}

export function maskLayer(current: () => ShownMask | null): Layer {
  let texels: { map: TexelMap; of: Uint8Array } | null = null
  return {
    draw(frame) {
      const shown = current()
      if (!shown) return
      if (texels?.of !== shown.inside) {
        texels = { map: new TexelMap(shown.grid), of: shown.inside }
        const { pixels } = texels.map
        for (let patch = 0; patch < pixels.length; patch++) pixels[patch] = shown.inside[patch] ? CLEAR : DIM
        texels.map.update()
      }
      texels.map.draw(frame, shown.isTrial ? 0.55 : 0.28)
    },
  }
}
