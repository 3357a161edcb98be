/** One gesture that labels patches, or clears them. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { SourceId } from '../../src-shared/ids.ts'
import { type PatchSource, sourceSize } from '../../src-shared/patches.ts'
import type { LabelEffect } from './effects.ts'
import type { LabelBook } from './labelBook.ts'

/** What labels need to know of patch sources. */
export interface SourceLookup {
  /** @throws {TesseraError} SOURCE_UNKNOWN */
  byId(source: SourceId): PatchSource
  /** sources.seq. @throws {TesseraError} SOURCE_UNKNOWN */
  seqOf(source: SourceId): number
}

/**
 * The effect of giving patches new classes: only patches whose class really changes, each once.
 *
 * @param classOf new class number of patches[i], 0 = cleared; a patch named twice gets its last one
 * @throws {TesseraError} PATCH_UNKNOWN
 */
export function labelEffect(
  book: LabelBook,
  sources: SourceLookup,
  source: SourceId,
  patches: Uint32Array,
  classOf: (i: number) => number,
): LabelEffect {
  const size = sourceSize(sources.byId(source))
  const seq = sources.seqOf(source)
  const current = book.of(seq, size)
  const wanted = new Map<number, number>()
  for (let i = 0; i < patches.length; i++) {
    const patch = patches[i]!
    if (patch >= size)
      throw tesseraError('PATCH_UNKNOWN', `There is no patch ${patch}: this grid or set has ${size} patches.`, {
        source,
        patch,
        patches: size,
      })
    wanted.set(patch, classOf(i))
  }
  const changed = [...wanted].filter(([patch, to]) => current[patch] !== to)
  return {
    source: seq,
    patch: Uint32Array.from(changed, ([patch]) => patch),
    before: Uint16Array.from(changed, ([patch]) => current[patch]!),
    after: Uint16Array.from(changed, ([, to]) => to),
  }
}

export const patchesText = (count: number): string =>
  count === 1 ? '1 patch' : `${count.toLocaleString('en')} patches`

/**
 * What a menu says behind “Undo”.
 * @param classNames the classes given; null = cleared
 */
export function assignText(count: number, classNames: readonly (string | null)[]): string {
  const [className, ...others] = classNames
  if (others.length > 0) return `label ${patchesText(count)}`
  return className === null ? `clear ${patchesText(count)}` : `label ${patchesText(count)} as ${className}`
}

export const importText = (count: number, from: string): string => `import ${patchesText(count)} from ${from}`
