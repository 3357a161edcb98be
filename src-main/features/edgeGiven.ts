/**
 * At which edge patches are given to an encoder. One edge only: they are resized to it, whole. A range of edges: they keep
 * the µm/px the encoder was made for, and inside the range no pixel is resampled that has it already.
 */
import type { EncoderCard } from '../../src-shared/encoders.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { PatchSource } from '../../src-shared/patches.ts'

/** How far two µm/px may be apart and still show the same, as a share: that of models and slides. */
const SAME_SCALE = 0.1

/**
 * @returns px of the edge
 * @throws {TesseraError} MODEL_SPACING_MISMATCH where both sides say their µm/px and the encoder would see another than it
 * was made for
 */
export function edgeGiven({ name, input: { edgePx, edges, mpp } }: EncoderCard, source: PatchSource): number {
  const [edge, own] = source.kind === 'set' ? [source.width, source.mpp] : [source.params.edgePx, source.params.mpp]
  const takes = (px: number): boolean => edges !== undefined && px >= edges.smallest && px <= edges.largest
  if (mpp === null || own === null) return takes(edge) ? edge : edgePx
  if (takes(edge) && same(own, mpp)) return edge
  const atItsScale = Math.round((edge * own) / mpp)
  if (takes(atItsScale)) return atItsScale
  const seen = (own * edge) / edgePx
  if (same(seen, mpp)) return edgePx
  const wanted = edges ? [edges.smallest, edges.largest] : [edgePx]
  throw tesseraError(
    'MODEL_SPACING_MISMATCH',
    `“${name}” takes ${wanted.join(' to ')} px at ${mpp} µm/px; these patches of ${edge} px at ${own} µm/px would be shown to it at ${Number(seen.toPrecision(3))} µm/px. Take patches of ${wanted.map((px) => Math.round((px * mpp) / own)).join(' to ')} px, or another encoder.`,
    { model: name, expected: mpp, actual: seen, unit: 'µm/px' },
  )
}

const same = (a: number, b: number): boolean => Math.abs(a / b - 1) <= SAME_SCALE
