/**
 * What every slide format offers to the rest of the slides room. One file of this folder for each format; a new format
 * is one more function that returns a `SlideSource`, and one more line in openSlideFile.ts.
 */
import type { AssociatedImageName, SlideHeader } from '../../../src-shared/slides.ts'

/** Where libvips finds an image inside a file. */
export type VipsPage = {
  /** place in the main chain of directories, from 0 */
  page: number
  /** place among the SubIFDs of that directory; null = the directory itself */
  subifd: number | null
}

/** Tiles of one level from (left, top) up to and without (right, bottom), counted in tiles. */
export type TileRange = { left: number; top: number; right: number; bottom: number }

export interface SlideSource {
  readonly file: string
  readonly header: SlideHeader
  /**
   * One tile as a complete JPEG of tileWidth × tileHeight px; null where the file stores none (bare glass).
   * The bytes lie in a buffer of their own, because Electron clones a whole buffer and not a view.
   * @throws {TesseraError} SLIDE_TILE_BROKEN
   */
  tile(level: number, column: number, row: number): Promise<Uint8Array | null>
  /**
   * How libvips reads these tiles in one go; null when it can not, and each has to be decoded by itself: libvips fails on
   * a tile that is not stored.
   */
  pageFor(level: number, tiles: TileRange): Promise<VipsPage | null>
  /** null = the slide has no such image */
  associatedImage(name: AssociatedImageName): VipsPage | null
  close(): Promise<void>
}
