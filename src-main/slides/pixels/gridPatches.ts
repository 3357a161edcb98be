/** Pixels of patches of a slide: into a file for the networks, or as pictures for a person. */
import { isTesseraError } from '../../../src-shared/errors.ts'
import { type GridGeometry, patchRect } from '../../../src-shared/patches.ts'
import { ownPart, type SlideSource } from '../formats/slideSource.ts'
import { release, toPng, twoAtOnce } from './decoder.ts'
import { readLevelRegion } from './levelRegion.ts'
import type { PatchFile } from './patchFile.ts'
import { cutPatches } from './patchPixels.ts'
import { around, type PatchBlock, patchBlocks, patchWindows } from './patchWindows.ts'
import { readScaledRegion } from './scaledRegion.ts'

/**
 * Reads patches block by block, two blocks at once. A patch that meets a damaged tile is left out; the others of its block
 * are read one by one, and get the pixels they have with it.
 *
 * @param patches numbers of the grid's patches, in the order of the file
 * @throws {TesseraError} SLIDE_BROKEN, SLIDE_READ_FAILED, FILE_NOT_FOUND
 */
export async function readGridPatches(
  source: SlideSource,
  grid: GridGeometry,
  patches: Uint32Array,
  edgePx: number,
  into: PatchFile,
): Promise<void> {
  const own = ownPart(source) // networks must not see another picture when a cache was deleted
  const windows = patchWindows(own.header.levels, grid, patches, edgePx)
  const { tileWidth, tileHeight } = own.header.levels[windows.level]!
  const read = async (block: PatchBlock): Promise<void> => {
    const pixels = await readLevelRegion(own, windows.level, block).catch((error: unknown) => {
      if (isTesseraError(error, 'SLIDE_TILE_BROKEN')) return null
      throw error
    })
    if (!pixels) {
      if (block.members.length === 1) return into.leaveOut(block.members[0]!)
      for (const member of block.members) await read(around(windows, [member]))
      return
    }
    const places = block.members.toSorted((a, b) => a - b)
    const patches = await cutPatches(pixels, block, windows, places, edgePx)
    release(pixels)
    await into.put(places, patches.data)
    release(patches)
  }
  await twoAtOnce(patchBlocks(windows, { width: tileWidth, height: tileHeight }), read)
}

/**
 * One patch with its surroundings, as PNG of edge × edge px; what lies outside the slide is white.
 * @param margin how much of the surroundings to show on each side, in patch edges
 */
export async function gridPatchPicture(
  source: SlideSource,
  grid: GridGeometry,
  patch: number,
  margin: number,
  edge: number,
): Promise<Buffer> {
  const { x, y, width, height } = patchRect(grid, patch)
  const shown = {
    x: x - margin * width,
    y: y - margin * height,
    width: width * (1 + 2 * margin),
    height: height * (1 + 2 * margin),
  }
  return toPng(await readScaledRegion(source, shown, edge, edge))
}
