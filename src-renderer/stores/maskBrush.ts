/**
 * A stroke over the tissue mask in force: shown at once, on disk when it is over, one step of undo.
 *
 * Before: tools/paintMask.ts. After: `labels.paintMask`.
 */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { SourceId } from '../../src-shared/ids.ts'
import { useFaults } from './faults.ts'
import { useLabels } from './labels.ts'
import { usePatches } from './patches.ts'

interface MaskStroke {
  grid: SourceId
  tissue: boolean
  /** The mask as it will be, 1 = counts; changed in place: [patch] */
  inside: Uint8Array
  patches: Set<number>
}

type OnPainted = (patches: readonly number[]) => void

export const useMaskBrush = defineStore('maskBrush', () => {
  const patches = usePatches()
  const labels = useLabels()
  const faults = useFaults()

  /** The last stroke, until the mask that has it was read. */
  const stroke = shallowRef<MaskStroke | null>(null)
  const listeners = new Set<OnPainted>()

  /** @returns null when the grid has no mask */
  function begin(grid: SourceId, tissue: boolean): MaskStroke | null {
    const before = stroke.value?.grid === grid ? stroke.value.inside : patches.masks.get(grid)?.inside
    if (!before) return null
    const begun = { grid, tissue, inside: before.slice(), patches: new Set<number>() }
    stroke.value = begun
    return begun
  }

  function paint(one: MaskStroke, painted: Iterable<number>): void {
    const wanted = one.tissue ? 1 : 0
    const changed = [...painted].filter((patch) => one.inside[patch] !== wanted)
    for (const patch of changed) {
      one.inside[patch] = wanted
      one.patches.add(patch)
    }
    if (changed.length > 0) for (const listener of listeners) listener(changed)
  }

  function drop(one: MaskStroke): void {
    if (stroke.value === one) stroke.value = null
  }

  async function commit(one: MaskStroke): Promise<void> {
    if (one.patches.size > 0)
      await faults.attempt('viewer', 'The tissue was not painted.', async () => {
        await labels.paintMask(one.grid, Uint32Array.from(one.patches), one.tissue)
        await patches.loadMask(one.grid)
      })
    drop(one)
  }

  return {
    stroke,
    begin,
    paint,
    drop,
    commit,
    /** @returns the function that stops listening */
    onPainted(listener: OnPainted): () => void {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
})
