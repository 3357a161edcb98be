/**
 * What every slide format offers to the rest of the slides room. One file of this folder for each format; a new format
 * is one more function that returns a `SlideSource`, and one more line in openSlideFile.ts.
 */
import type { ChannelFacts, ChannelMapping } from '../../../src-shared/channels.ts'
import type { AssociatedImageName, SlideHeader } from '../../../src-shared/slides.ts'
import type { Rgb } from '../pixels/decoder.ts'

/** A rectangle in px of a level. */
export type LevelRect = { x: number; y: number; width: number; height: number }

/** One level of the pyramid, to be read in tiles for a person and in regions for everything else. */
export interface LevelReader {
  /**
   * One tile of tileWidth × tileHeight px as a complete JPEG or PNG; null where the file stores none (bare glass). What is
   * stored as JPEG goes out as it is, never decoded here. The bytes lie in a buffer of their own, because Electron clones
   * a whole buffer and not a view.
   * @throws {TesseraError} SLIDE_TILE_BROKEN
   */
  tile(column: number, row: number): Promise<Uint8Array | null>
  /**
   * Pixels as they are stored; what is not stored is white. They are the caller's own: nobody else holds them.
   * @param rect lies inside the level
   * @throws {TesseraError} SLIDE_TILE_BROKEN naming the tile, SLIDE_BROKEN, FILE_NOT_FOUND when the file is gone
   */
  region(rect: LevelRect): Promise<Rgb>
}

/** Tells how many bytes are written. */
export type PyramidReport = (done: number) => void

/** A pyramid that a file lacks, and that is made once, beside the file, before its pixels can be read. */
export interface MissingPyramid {
  /** bytes it takes on the disk */
  bytes: number
  isMade(): Promise<boolean>
  /** @throws {TesseraError} DISK_FULL, FILE_NO_PERMISSION, SLIDE_BROKEN */
  make(report: PyramidReport): Promise<void>
}

/** Channels that lie in planes of their own, and become one picture. */
interface ChannelSource {
  readonly facts: readonly ChannelFacts[]
  /** Readers of the levels with channels put together so; as many as there are facts. */
  levels(mapping: ChannelMapping): readonly LevelReader[]
}

export interface SlideSource {
  readonly file: string
  /** Other files the slide consists of, or samples of them. */
  readonly parts: readonly string[]
  readonly header: SlideHeader
  /** null = the file has all that is needed. Levels fail with SLIDE_NOT_PREPARED until it is made. */
  readonly pyramid: MissingPyramid | null
  /** None where colours come as they are. */
  readonly channels?: ChannelSource
  /** As many as the header has, the largest first. Channels are put together as the file says. */
  readonly levels: readonly LevelReader[]
  /** null = the slide has no such image. @throws {TesseraError} SLIDE_BROKEN */
  associatedImage(name: AssociatedImageName): Promise<Rgb | null>
  close(): Promise<void>
}

/** A level whose reader is made when it is first used: the lists of tiles of a slide can be megabytes on a slow drive. */
export function lazily(make: () => Promise<LevelReader>): LevelReader {
  let made: Promise<LevelReader> | null = null
  const reader = (): Promise<LevelReader> => {
    made ??= make()
    made.catch(() => (made = null)) // tried anew next time
    return made
  }
  return {
    tile: async (column, row) => (await reader()).tile(column, row),
    region: async (rect) => (await reader()).region(rect),
  }
}
