/** Generic tiled TIFF and BigTIFF, of one level or many; Aperio SVS builds on it. */
import type { FileHandle } from 'node:fs/promises'
import { messageOf } from '../../../src-shared/errors.ts'
import type { AssociatedImageName, FileMpp, SlideHeader, SlideLevel } from '../../../src-shared/slides.ts'
import { fingerprintOf } from '../fingerprint.ts'
import { type Rgb, toRgb } from '../pixels/decoder.ts'
import { hasJpeg2000Tiles, jpeg2000Level } from './jpeg2000Level.ts'
import { coloursLie, hasJpegTiles, jpegLevel } from './jpegLevel.ts'
import { isSmall, pictureSlide } from './picture.ts'
import { cachedPyramid, pyramidShapes } from './pyramidCache.ts'
import { brokenSlide, formatNotRead } from './slideErrors.ts'
import { lazily, type LevelReader, type SlideSource } from './slideSource.ts'
import { believedMpp } from './statedMpp.ts'
import { storedTiles } from './storedTiles.ts'
import { TAG, type Tiff, type TiffDirectory } from './tiffDirectory.ts'
import { COMPRESSION, compressionName, isJpeg2000, PHOTOMETRIC, type TiffImage } from './tiffImage.ts'
import { isTiled, largest, pyramidOf, slideLevel, type TiledImage } from './tiffPyramid.ts'
import { isUnpackable, unpackedLevel } from './unpackedLevel.ts'
import { openPage, vipsLevel, type VipsPage } from './vipsImage.ts'

export type SlideFacts = Pick<
  SlideHeader,
  'format' | 'vendor' | 'fileMpp' | 'otherMpp' | 'objectivePower' | 'bounds' | 'warnings' | 'properties'
> & {
  associated: readonly { name: AssociatedImageName; image: TiffImage }[]
}

/** A property is shown to a person; what is longer than this is data, not a property. */
const PROPERTY_LENGTH = 4000

/**
 * @param facts what the vendor's own rules say of the file
 * @throws {TesseraError} SLIDE_FORMAT_NOT_READ naming what the file is instead; SLIDE_BROKEN
 */
export async function tiffSlide(
  tiff: Tiff,
  handle: FileHandle,
  images: readonly TiffImage[],
  facts: SlideFacts,
): Promise<SlideSource> {
  const base = largest(images)
  if (!isReadable(base)) throw formatNotRead(tiff.file, whatElse(base))
  if (!isTiled(base)) return stripPicture(tiff, handle, base, facts)
  const pyramid = pyramidOf(base, images).filter(isReadable)
  const stored = pyramid.map((image) => slideLevel(base, image))
  const makeLevel = (level: number) => levelOf(tiff, pyramid[level]!, stored[level]!, level)
  const first = await makeLevel(0)
  const made = stored.length === 1 && !isSmall(base) ? await smallerLevels(tiff, base, stored[0]!) : null
  const { associated, ...shown } = facts
  return {
    file: tiff.file,
    parts: [],
    pyramid: made?.pyramid ?? null,
    header: {
      ...shown,
      width: base.width,
      height: base.height,
      levels: [...stored, ...(made?.shapes ?? [])],
      associatedImages: associated.map(({ name, image }) => ({ name, width: image.width, height: image.height })),
      properties: facts.properties.map(({ name, value }) => ({ name, value: value.slice(0, PROPERTY_LENGTH) })),
    },
    levels: [
      ...stored.map((_, level) => (level === 0 ? first : lazily(() => makeLevel(level)))),
      ...(made?.levels ?? []),
    ],
    associatedImage: (name) => readAssociated(tiff.file, associated, name),
    async close() {
      await made?.close()
      await handle.close()
    },
  }
}

/**
 * The smaller levels of a large image that has none: to show all of it, every tile would have to be decoded. They are
 * made once, in the cache folder, by libvips; null where it would not see the image as we do.
 */
async function smallerLevels(tiff: Tiff, base: TiledImage, grid: SlideLevel) {
  const image: TiffImage = base
  const isSeenAlike = hasJpegTiles(image)
    ? !(await coloursLie(tiff, base, grid))
    : isForVips(image) || (isUnpackable(image) && image.compression === COMPRESSION.none)
  if (!isSeenAlike) return null
  const tiles = await storedTiles(tiff, base, grid, 0)
  if (!tiles.allSound({ left: 0, top: 0, right: grid.columns, bottom: grid.rows })) return null
  const shapes = pyramidShapes(base.width, base.height).slice(1)
  return { shapes, ...cachedPyramid(tiff.file, pageOf(base), shapes, await fingerprintOf(tiff.file)) }
}

/** null = there is none of this name. @throws {TesseraError} SLIDE_BROKEN */
export async function readAssociated(
  file: string,
  associated: SlideFacts['associated'],
  name: AssociatedImageName,
): Promise<Rgb | null> {
  const found = associated.find((each) => each.name === name)
  if (!found) return null
  try {
    return await toRgb(openPage(file, pageOf(found.image)))
  } catch (error) {
    throw brokenSlide(file, `its ${name} image could not be decoded (${messageOf(error)})`, error)
  }
}

