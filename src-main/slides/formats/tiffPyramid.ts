/** Which images of a TIFF are the levels of one slide, and how their tiles are read. */
import type { SlideLevel } from '../../../src-shared/slides.ts'
import {
  completeLength,
  completeTile,
  JPEG_LIMITS,
  JpegFault,
  jpegPrefix,
  readFrame,
  type TileForm,
} from './jpegTile.ts'
import { brokenSlide, brokenTile, type TilePlace } from './slideErrors.ts'
import type { TileRange } from './slideSource.ts'
import { TAG, type Tiff } from './tiffDirectory.ts'
import { COMPRESSION, PHOTOMETRIC, type TiffImage } from './tiffImage.ts'

type TiledImage = TiffImage & { tiles: NonNullable<TiffImage['tiles']> }

const isTiled = (image: TiffImage): image is TiledImage => image.tiles !== null

/** Whether the tiles of an image can go to the screen as they are stored. */
export const hasJpegTiles = (image: TiffImage): image is TiledImage =>
  isTiled(image) &&
  image.compression === COMPRESSION.jpeg &&
  image.eightBit &&
  image.interleaved &&
  ((image.samples === 3 && (image.photometric === PHOTOMETRIC.rgb || image.photometric === PHOTOMETRIC.yCbCr)) ||
    (image.samples === 1 && image.photometric === PHOTOMETRIC.blackIsZero))

/** The largest tiled image; where there is none, the largest of all. */
export function largest(images: readonly TiffImage[]): TiffImage {
  const tiled = images.filter(isTiled)
  return (tiled.length > 0 ? tiled : images).reduce((best, each) =>
    each.width * each.height > best.width * best.height ? each : best,
  )
}

/**
 * The levels that belong to `base`, the largest first: images with JPEG tiles and the same shape. Scanners round the size
 * of a level up or down, and not always by a power of two.
 */
export function pyramidOf(base: TiledImage, images: readonly TiffImage[]): TiledImage[] {
  const sameShape = (image: TiffImage) =>
    Math.abs(image.height - (base.height * image.width) / base.width) <= Math.max(1.5, 0.01 * image.height)
  const levels = images
    .filter(hasJpegTiles)
    .filter((image) => image === base || (image.width < base.width && sameShape(image)))
    .toSorted((a, b) => b.width - a.width)
  return levels.filter((image, i) => i === 0 || image.width !== levels[i - 1]!.width)
}

/**
 * How many level-0 px one px of a level stands for. Levels are cut to whole pixels, so that the quotient of the sizes is
 * slightly wrong for all but the smallest slides: where a whole number explains both sides within one px, it is meant.
 */
export function downsampleOf(
  base: { width: number; height: number },
  level: { width: number; height: number },
): number {
  const mean = (base.width / level.width + base.height / level.height) / 2
  const whole = Math.round(mean)
  const explained = (full: number, reduced: number) => Math.abs(full / whole - reduced) < 1
  return explained(base.width, level.width) && explained(base.height, level.height) ? whole : mean
}

export const slideLevel = (base: TiledImage, image: TiledImage): SlideLevel => ({
  width: image.width,
  height: image.height,
  downsample: downsampleOf(base, image),
  tileWidth: image.tiles.width,
  tileHeight: image.tiles.height,
  columns: image.tiles.columns,
  rows: image.tiles.rows,
})

interface LevelTiles {
  /** @throws {TesseraError} SLIDE_TILE_BROKEN */
  jpeg(column: number, row: number): Promise<Uint8Array | null>
  allStored(range: TileRange): Promise<boolean>
  /** The file says RGB and its JPEGs hold YCbCr: libvips and the screen would show wrong colours. */
  coloursContradict(): Promise<boolean>
}

type TileIndex = { offsets: Float64Array; byteCounts: Float64Array; prefix: Buffer }

/** @param level index of the level, for messages */
export function levelTiles(tiff: Tiff, image: TiledImage, level: number): LevelTiles {
  const { columns, rows } = image.tiles
  const form: TileForm = {
    width: image.tiles.width,
    height: image.tiles.height,
    components: image.samples === 1 ? 1 : 3,
    yCbCr: image.photometric === PHOTOMETRIC.yCbCr,
  }
  let loading: Promise<TileIndex> | null = null
  const index = (): Promise<TileIndex> => (loading ??= loadIndex())

  async function loadIndex(): Promise<TileIndex> {
    const { directory } = image
    const offsets = await tiff.numbers(directory, TAG.tileOffsets)
    const byteCounts = await tiff.numbers(directory, TAG.tileByteCounts)
    if (offsets.length < columns * rows || byteCounts.length < columns * rows)
      throw brokenSlide(
        tiff.file,
        `level ${level} has ${columns * rows} tiles, but places for only ${Math.min(offsets.length, byteCounts.length)}`,
      )
    const tables = await tiff.raw(directory, TAG.jpegTables, JPEG_LIMITS.tableBytes)
    try {
      return { offsets, byteCounts, prefix: jpegPrefix(tables, form) }
    } catch (error) {
      throw error instanceof JpegFault ? brokenSlide(tiff.file, error.message, error) : error
    }
  }

  /** The stored bytes behind the prefix, not looked at yet; null = none. */
  const stored = async ({ offsets, byteCounts, prefix }: TileIndex, place: TilePlace): Promise<Buffer | null> => {
    const at = place.row * columns + place.column
    const bytes = byteCounts[at]!
    if (bytes === 0) return null
    if (bytes < 4 || bytes > JPEG_LIMITS.tileBytes)
      throw brokenTile(tiff.file, place, `it claims to have ${bytes} bytes`)
    if (offsets[at]! + bytes > tiff.bytes)
      throw brokenTile(tiff.file, place, `it lies behind the end of the file (byte ${offsets[at]} of ${tiff.bytes})`)
    // A buffer of its own: Electron clones whole buffers, not views.
    return tiff.read(offsets[at]!, bytes, Buffer.allocUnsafeSlow(completeLength(prefix, bytes)), prefix.length - 2)
  }

  return {
    async jpeg(column, row) {
      const place = { level, column, row }
      if (column >= columns || row >= rows)
        throw brokenTile(tiff.file, place, `the level has only ${columns} × ${rows} tiles`)
      const known = await index()
      const jpeg = await stored(known, place)
      try {
        if (jpeg) completeTile(jpeg, known.prefix, form)
      } catch (error) {
        throw error instanceof JpegFault ? brokenTile(tiff.file, place, error.message, error) : error
      }
      return jpeg
    },
    async allStored({ left, top, right, bottom }) {
      const { byteCounts } = await index()
      for (let row = top; row < bottom; row++)
        for (let column = left; column < right; column++) if (byteCounts[row * columns + column] === 0) return false
      return true
    },
    async coloursContradict() {
      if (form.components === 1 || form.yCbCr) return false
      const known = await index()
      const first = known.byteCounts.findIndex((bytes) => bytes > 0)
      if (first === -1) return false
      const place = { level, column: first % columns, row: Math.floor(first / columns) }
      try {
        const jpeg = await stored(known, place)
        return jpeg !== null && readFrame(jpeg, known.prefix.length).subsampled
      } catch {
        return false // this tile is broken, which is told when it is asked for
      }
    },
  }
}
