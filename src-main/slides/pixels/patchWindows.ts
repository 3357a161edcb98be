/**
 * Where the pixels of patches are read: which level, which rectangle of it, and in which blocks.
 *
 * In: a grid (level-0 px) and the edge the network wants. Out: windows in px of one level, all of one size, and blocks
 * that hold neighbouring windows, because decoding a block once costs far less than decoding each patch.
 */
import type { SlideLevel } from '../../../src-shared/slides.ts'
import { type GridGeometry, patchRect } from '../../../src-shared/patches.ts'
import { levelFor } from './scaledRegion.ts'

export type PatchWindows = {
  level: number
  /** px of the level, the same for all patches */
  width: number
  height: number
  /** top left corner of each patch, px of the level: [patch] */
  left: Int32Array
  top: Int32Array
}

/**
 * Corners and size are rounded to whole px of the level, at most half a px off; a window that would reach over the edge
 * of the level by rounding is moved inside.
 *
 * @param patches numbers of the grid's patches, in any order
 * @param edgePx px the patch shall have
 */
export function patchWindows(
  levels: readonly SlideLevel[],
  grid: GridGeometry,
  patches: Uint32Array,
  edgePx: number,
): PatchWindows {
  const level = levelFor(levels, Math.min(grid.edgeX, grid.edgeY) / edgePx)
  const shape = levels[level]!
  const { downsample } = shape
  const width = Math.min(shape.width, Math.max(1, Math.round(grid.edgeX / downsample)))
  const height = Math.min(shape.height, Math.max(1, Math.round(grid.edgeY / downsample)))
  const inside = (at: number, length: number, most: number) => Math.min(Math.round(at / downsample), most - length)
  return {
    level,
    width,
    height,
    left: Int32Array.from(patches, (patch) => inside(patchRect(grid, patch).x, width, shape.width)),
    top: Int32Array.from(patches, (patch) => inside(patchRect(grid, patch).y, height, shape.height)),
  }
}

/** A rectangle of the level to decode at once, and which of the patches lie in it (indices into the windows). */
export type PatchBlock = { x: number; y: number; width: number; height: number; members: number[] }

/** px of the level; about 9 × 9 patches of 224 px, 13 MB. */
const BLOCK_EDGE = 2048

/** Decoding costs about as much for a call as for this many px (2.5 ms, at 60 Mpx/s). */
const CALL_PX = 150_000

/**
 * Groups windows into blocks, row by row of blocks. Where only a few patches of a block are asked for, it is cut into
 * quarters as long as that is cheaper.
 */
export function patchBlocks(windows: PatchWindows, tile: { width: number; height: number }): PatchBlock[] {
  const cells = new Map<number, number[]>()
  for (let i = 0; i < windows.left.length; i++) {
    const cell = Math.floor(windows.top[i]! / BLOCK_EDGE) * 65_536 + Math.floor(windows.left[i]! / BLOCK_EDGE)
    const members = cells.get(cell)
    if (members) members.push(i)
    else cells.set(cell, [i])
  }
  return [...cells].toSorted(([a], [b]) => a - b).flatMap(([, members]) => cheapest(windows, tile, members))
}

function cheapest(windows: PatchWindows, tile: { width: number; height: number }, members: number[]): PatchBlock[] {
  const whole = around(windows, members)
  const quarters = members.length > 1 ? split(windows, members, whole) : []
  if (quarters.length < 2) return [whole]
  const parts = quarters.flatMap((quarter) => cheapest(windows, tile, quarter))
  // Whole tiles are decoded, so that a block costs a tile's edge more than it shows.
  const cost = (block: PatchBlock) => CALL_PX + (block.width + tile.width) * (block.height + tile.height)
  return parts.reduce((sum, part) => sum + cost(part), 0) < cost(whole) ? parts : [whole]
}

function around({ left, top, width, height }: PatchWindows, members: number[]): PatchBlock {
  let [x, y, right, bottom] = [Infinity, Infinity, 0, 0]
  for (const i of members) {
    x = Math.min(x, left[i]!)
    y = Math.min(y, top[i]!)
    right = Math.max(right, left[i]! + width)
    bottom = Math.max(bottom, top[i]! + height)
  }
  return { x, y, width: right - x, height: bottom - y, members }
}

/** The members of each quarter of a block that has any; a single group when they all lie at one place. */
function split({ left, top, width, height }: PatchWindows, members: number[], whole: PatchBlock): number[][] {
  const middleX = whole.x + (whole.width - width) / 2
  const middleY = whole.y + (whole.height - height) / 2
  const quarters: number[][] = [[], [], [], []]
  for (const i of members) quarters[(top[i]! > middleY ? 2 : 0) + (left[i]! > middleX ? 1 : 0)]!.push(i)
  return quarters.filter((quarter) => quarter.length > 0)
}
