/** Predictions: one texel for each patch, the probability of one class on a fixed scale, or the class decided for. */
import type { GridGeometry } from '../../../src-shared/patches.ts'
import type { PredictionRun } from '../../../src-shared/predictions.ts'
import type { Probabilities } from '../../stores/probabilities.ts'
import { rgbOf } from '../../styles/colours.ts'
import { CLEAR, pixelOf, viridisStep, VIRIDIS_PIXELS } from './colourTables.ts'
import type { Layer } from './layer.ts'
import { TexelMap } from './texelMap.ts'

export interface ShownPredictions {
  run: PredictionRun
  grid: GridGeometry
  probabilities: Probabilities
  map: 'probability' | 'class'
  /** index of the class whose probability is drawn and thresholded */
  positive: number
  threshold: number
  hideBelow: boolean
  opacity: number
}

export interface PredictionLayer extends Layer {
  /** Some patches of a run were predicted. */
  arrived(patches: Uint32Array): void
  /** The map, the class or the threshold is another. */
  changed(): void
}

export function predictionLayer(current: () => ShownPredictions | null): PredictionLayer {
  let texels: { map: TexelMap; of: Probabilities } | null = null
  let stale: Uint32Array[] | 'all' = 'all'

  function refresh(shown: ShownPredictions): TexelMap {
    if (texels?.of !== shown.probabilities) {
      texels = { map: new TexelMap(shown.grid), of: shown.probabilities }
      stale = 'all'
    }
    if (stale === 'all') {
      colourAll(shown, texels.map.pixels)
      texels.map.update()
    } else
      for (const patches of stale) {
        for (const patch of patches) texels.map.pixels[patch] = pixelFor(shown, patch)
        texels.map.update(patches)
      }
    stale = []
    return texels.map
  }

  return {
    arrived(patches) {
      if (stale !== 'all') stale.push(patches)
    },
    changed() {
      stale = 'all'
    },
    draw(frame) {
      const shown = current()
      if (shown) refresh(shown).draw(frame, shown.opacity)
    },
  }
}

function pixelFor(
  { probabilities, map, positive, threshold, hideBelow, run }: ShownPredictions,
  patch: number,
): number {
  const p = probabilities.values[patch * probabilities.classes + positive]!
  if (Number.isNaN(p)) return CLEAR
  if (map === 'class') return pixelOf(rgbOf(run.classes[probabilities.decide(patch, positive, threshold)]!.colour))
  return hideBelow && p < threshold ? CLEAR : VIRIDIS_PIXELS[viridisStep(p)]!
}

/** The same for every patch, in one tight loop: a million patches in a few milliseconds. */
export function colourAll(shown: ShownPredictions, pixels: Uint32Array): void {
  const { probabilities, map, positive, threshold, hideBelow, run } = shown
  const { first, second } = probabilities
  const values = probabilities.column(positive)
  const least = hideBelow ? threshold : 0
  const colours = Uint32Array.from(run.classes, ({ colour }) => pixelOf(rgbOf(colour)))
  for (let patch = 0; patch < pixels.length; patch++) {
    const p = values[patch]!
    // NaN fails every comparison: what is not predicted stays clear.
    if (map === 'probability') pixels[patch] = p >= least ? VIRIDIS_PIXELS[viridisStep(p)]! : CLEAR
    else if (p >= threshold) pixels[patch] = colours[positive]!
    else if (p < threshold) pixels[patch] = colours[first[patch] === positive ? second[patch]! : first[patch]!]!
    else pixels[patch] = CLEAR
  }
}
