/**
 * DICOM whole-slide images: a series of files in one folder, one for each level (or several, in a concatenation), and
 * for label, macro and thumbnail. Any file of the series opens the slide.
 */
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { isTesseraError, messageOf } from '../../../src-shared/errors.ts'
import type { AssociatedImageName, FileMpp, SlideLevel } from '../../../src-shared/slides.ts'
import { jpegToRgb, type Rgb } from '../pixels/decoder.ts'
import { decodedLevel } from './decodedLevel.ts'
import { DicomFault, type DicomImage, readDicom } from './dicomFile.ts'
import { relatives } from './dicomFolder.ts'
import { decodeJpeg2000, Jpeg2000Fault, THREADS } from './jpeg2000.ts'
import { completeLength, completeTile, JpegFault, jpegPrefix, provesYCbCr, type TileForm } from './jpegTile.ts'
import { brokenSlide, brokenTile, formatNotRead } from './slideErrors.ts'
import { believedMpp } from './statedMpp.ts'
import type { LevelReader, SlideSource } from './slideSource.ts'
import { isTooEmpty } from './tiledRegion.ts'
import { downsampleOf } from './tiffPyramid.ts'

const names: Readonly<Record<string, AssociatedImageName>> = {
  LABEL: 'label',
  OVERVIEW: 'macro',
  THUMBNAIL: 'thumbnail',
}

/** px of the largest label or macro image that is believed. */
const ASSOCIATED_PX = 64e6

/** One image of the series, in one file or in several. */
type Whole = DicomImage & {
  /** Which file, and which frame of it, holds a tile; null = none is stored */
  find(column: number, row: number): { image: DicomImage; frame: number } | null
}

/** @throws {TesseraError} SLIDE_BROKEN, SLIDE_FORMAT_NOT_READ */
export async function dicomSlide(file: string, handle: FileHandle, bytes: number): Promise<SlideSource> {
  const chosen = await readDicom(file, handle, bytes)
  const handles = [handle]
  const closeAll = async (): Promise<void> => {
    await Promise.all(handles.map((each) => each.close()))
  }
  try {
    const images = [chosen, ...(await relatives(chosen, handles))]
    const wholes = together(images)
    const volumes = wholes.filter(({ flavour }) => !(flavour in names)).toSorted((a, b) => b.width - a.width)
    const base = volumes[0]
    if (!base)
      throw formatNotRead(
        file,
        `a DICOM ${chosen.flavour.toLowerCase()} image without its slide in the same folder`,
        'It belongs to a slide; by itself it',
      )
    const levels = volumes.filter((each, i) => sameShape(base, each) && each.width !== volumes[i - 1]?.width)
    const associated = new Map<AssociatedImageName, Whole>()
    for (const each of wholes) {
      const name = names[each.flavour]
      if (name && !associated.has(name) && each.width * each.height <= ASSOCIATED_PX) associated.set(name, each)
    }
    const shapes = levels.map((each) => shapeOf(base, each))
    const readers = await Promise.all(levels.map((each, level) => levelOf(file, each, shapes[level]!, level)))
    return {
      file,
      parts: images
        .slice(1)
        .map((each) => each.file)
        .toSorted(),
      pyramid: null,
      header: {
        format: 'DICOM',
        vendor: base.vendor,
        width: base.width,
        height: base.height,
        levels: shapes,
        ...believedMpp(statedMpp(base)),
        objectivePower: base.objectivePower,
        bounds: null,
        warnings: [],
        associatedImages: [...associated].map(([name, { width, height }]) => ({ name, width, height })),
        properties: propertiesOf(base, images.length),
      },
      levels: readers,
      async associatedImage(name) {
        const found = associated.get(name)
        if (!found) return null
        const shape = shapeOf(found, found)
        const reader = await levelOf(file, found, shape, 0)
        return reader.region({ x: 0, y: 0, width: found.width, height: found.height }).catch((error: unknown) => {
          throw brokenSlide(file, `its ${name} image could not be decoded (${messageOf(error)})`, error)
        })
      },
      close: closeAll,
    }
  } catch (error) {
    await Promise.all(handles.slice(1).map((each) => each.close())) // the first is its opener's
    throw error
  }
}

const sameShape = (base: DicomImage, { width, height }: DicomImage): boolean =>
  Math.abs(height - (base.height * width) / base.width) <= Math.max(1.5, 0.01 * height)

