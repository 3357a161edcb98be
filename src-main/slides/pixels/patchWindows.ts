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
  /** the grid the patches are of, px of the level, not rounded */
  grid: { offsetX: number; offsetY: number; strideX: number; strideY: number }
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
    grid: {
      offsetX: grid.offsetX / downsample,
      offsetY: grid.offsetY / downsample,
      strideX: grid.strideX / downsample,
      strideY: grid.strideY / downsample,
    },
  }
}

/** A rectangle of the level to decode at once, and which of the patches lie in it (indices into the windows). */
export type PatchBlock = { x: number; y: number; width: number; height: number; members: number[] }

/** px of the level that a block may be long, where one patch is not longer: 17 MB, and a small slide is more than one. */
const LONGEST_BLOCK = 2400

/** Blocks of a row that are looked at to see how many tiles they meet. */
const BLOCKS_TRIED = 16

/** Decoding costs about as much for a call as for this many px (2.5 ms, at 60 Mpx/s). */
const CALL_PX = 150_000

/**
 * How many patches of a row one block shall hold: as many as make the fewest px to decode for each px of patches. Tiles are
 * decoded whole, so blocks that end where tiles end are best: 8 patches of 224 px are 7 tiles of 256 px.
 */
export function patchesAcross(offset: number, stride: number, width: number, tile: number): number {
  let [best, least] = [1, Infinity]
  for (let across = 1; across === 1 || (across - 1) * stride + width <= LONGEST_BLOCK; across++) {
    let tiles = 0
    for (let block = 0; block < BLOCKS_TRIED; block++) {
      const from = offset + block * across * stride
      tiles += Math.ceil((from + (across - 1) * stride + width) / tile) - Math.floor(from / tile)
    }
    const decoded = (tiles / BLOCKS_TRIED) * tile
    const cost = (decoded ** 2 + CALL_PX) / (across * stride) ** 2
    if (cost < least) [best, least] = [across, cost]
  }
  return best
}

/**
 * Groups windows into blocks, row by row of blocks. Where only a few patches of a block are asked for, it is cut into
 * quarters as long as that is cheaper.
 */
export function patchBlocks(windows: PatchWindows, tile: { width: number; height: number }): PatchBlock[] {
  const { offsetX, offsetY, strideX, strideY } = windows.grid
  const blockX = strideX * patchesAcross(offsetX, strideX, windows.width, tile.width)
  const blockY = strideY * patchesAcross(offsetY, strideY, windows.height, tile.height)
  const cells = new Map<number, number[]>()
  for (let i = 0; i < windows.left.length; i++) {
    // by the middle of a patch's cell of the grid, which rounding can not move into the next block
    const column = Math.floor((windows.left[i]! - offsetX + strideX / 2) / blockX)
    const row = Math.floor((windows.top[i]! - offsetY + strideY / 2) / blockY)
    const cell = row * 4_194_304 + column
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

/** The block of some windows. */
export function around({ left, top, width, height }: PatchWindows, members: number[]): PatchBlock {
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
