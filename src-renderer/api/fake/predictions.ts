/** Made-up predictions: mostly right, unsure near the edges of things. */
import type { Grid } from '../../../src-shared/patches.ts'
import type { PredictionBlock } from '../../../src-shared/predictions.ts'
import { patchRect } from '../../../src-shared/patches.ts'
import { chance } from './ids.ts'
import { GLASS, tissueAt, type Tissue, TUMOR } from './tissue.ts'

/** Something close to normal deviates; a table, because a million patches want many. */
const DEVIATES = Float32Array.from(
  { length: 8192 },
  (_, i) => chance(i, 1) + chance(i, 2) + chance(i, 3) + chance(i, 4) - 2,
)
const deviate = (patch: number, k: number): number => DEVIATES[(Math.imul(patch, 40_503) + k * 977) & 8191]!

export function blockOf(grid: Grid, tissue: Tissue, classes: number, from: number, to: number): PredictionBlock {
  return guesses(classes, from, to, (patch) => {
    const { x, y, width, height } = patchRect(grid, patch)
    const kind = tissueAt(tissue, x + width / 2, y + height / 2)
    return kind === TUMOR ? 0 : kind === GLASS ? 1 : 1 + Math.floor(chance(Math.floor(x / 4000), 9) * (classes - 1))
  })
}

export const blockOfSet = (classes: number, from: number, to: number): PredictionBlock =>
  guesses(classes, from, to, (patch) => patch % classes)

function guesses(classes: number, from: number, to: number, truthOf: (patch: number) => number): PredictionBlock {
  const patch = Uint32Array.from({ length: to - from }, (_, i) => from + i)
  const probabilities = new Float32Array(patch.length * classes)
  for (const [i, each] of patch.entries()) {
    const truth = truthOf(each)
    let sum = 0
    for (let k = 0; k < classes; k++) {
      const value = Math.exp((k === truth ? 2.6 : 0) + 2.2 * deviate(each, k))
      probabilities[i * classes + k] = value
      sum += value
    }
    for (let k = 0; k < classes; k++) probabilities[i * classes + k]! /= sum
  }
  return { patch, probabilities, unread: new Uint32Array() }
}
