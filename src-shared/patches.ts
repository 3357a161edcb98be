/**
 * Patch sources: the grid of a slide, or a patch set. A patch is (source, index), never a stored object.
 *
 * Grid: where on a slide the patches lie. In: slide size (level-0 px), its sampling (µm/px), patch edge, stride and offset
 * (px at a given µm/px). Out: squares in level-0 px, row by row. Reads no pixels.
 *
 * Lengths are given at a stated µm/px because scanners differ: 224 px at 0.5 µm/px are 112 µm, which is 448 level-0 px at
 * 0.25 µm/px. They are rounded to whole level-0 px once, for each axis, when the grid is made; from here on geometry is
 * level-0 px and never rescaled.
 */
import * as z from 'zod'
import { FileHandle } from './app.ts'
import { bytes, uint32s } from './arrays.ts'
import { FaultRecord, tesseraError } from './errors.ts'
import { MaskId, SlideId, SourceId, Timestamp } from './ids.ts'
import { maskCalls, maskEvents } from './masks.ts'
import { Level0Px, MicronPerPx, level0Px, rescalePx } from './units.ts'
import { call, event } from './wire/contract.ts'

/** A grid may not hold more patches than this: a patch of a few µm on a whole slide is a slip of the hand. */
export const MOST_PATCHES = 4_000_000

export const GridParams = z.object({
  /** edge of a patch as the network sees it, px at `mpp` */
  edgePx: z.number().int().min(2).max(4096),
  mpp: MicronPerPx,
  /** distance between neighbouring patches, px at `mpp`; less than the edge = overlap */
  stridePx: z.number().int().min(1).max(65536),
  /** top left corner of the first patch, px at `mpp` */
  offsetXPx: z.number().int().nonnegative().default(0),
  offsetYPx: z.number().int().nonnegative().default(0),
})
export type GridParams = z.infer<typeof GridParams>

export const GridGeometry = z.object({
  edgeX: Level0Px,
  edgeY: Level0Px,
  strideX: Level0Px,
  strideY: Level0Px,
  offsetX: Level0Px,
  offsetY: Level0Px,
  columns: z.number().int().nonnegative(),
  rows: z.number().int().nonnegative(),
})
export type GridGeometry = z.infer<typeof GridGeometry>

export type Size = { width: number; height: number }
/** A rectangle in level-0 px. */
export type Rect = { x: Level0Px; y: Level0Px; width: Level0Px; height: Level0Px }

/**
 * Lays a grid over a slide. Only whole patches count: a patch that would reach over the edge of the slide is left out.
 *
 * @param slide size in level-0 px
 * @param mppX, mppY sampling of the slide, µm per level-0 px
 * @throws {TesseraError} GRID_EMPTY when no patch fits, GRID_TOO_LARGE above MOST_PATCHES
 */
export function gridGeometry(
  name: string,
  slide: Size,
  mppX: MicronPerPx,
  mppY: MicronPerPx,
  params: GridParams,
): GridGeometry {
  const whole = (px: number, mpp: MicronPerPx, least: number) =>
    level0Px(Math.max(least, Math.round(rescalePx(px, params.mpp, mpp))))
  const edgeX = whole(params.edgePx, mppX, 1)
  const edgeY = whole(params.edgePx, mppY, 1)
  const strideX = whole(params.stridePx, mppX, 1)
  const strideY = whole(params.stridePx, mppY, 1)
  const offsetX = whole(params.offsetXPx, mppX, 0)
  const offsetY = whole(params.offsetYPx, mppY, 0)
  const fit = (length: number, offset: number, edge: number, stride: number) =>
    Math.max(0, Math.floor((length - offset - edge) / stride) + 1)
  const columns = fit(slide.width, offsetX, edgeX, strideX)
  const rows = fit(slide.height, offsetY, edgeY, strideY)
  if (columns === 0 || rows === 0)
    throw tesseraError(
      'GRID_EMPTY',
      `No patch fits on “${name}”: a patch of ${params.edgePx} px at ${params.mpp} µm/px is ${edgeX} × ${edgeY} px of this slide, which has ${slide.width} × ${slide.height} px. Choose a smaller patch, a finer µm/px or a smaller offset.`,
      { slide: name, edgeX, edgeY, width: slide.width, height: slide.height },
    )
  if (columns * rows > MOST_PATCHES)
    throw tesseraError(
      'GRID_TOO_LARGE',
      `This grid would have ${(columns * rows).toLocaleString('en')} patches on “${name}”; at most ${MOST_PATCHES.toLocaleString('en')} are possible. Choose a larger patch or stride.`,
      { patches: columns * rows, most: MOST_PATCHES },
    )
  return { edgeX, edgeY, strideX, strideY, offsetX, offsetY, columns, rows }
}

