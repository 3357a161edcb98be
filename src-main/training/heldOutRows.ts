/** What the models of trainings said of their held-out patches, in the database. */
import type { RunId, SourceId } from '../../src-shared/ids.ts'
import type { HeldOutPatches } from '../../src-shared/training.ts'
import type { ReadableDb, WritableDb } from '../store/database.ts'
import type { RunPatches } from './rows.ts'
import type { SideName } from './runFiles.ts'

/**
 * @param parts the patches of that side, in the order of its pixel file
 * @param probabilities [patch, class], in the same order
 */
export function insertHeldOut(
  db: WritableDb,
  run: RunId,
  side: SideName,
  parts: readonly RunPatches[],
  probabilities: Float32Array,
): void {
  const patches = parts.reduce((sum, { patch }) => sum + patch.length, 0)
  const classes = probabilities.length / patches
  let before = 0
  for (const { source, patch } of parts) {
    const own = probabilities.subarray(before * classes, (before + patch.length) * classes)
    db.run(
      `INSERT INTO run_held_out (run, side, source, probabilities)
       SELECT runs.seq, @side, sources.seq, @own FROM runs, sources WHERE runs.id = @run AND sources.id = @source`,
      { run, side, source, own: new Uint8Array(own.buffer, own.byteOffset, own.byteLength) },
    )
    before += patch.length
  }
}

/** null where there is nothing of this run. */
export function heldOutOf(db: ReadableDb, run: RunId): HeldOutPatches[] | null {
  const rows = db.all<{ source: string; patch: Uint8Array; target: Uint8Array; probabilities: Uint8Array }>(
    `SELECT sources.id AS source, run_patches.patch, run_patches.target, run_held_out.probabilities
     FROM run_held_out
       JOIN run_patches USING (run, side, source)
       JOIN sources ON sources.seq = run_held_out.source
       JOIN runs ON runs.seq = run_held_out.run
     WHERE runs.id = @run ORDER BY run_held_out.source`,
    { run },
  )
  if (rows.length === 0) return null
  return rows.map(({ source, patch, target, probabilities }) => ({
    source: source as SourceId,
    patch: new Uint32Array(new Uint8Array(patch).buffer),
    truth: new Uint16Array(new Uint8Array(target).buffer),
    probabilities: new Float32Array(new Uint8Array(probabilities).buffer),
  }))
}