/** Images by kind and size: files of one kind and size that begin at different frames are parts of one image. */
function together(images: readonly DicomImage[]): Whole[] {
  const groups = Map.groupBy(images, ({ flavour, width, height }) => `${flavour} ${width} ${height}`)
  return [...groups.values()].map((group) => wholeOf(group.toSorted((a, b) => a.firstFrame - b.firstFrame)))
}

function wholeOf(group: DicomImage[]): Whole {
  const [first] = group as [DicomImage]
  const columns = Math.ceil(first.width / first.tileWidth)
  const rows = Math.ceil(first.height / first.tileHeight)
  // two files that begin at the same frame are two copies: the first is taken
  const parts = group.filter((each, i) => each.firstFrame !== group[i - 1]?.firstFrame)
  const odd = parts.find(
    (each) =>
      each.tileWidth !== first.tileWidth || each.tileHeight !== first.tileHeight || each.coding !== first.coding,
  )
  if (odd)
    throw brokenSlide(
      odd.file,
      `its tiles are of another form than those of “${path.basename(first.file)}”, of which it is a part`,
    )
  const stored = parts.reduce((sum, { frames }) => sum + frames, 0)
  if (isTooEmpty({ columns, rows }, stored))
    throw brokenSlide(first.file, `it claims to have ${columns} × ${rows} tiles, but holds ${stored} frames`)
  if (first.positions) {
    const places = new Map<number, { image: DicomImage; frame: number }>()
    for (const image of parts)
      for (let frame = 0; frame < image.frames; frame++) {
        const [left, top] = [image.positions?.left[frame] ?? NaN, image.positions?.top[frame] ?? NaN]
        const [column, row] = [left / first.tileWidth, top / first.tileHeight]
        if (
          !(
            Number.isInteger(column) &&
            Number.isInteger(row) &&
            column >= 0 &&
            row >= 0 &&
            column < columns &&
            row < rows
          )
        )
          throw formatNotRead(
            image.file,
            `a DICOM slide with a tile at (${left}, ${top}), beside the grid of its tiles`,
            'Tiles that overlap',
          )
        const place = row * columns + column
        // of several depths or stains the first is shown
        if (!places.has(place)) places.set(place, { image, frame })
      }
    return { ...first, find: (column, row) => places.get(row * columns + column) ?? null }
  }
  return {
    ...first,
    find(column, row) {
      const frame = row * columns + column
      const image = parts.findLast((each) => each.firstFrame <= frame)
      return image && frame - image.firstFrame < image.frames ? { image, frame: frame - image.firstFrame } : null
    },
  }
}

function shapeOf(base: DicomImage, { width, height, tileWidth, tileHeight }: DicomImage): SlideLevel {
  return {
    width,
    height,
    downsample: downsampleOf(base, { width, height }),
    tileWidth,
    tileHeight,
    columns: Math.ceil(width / tileWidth),
    rows: Math.ceil(height / tileHeight),
  }
}

const MM = 1000

/** The distance of px, and the size of the whole image divided by its px. */
const statedMpp = ({ spacing, imagedWidth, imagedHeight, width, height }: DicomImage): (FileMpp | null)[] => [
  // PixelSpacing gives the distance of rows first, which is along y
  spacing && { x: spacing[1] * MM, y: spacing[0] * MM, tag: 'DICOM PixelSpacing' },
  imagedWidth !== null && imagedHeight !== null
    ? {
        x: (imagedWidth * MM) / width,
        y: (imagedHeight * MM) / height,
        tag: 'DICOM ImagedVolumeWidth and ImagedVolumeHeight',
      }
    : null,
]

const propertiesOf = (base: DicomImage, files: number): { name: string; value: string }[] =>
  [
    ['dicom.SeriesInstanceUID', base.series],
    ['dicom.PhotometricInterpretation', base.photometric],
    ['dicom.DimensionOrganizationType', base.positions ? 'TILED_SPARSE' : 'TILED_FULL'],
    ['dicom.Manufacturer', base.vendor],
    ['dicom.ManufacturerModelName', base.model],
    ['dicom.ICCProfile', base.hasProfile ? 'present, not applied' : null],
    ['dicom.files', String(files)],
  ].flatMap(([name, value]) => (value ? [{ name: name!, value }] : []))