export const patchCount = (grid: GridGeometry): number => grid.columns * grid.rows
export const columnOf = (grid: GridGeometry, patch: number): number => patch % grid.columns
export const rowOf = (grid: GridGeometry, patch: number): number => Math.floor(patch / grid.columns)
export const patchAtCell = (grid: GridGeometry, column: number, row: number): number => row * grid.columns + column

/** The square of a patch, level-0 px. */
export const patchRect = (grid: GridGeometry, patch: number): Rect => ({
  x: level0Px(grid.offsetX + columnOf(grid, patch) * grid.strideX),
  y: level0Px(grid.offsetY + rowOf(grid, patch) * grid.strideY),
  width: grid.edgeX,
  height: grid.edgeY,
})

/** The patch at a point; where patches overlap, the one whose centre is nearest. null between patches and outside. */
export function patchAt(grid: GridGeometry, x: number, y: number): number | null {
  const cell = (point: number, offset: number, edge: number, stride: number, count: number): number | null => {
    const nearest = Math.min(count - 1, Math.max(0, Math.round((point - offset - edge / 2) / stride)))
    const start = offset + nearest * stride
    return point >= start && point < start + edge ? nearest : null
  }
  const column = cell(x, grid.offsetX, grid.edgeX, grid.strideX, grid.columns)
  const row = cell(y, grid.offsetY, grid.edgeY, grid.strideY, grid.rows)
  return column === null || row === null ? null : patchAtCell(grid, column, row)
}

/** The patches whose centre lies in a rectangle of level-0 px, row by row. */
export function patchesIn(grid: GridGeometry, rect: Rect): Uint32Array {
  const range = (from: number, length: number, offset: number, edge: number, stride: number, count: number) => {
    const first = Math.ceil((from - offset - edge / 2) / stride)
    const last = Math.floor((from + length - offset - edge / 2) / stride)
    return [Math.max(0, first), Math.min(count - 1, last)] as const
  }
  const [left, right] = range(rect.x, rect.width, grid.offsetX, grid.edgeX, grid.strideX, grid.columns)
  const [top, bottom] = range(rect.y, rect.height, grid.offsetY, grid.edgeY, grid.strideY, grid.rows)
  if (right < left || bottom < top) return new Uint32Array()
  const patches = new Uint32Array((right - left + 1) * (bottom - top + 1))
  let i = 0
  for (let row = top; row <= bottom; row++)
    for (let column = left; column <= right; column++) patches[i++] = patchAtCell(grid, column, row)
  return patches
}

/** Level-0 px² of glass one patch stands for: its cell, so that overlapping patches are not counted twice. */
export const patchArea = (grid: GridGeometry): number =>
  Math.min(grid.edgeX, grid.strideX) * Math.min(grid.edgeY, grid.strideY)

export const Grid = GridGeometry.extend({
  kind: z.literal('grid'),
  id: SourceId,
  slide: SlideId,
  params: GridParams,
  /** the slide's sampling when the grid was made, µm per level-0 px */
  slideMppX: MicronPerPx,
  slideMppY: MicronPerPx,
  /** The tissue mask in force. */
  mask: MaskId.nullable(),
  /** Shown on its slide; one grid of each slide is. */
  active: z.boolean(),
  /** Why the µm in this grid are no longer true; null while they are. */
  stale: z.string().nullable(),
  createdAt: Timestamp,
})
export type Grid = z.infer<typeof Grid>

/**
 * What is particular about the pictures of a set, as counts: none of it is lost, but a person should know. `unfit` pictures
 * are shown and can be labelled, networks do not get them: they have another size than the others, or can not be read.
 */
export const PictureNotes = z.object({
  unfit: z.number().int().nonnegative().default(0),
  /** with transparency, which becomes white */
  alpha: z.number().int().nonnegative().default(0),
  /** of 16 bits, of which the upper 8 are used */
  deep: z.number().int().nonnegative().default(0),
  /** without colour, in a set that has some with */
  grey: z.number().int().nonnegative().default(0),
})
export type PictureNotes = z.infer<typeof PictureNotes>

