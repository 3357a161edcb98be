/** Tissue masks in the database: versioned filters over a grid, one bit for each patch, and what was painted over them. */
import { v7 as uuidv7 } from 'uuid'
import { tesseraError } from '../../src-shared/errors.ts'
import { applyHand, type HandChanges, MaskParams, type MaskPreview } from '../../src-shared/masks.ts'
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

export const noHand: HandChanges = { patch: new Uint32Array(), tissue: new Uint8Array() }

type NewMask = {
  params: MaskParams
  threshold: number
  /** what is computed, without the hand changes, 0 or 1: [patch] */
  computed: Uint8Array
  hand: HandChanges
}

/**
 * A new version of a grid's mask, not in force yet: the gesture that puts it in force is the labels room's. What was
 * painted over the mask in force is kept.
 *
 * @param source sources.seq of the grid
 * @returns masks.seq
 * @throws {TesseraError} MASK_EMPTY when no patch counts as tissue
 */
export const insertMask = (db: WritableDb, source: number, params: MaskParams, preview: MaskPreview): number =>
  insert(db, source, {
    params,
    threshold: preview.threshold,
    computed: preview.inside,
    hand: maskOf(db, source)?.hand ?? noHand,
  })

/**
 * A new version of the mask in force, with patches painted as tissue or not. A patch that is as it is painted already is
 * left alone; one that is painted back to what is computed is no hand change any more.
 *
 * @param source sources.seq of the grid
 * @returns masks.seq and how many patches changed; null when none did
 * @throws {TesseraError} MASK_NEEDED when no mask is in force; MASK_EMPTY
 */
export function insertPaintedMask(
  db: WritableDb,
  source: number,
  patches: Uint32Array,
  tissue: boolean,
): { mask: number; changed: number } | null {
  const before = neededMask(db, source)
  const wanted = tissue ? 1 : 0
  const changed = [...new Set(patches)].filter((patch) => before.inside[patch] !== wanted)
  if (changed.length === 0) return null
  const hand = new Map([...before.hand.patch].map((patch, i) => [patch, before.hand.tissue[i]!]))
  for (const patch of changed)
    if (before.computed[patch] === wanted) hand.delete(patch)
    else hand.set(patch, wanted)
  const painted = { patch: Uint32Array.from(hand.keys()), tissue: Uint8Array.from(hand.values()) }
  return { mask: insert(db, source, { ...before, hand: painted }), changed: changed.length }
}

/** A new version of the mask in force without hand changes; null when it has none. @throws MASK_NEEDED, MASK_EMPTY */
export function insertUnpaintedMask(db: WritableDb, source: number): { mask: number; changed: number } | null {
  const before = neededMask(db, source)
  const changed = before.hand.patch.length
  return changed === 0 ? null : { mask: insert(db, source, { ...before, hand: noHand }), changed }
}

function insert(db: WritableDb, source: number, { params, threshold, computed, hand }: NewMask): number {
  const inside = computed.slice()
  if (applyHand(inside, hand) === 0)
    throw tesseraError(
      'MASK_EMPTY',
      `This tissue mask leaves no patch of “${slideOf(db, source)}”. Raise its sensitivity, or lower the area or the share of tissue it asks for.`,
      { slide: slideOf(db, source) },
    )
  const mask = db.run(
    `INSERT INTO masks (id, source, params, threshold, inside, created_at)
     VALUES (@id, @source, @params, @threshold, @inside, @at)`,
    { id: uuidv7(), source, params: JSON.stringify(params), threshold, inside: packBits(inside), at: Date.now() },
  ).rowid
  if (hand.patch.length > 0)
    db.run('INSERT INTO mask_hands (mask, computed, patch, tissue) VALUES (@mask, @computed, @patch, @tissue)', {
      mask,
      computed: packBits(computed),
      patch: new Uint8Array(hand.patch.buffer, hand.patch.byteOffset, hand.patch.byteLength),
      tissue: hand.tissue,
    })
  return mask
}

type StoredMask = NewMask & {
  /** 1 = counts: [patch] */
  inside: Uint8Array
}

/**
 * The mask in force over a grid; null when there is none.
 * @param source sources.seq of the grid
 */
export function maskOf(db: ReadableDb, source: number): StoredMask | null {
  const row = db.get<{
    params: string
    threshold: number
    inside: Uint8Array
    patches: number
    computed: Uint8Array | null
    patch: Uint8Array | null
    tissue: Uint8Array | null
  }>(
    `SELECT masks.params, masks.threshold, masks.inside, grids.columns * grids.rows AS patches,
       mask_hands.computed, mask_hands.patch, mask_hands.tissue
     FROM grids JOIN masks ON masks.seq = grids.mask LEFT JOIN mask_hands ON mask_hands.mask = masks.seq
     WHERE grids.source = @source`,
    { source },
  )
  if (!row) return null
  return {
    params: MaskParams.parse(JSON.parse(row.params)),
    threshold: row.threshold,
    inside: unpackBits(row.inside, row.patches),
    computed: unpackBits(row.computed ?? row.inside, row.patches),
    hand:
      row.patch && row.tissue
        ? { patch: new Uint32Array(new Uint8Array(row.patch).buffer), tissue: new Uint8Array(row.tissue) }
        : noHand,
  }
}

function neededMask(db: ReadableDb, source: number): StoredMask {
  const mask = maskOf(db, source)
  if (mask) return mask
  throw tesseraError(
    'MASK_NEEDED',
    `“${slideOf(db, source)}” has no tissue mask that could be painted over: all of its patches count. Find its tissue first.`,
    { slide: slideOf(db, source) },
  )
}

/** Name of the slide a grid (sources.seq) lies on. */
const slideOf = (db: ReadableDb, source: number): string =>
  db.get<{ name: string }>(
    'SELECT slides.name FROM grids JOIN slides ON slides.seq = grids.slide WHERE grids.source = @source',
    { source },
  )!.name
