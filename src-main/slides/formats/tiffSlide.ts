/** Generic tiled TIFF and BigTIFF with JPEG tiles, of one level or many; Aperio SVS builds on it. */
import type { FileHandle } from 'node:fs/promises'
import type { AssociatedImageName, FileMpp, SlideHeader } from '../../../src-shared/slides.ts'
import { formatNotRead } from './slideErrors.ts'
import type { SlideSource, VipsPage } from './slideSource.ts'
import { TAG, type Tiff, type TiffDirectory } from './tiffDirectory.ts'
import { COMPRESSION, compressionName, isJpeg2000, type TiffImage } from './tiffImage.ts'
import { hasJpegTiles, largest, levelTiles, pyramidOf, slideLevel } from './tiffPyramid.ts'

export type SlideFacts = Pick<SlideHeader, 'format' | 'vendor' | 'fileMpp' | 'objectivePower' | 'properties'> & {
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
  if (isJpeg2000(base.compression)) throw formatNotRead(tiff.file, 'a TIFF with JPEG 2000 tiles', 'JPEG 2000')
  if (!hasJpegTiles(base)) throw formatNotRead(tiff.file, whatElse(base))
  const levels = pyramidOf(base, images)
  const tiles = levels.map((image, level) => levelTiles(tiff, image, level))
  if (await tiles[0]!.coloursContradict())
    throw formatNotRead(tiff.file, 'a TIFF whose tiles hold YCbCr colours while its directory says RGB')

  const pages: VipsPage[] = levels.map(pageOf)
  const { associated, ...shown } = facts
  return {
    file: tiff.file,
    header: {
      ...shown,
      width: base.width,
      height: base.height,
      levels: levels.map((image) => slideLevel(base, image)),
      associatedImages: associated.map(({ name, image }) => ({ name, width: image.width, height: image.height })),
      properties: facts.properties.map(({ name, value }) => ({ name, value: value.slice(0, PROPERTY_LENGTH) })),
    },
    tile: (level, column, row) => tiles[level]!.jpeg(column, row),
    pageFor: async (level, range) => ((await tiles[level]!.allStored(range)) ? pages[level]! : null),
    associatedImage(name) {
      const found = associated.find((each) => each.name === name)
      return found ? pageOf(found.image) : null
    },
    close: () => handle.close(),
  }
}

const pageOf = ({ directory }: TiffImage): VipsPage => ({ page: directory.index, subifd: directory.subIndex })

/** What a file is whose largest image can not be shown as it is. */
function whatElse(image: TiffImage): string {
  if (isJpeg2000(image.compression)) return 'a TIFF with JPEG 2000 tiles (JPEG 2000 is not read yet)'
  if (!image.tiles)
    return `${compressionName(image.compression)} in strips instead of tiles`.replace(
      'TIFF with compression 7',
      'TIFF with JPEG',
    )
  if (image.compression !== COMPRESSION.jpeg) return compressionName(image.compression)
  if (!image.eightBit) return 'a TIFF with other than 8 bits per channel'
  if (!image.interleaved) return 'a TIFF with its channels in separate planes'
  return `a TIFF with ${image.samples} channels and colour model ${image.photometric}`
}

/** Facts of a TIFF that no vendor's rules apply to. */
export async function genericFacts(tiff: Tiff, images: readonly TiffImage[]): Promise<SlideFacts> {
  const { directory } = largest(images)
  const maker = await tiff.text(directory, TAG.make)
  return {
    format: tiff.directories.some((each) => each.subIndex !== null) ? 'TIFF with SubIFDs' : 'TIFF',
    vendor: maker?.trim() || null,
    fileMpp: await resolutionMpp(tiff, directory),
    objectivePower: null,
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