/** A folder of patches, a list of them, or an IDX pair: patches that lie on no slide we have. Index = row of the set. */
export const PatchSet = z.object({
  kind: z.literal('set'),
  id: SourceId,
  name: z.string(),
  origin: z.enum(['folder', 'csv', 'idx']),
  patches: z.number().int().positive(),
  /** px of the stored pictures; of most of them, where some are unfit */
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  channels: z.union([z.literal(1), z.literal(3)]),
  mpp: MicronPerPx.nullable(),
  /** Whether the set says which case (patient) each patch is from; if not, each counts as its own. */
  casesKnown: z.boolean(),
  notes: PictureNotes,
  createdAt: Timestamp,
})
export type PatchSet = z.infer<typeof PatchSet>

/** What a set says of all its patches, as numbers: 300,000 of them cross a wire at once. */
export const SetContents = z.object({
  /** the classes its folders, list or IDX file name */
  names: z.array(z.string()),
  /** [patch] 1 + index into `names`; 0 = it names none */
  given: uint32s,
  /** how many slides it names */
  slides: z.number().int().nonnegative(),
  /** [patch] 1 + number of its slide, in the order they are first named; 0 = it names none */
  slideOf: uint32s,
  /** patches networks do not get, ascending */
  unfit: uint32s,
  /** [unfit] index into `reasons` */
  unfitReason: uint32s,
  /** Each the end of “It is left out of training and prediction: …”. */
  reasons: z.array(z.string()),
  /** Why its folder, list or file is not where it was; null = it is there. */
  missing: FaultRecord.nullable(),
})
export type SetContents = z.infer<typeof SetContents>

/** A picture as its file has it now. */
export const PictureFacts = z.object({
  width: z.number().int(),
  height: z.number().int(),
  /** what a network may take it for: 1 = grey, 3 = colour */
  channels: z.union([z.literal(1), z.literal(3)]),
  alpha: z.boolean(),
  /** of each value; 8 and 16 can be used */
  bits: z.number().int(),
  /** of the file: png, jpeg, tiff; idx */
  format: z.string(),
})
export type PictureFacts = z.infer<typeof PictureFacts>

/** One patch of a set, for a person who looks at it closely. */
export const SetPatchFacts = z.object({
  /** from the set's folder; null in an IDX file */
  file: z.string().nullable(),
  /** the class its folder, list or IDX file names */
  given: z.string().nullable(),
  slide: z.string().nullable(),
  case: z.string().nullable(),
  /** or why it can not be read */
  picture: z.union([PictureFacts, FaultRecord]),
})
export type SetPatchFacts = z.infer<typeof SetPatchFacts>

export const PatchSource = z.discriminatedUnion('kind', [Grid, PatchSet])
export type PatchSource = z.infer<typeof PatchSource>

export const sourceSize = (source: PatchSource): number =>
  source.kind === 'grid' ? patchCount(source) : source.patches

export const patchCalls = {
  'patches.sources': call(z.void(), z.array(PatchSource)),
  /** Makes a grid, or finds the one already made with the same numbers, and shows it on its slide. */
  'patches.createGrid': call(z.object({ slide: SlideId, params: GridParams }), Grid),
  'patches.activateGrid': call(z.object({ grid: SourceId }), Grid),
  ...maskCalls,
  /**
   * Class sub-folders with pictures, as in `pcam/train`. Their names become labels by `labels.importFromSet`. Here and in
   * the two calls below, a set that was already made of the same files and labels is found and not made again.
   */
  'patches.addFolder': call(z.object({ folder: FileHandle, mpp: MicronPerPx.nullable() }), PatchSet),
  /** CSV with the columns file,label[,slide,case]. */
  'patches.addCsv': call(z.object({ file: FileHandle, mpp: MicronPerPx.nullable() }), PatchSet),
  'patches.addIdx': call(z.object({ images: FileHandle, labels: FileHandle }), PatchSet),
  /** What a set says of its patches, and whether it is still where it was. */
  'patches.contents': call(z.object({ set: SourceId }), SetContents),
  'patches.facts': call(z.object({ set: SourceId, patch: z.number().int().nonnegative() }), SetPatchFacts),
  /** Says where a set lies now: its folder, its list or its IDX images. All its files must be there. */
  'patches.relocate': call(z.object({ set: SourceId, place: FileHandle }), PatchSet),
  /**
   * Pictures of patches, PNG, null where one can not be read; of a set in their own proportions. `margin` = how much of the
   * surroundings to show, in patch edges (0 = the patch alone).
   */
  'patches.pictures': call(
    z.object({
      source: SourceId,
      patches: uint32s,
      margin: z.number().min(0).max(4).default(0),
      /** longest side of the answer, px */
      edge: z.number().int().min(16).max(1024),
    }),
    z.array(z.union([bytes, z.null()])),
  ),
}

export const patchEvents = {
  'patches.changed': event(z.object({ sources: z.array(PatchSource) })),
  ...maskEvents,
}