/** An image in strips, which is read as a whole. */
async function stripPicture(tiff: Tiff, handle: FileHandle, image: TiffImage, facts: SlideFacts): Promise<SlideSource> {
  const { file } = tiff
  const { width, height, compression } = image
  const { associated: _associated, ...shown } = facts
  const picture = { file, handle, width, height, facts: shown }
  if (compression !== COMPRESSION.zstd)
    return pictureSlide({ ...picture, place: pageOf(image), read: () => toRgb(openPage(file, pageOf(image))) })
  if (!isSmall(image))
    throw formatNotRead(file, 'a large zstd-compressed TIFF in strips', 'zstd in strips of more than 4,000 px')
  const rows = Math.min(height, await tiff.number(image.directory, TAG.rowsPerStrip, height))
  const strips = { width, height, tileWidth: width, tileHeight: rows, columns: 1, rows: Math.ceil(height / rows) }
  const level = await unpackedLevel(tiff, image, strips, 0)
  return pictureSlide({ ...picture, place: null, read: () => level.region({ x: 0, y: 0, width, height }) })
}

const isReadable = (image: TiffImage): boolean =>
  hasJpegTiles(image) || hasJpeg2000Tiles(image) || isUnpackable(image) || isForVips(image)

/** Each level by the way its own tiles need: a level made by another program may be packed otherwise than the rest. */
async function levelOf(
  tiff: Tiff,
  image: TiledImage,
  shape: SlideHeader['levels'][number],
  level: number,
): Promise<LevelReader> {
  if (hasJpegTiles(image)) return jpegLevel(tiff, image, shape, level)
  if (hasJpeg2000Tiles(image)) return jpeg2000Level(tiff, image, shape, level)
  if (isUnpackable(image)) return unpackedLevel(tiff, image, shape, level)
  return vipsLevel(tiff.file, pageOf(image), shape, level)
}

/** none, LZW, JPEG (in planes or with other colours), deflate, PackBits, the older number of deflate, LZMA, WebP */
const vipsCompressions = new Set([1, 5, 7, 8, 32_773, 32_946, 34_925, 50_001])
const vipsColours = new Set<number>(Object.values(PHOTOMETRIC))

/** Whether libvips shows these tiles as they are meant: 8 bits of anything, 16 bits of RGB. */
function isForVips({ compression, photometric, samples, bits, unsigned }: TiffImage): boolean {
  if (!unsigned || !vipsCompressions.has(compression) || !vipsColours.has(photometric)) return false
  return (
    samples >= 1 && samples <= 4 && (bits === 8 || (bits === 16 && photometric === PHOTOMETRIC.rgb && samples >= 3))
  )
}

const pageOf = ({ directory }: TiffImage): VipsPage => ({ page: directory.index, subifd: directory.subIndex })

/** What a file is whose largest image can not be shown as it is. */
function whatElse(image: TiffImage): string {
  if (isJpeg2000(image.compression))
    return `a TIFF with JPEG 2000 in ${image.samples} channels of ${image.bits} bits${image.tiles ? '' : ', in strips'}`
  if (!isForVips({ ...image, photometric: PHOTOMETRIC.rgb, samples: 3, bits: 8, unsigned: true }))
    return compressionName(image.compression)
  return `a TIFF with ${image.samples} channels of ${image.bits} bits and colour model ${image.photometric}`
}

/** Facts of a TIFF that no vendor's rules apply to. */
export async function genericFacts(tiff: Tiff, images: readonly TiffImage[]): Promise<SlideFacts> {
  const { directory } = largest(images)
  const maker = await tiff.text(directory, TAG.make)
  return {
    format: tiff.directories.some((each) => each.subIndex !== null) ? 'TIFF with SubIFDs' : 'TIFF',
    vendor: maker?.trim() || null,
    ...believedMpp([await resolutionMpp(tiff, directory)]),
    objectivePower: null,
    bounds: null,
    warnings: [],
    associated: [],
    properties: await tiffProperties(tiff, directory),
  }
}

/** µm in the unit of ResolutionUnit: 2 = inch, 3 = centimetre; 1 = no unit. */
const unitMicrons: Readonly<Record<number, number>> = { 2: 25_400, 3: 10_000 }

/** µm/px from the resolution tags, plausible or not; null when they say nothing. */
export async function resolutionMpp(tiff: Tiff, directory: TiffDirectory): Promise<FileMpp | null> {
  const microns = unitMicrons[await tiff.number(directory, TAG.resolutionUnit, 2)]
  if (microns === undefined) return null
  const x = microns / (await tiff.number(directory, TAG.xResolution, 0))
  const y = microns / (await tiff.number(directory, TAG.yResolution, 0))
  return Number.isFinite(x) && Number.isFinite(y) && x > 0 && y > 0
    ? { x, y, tag: 'TIFF XResolution and YResolution' }
    : null
}

const textTags = [
  ['tiff.ImageDescription', TAG.imageDescription],
  ['tiff.Make', TAG.make],
  ['tiff.Model', TAG.model],
  ['tiff.Software', TAG.software],
  ['tiff.DateTime', TAG.dateTime],
] as const

const numberTags = [
  ['tiff.XResolution', TAG.xResolution],
  ['tiff.YResolution', TAG.yResolution],
  ['tiff.ResolutionUnit', TAG.resolutionUnit],
] as const

export async function tiffProperties(tiff: Tiff, directory: TiffDirectory): Promise<SlideFacts['properties']> {
  const properties: SlideFacts['properties'] = []
  for (const [name, tag] of textTags) {
    const value = await tiff.text(directory, tag)
    if (value) properties.push({ name, value })
  }
  for (const [name, tag] of numberTags)
    if (directory.entries.has(tag)) properties.push({ name, value: String(await tiff.number(directory, tag, NaN)) })
  if (directory.entries.has(TAG.iccProfile)) properties.push({ name: 'tiff.ICCProfile', value: 'present, not applied' })
  return properties
}
