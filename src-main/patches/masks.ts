/** Tissue masks in the database: versioned filters over a grid, one bit for each patch. */
import { v7 as uuidv7 } from 'uuid'
import { tesseraError } from '../../src-shared/errors.ts'
import { MaskParams, type MaskPreview } from '../../src-shared/patches.ts'
import type { ReadableDb, WritableDb } from '../store/database.ts'

/** One bit for each patch, lowest bit first. @param inside [patch], 0 or 1 */
export function packBits(inside: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(inside.length / 8))
  for (let patch = 0; patch < inside.length; patch++) if (inside[patch] !== 0) bits[patch >> 3]! |= 1 << (patch & 7)
  return bits
}

/** @returns [patch], 0 or 1 */
export const unpackBits = (bits: Uint8Array, patches: number): Uint8Array =>
  Uint8Array.from({ length: patches }, (_, patch) => (bits[patch >> 3]! >> (patch & 7)) & 1)

/**
 * A new version of a grid's mask, not in force yet: the gesture that puts it in force is the labels room's.
 *
 * @param source sources.seq of the grid
 * @returns masks.seq
 * @throws {TesseraError} MASK_EMPTY when no patch counts as tissue
 */
export function insertMask(db: WritableDb, source: number, params: MaskParams, preview: MaskPreview): number {
  if (preview.insideCount === 0) throw emptyError(db, source)
  return db.run(
    `INSERT INTO masks (id, source, params, threshold, inside, created_at)
     VALUES (@id, @source, @params, @threshold, @inside, @at)`,
    {
      id: uuidv7(),
      source,
      params: JSON.stringify(params),
      threshold: preview.threshold,
      inside: packBits(preview.inside),
      at: Date.now(),
    },
  ).rowid
}

/**
 * The mask in force over a grid; null when there is none.
 * @param source sources.seq of the grid
 */
export function maskOf(db: ReadableDb, source: number): { params: MaskParams; inside: Uint8Array } | null {
  const row = db.get<{ params: string; inside: Uint8Array; patches: number }>(
    `SELECT masks.params, masks.inside, grids.columns * grids.rows AS patches
     FROM grids JOIN masks ON masks.seq = grids.mask WHERE grids.source = @source`,
    { source },
  )
  return row ? { params: MaskParams.parse(JSON.parse(row.params)), inside: unpackBits(row.inside, row.patches) } : null
}

function emptyError(db: ReadableDb, source: number) {
  const slide = db.get<{ name: string }>(
    'SELECT slides.name FROM grids JOIN slides ON slides.seq = grids.slide WHERE grids.source = @source',
    { source },
  )!.name
  return tesseraError(
    'MASK_EMPTY',
    `This tissue mask leaves no patch of “${slide}”. Raise its sensitivity, or lower the share of tissue a patch needs.`,
    { slide },
  )
}
