/**
 * The current label of every patch of every source, in memory: class numbers, 0 = unlabelled. A mirror of the `labels`
 * table, read once for each source and changed only after a gesture is on disk, so that “what was it before” costs no
 * query for each of 100,000 patches.
 */
import { UNLABELLED } from '../../src-shared/labels.ts'
import type { ReadableDb } from '../store/database.ts'
import type { LabelEffect } from './effects.ts'

export interface LabelBook {
  /** [patch] of the source, which has `size` patches. Read it, never write it. */
  of(source: number, size: number): Readonly<Uint16Array>
  apply(effects: readonly LabelEffect[]): void
}

export function openLabelBook(db: ReadableDb): LabelBook {
  const pages = new Map<number, Uint16Array>()
  return {
    of(source, size) {
      let page = pages.get(source)
      if (!page) {
        page = new Uint16Array(size).fill(UNLABELLED)
        const rows = db.all<{ patch: number; class: number }>(
          'SELECT patch, class FROM labels WHERE source = @source',
          {
            source,
          },
        )
        for (const row of rows) page[row.patch] = row.class
        pages.set(source, page)
      }
      return page
    },
    apply(effects) {
      for (const { source, patch, after } of effects) {
        const page = pages.get(source)
        if (page) for (let i = 0; i < patch.length; i++) page[patch[i]!] = after[i]!
      }
    },
  }
}