/** @throws {TesseraError} SLIDE_FORMAT_NOT_READ */
async function levelOf(file: string, whole: Whole, shape: SlideLevel, level: number): Promise<LevelReader> {
  const stored = async (column: number, row: number): Promise<Buffer | null> => {
    const place = { level, column, row }
    if (column >= shape.columns || row >= shape.rows)
      throw brokenTile(file, place, `the level has only ${shape.columns} × ${shape.rows} tiles`)
    const found = whole.find(column, row)
    if (!found) return null
    try {
      return await found.image.frame(found.frame)
    } catch (error) {
      if (isTesseraError(error)) throw error
      throw brokenTile(file, place, messageOf(error), error)
    }
  }
  const size = { width: shape.tileWidth, height: shape.tileHeight }
  if (whole.coding === 'jpeg') return jpegFrames(file, whole, shape, level, stored)
  const unpack: (bytes: Buffer) => Promise<Rgb> | Rgb =
    whole.coding === 'jpeg2000'
      ? (bytes) => decodeJpeg2000(bytes, { ...size, yCbCr: whole.photometric.startsWith('YBR_FULL') })
      : (bytes) => ({ ...size, data: rawFrame(bytes, whole) })
  if (whole.coding === 'raw' && !/^(RGB|MONOCHROME2)$/.test(whole.photometric))
    throw formatNotRead(file, `an uncompressed DICOM slide in the colours ${whole.photometric}`, 'These colours')
  return decodedLevel(
    shape,
    async (column, row) => {
      const bytes = await stored(column, row)
      try {
        return bytes && (await unpack(bytes))
      } catch (error) {
        if (!(error instanceof Jpeg2000Fault || error instanceof DicomFault)) throw error
        throw brokenTile(file, { level, column, row }, error.message, error)
      }
    },
    whole.coding === 'jpeg2000' ? THREADS : 1,
  )
}

/** RGB of an uncompressed frame. */
function rawFrame(bytes: Buffer, { samples, planar }: DicomImage): Buffer {
  if (samples === 3 && !planar) return bytes
  const count = bytes.length / samples
  const data = Buffer.allocUnsafe(count * 3)
  for (let px = 0, at = 0; px < count; px++)
    for (let channel = 0; channel < 3; channel++) data[at++] = bytes[samples === 1 ? px : channel * count + px]!
  return data
}

/** JPEG frames go to the screen as they are stored, like the tiles of a TIFF. */
async function jpegFrames(
  file: string,
  whole: Whole,
  shape: SlideLevel,
  level: number,
  stored: (column: number, row: number) => Promise<Buffer | null>,
): Promise<LevelReader> {
  const isRgb = whole.photometric === 'RGB'
  const form: TileForm = {
    width: shape.tileWidth,
    height: shape.tileHeight,
    components: whole.samples,
    yCbCr: !isRgb || (await holdsYCbCr(whole, shape)),
  }
  const prefix = jpegPrefix(null, form)
  const jpeg = async (column: number, row: number): Promise<Buffer | null> => {
    const bytes = await stored(column, row)
    if (!bytes) return null
    const whole = Buffer.allocUnsafeSlow(completeLength(prefix, bytes.length))
    bytes.copy(whole, prefix.length - 2)
    try {
      completeTile(whole, prefix, form)
    } catch (error) {
      throw error instanceof JpegFault ? brokenTile(file, { level, column, row }, error.message, error) : error
    }
    return whole
  }
  const decoded = decodedLevel(
    shape,
    async (column, row) => {
      const bytes = await jpeg(column, row)
      try {
        return bytes && (await jpegToRgb(bytes))
      } catch (error) {
        throw brokenTile(file, { level, column, row }, messageOf(error), error)
      }
    },
    2,
  )
  return { tile: jpeg, region: (rect) => decoded.region(rect) }
}

/** As in jpegLevel.ts: what the first frame itself proves. */
async function holdsYCbCr(whole: Whole, shape: SlideLevel): Promise<boolean> {
  for (let place = 0; place < shape.columns * shape.rows; place++) {
    const found = whole.find(place % shape.columns, Math.floor(place / shape.columns))
    if (!found) continue
    try {
      return provesYCbCr(await found.image.frame(found.frame))
    } catch {
      return false // this frame is broken, which is told when it is asked for
    }
  }
  return false
}
