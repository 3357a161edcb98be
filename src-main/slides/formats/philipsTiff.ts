/**
 * Philips TIFF: a pyramid of JPEG tiles whose first ImageDescription is XML. Three things set it apart from plain TIFF:
 * each level is padded to whole tiles, so that its true size follows from level 0 and the px spacing the XML gives for it;
 * a tile of bare glass has no bytes; and label and macro image may stand in the XML, as JPEG in base64.
 * Source: OpenSlide's description of the format (https://openslide.org/formats/philips/).
 */
import type { Element } from '@xmldom/xmldom'
import type { FileHandle } from 'node:fs/promises'
import { messageOf } from '../../../src-shared/errors.ts'
import type { AssociatedImageName, FileMpp } from '../../../src-shared/slides.ts'
import { decode, openPicture, toRgb } from '../pixels/decoder.ts'
import { brokenSlide } from './slideErrors.ts'
import type { SlideSource } from './slideSource.ts'
import { believedMpp } from './statedMpp.ts'
import { TAG, type Tiff } from './tiffDirectory.ts'
import type { TiffImage } from './tiffImage.ts'
import { isTiled, type TiledImage } from './tiffPyramid.ts'
import { type SlideFacts, tiffProperties, tiffSlide } from './tiffSlide.ts'
import { children, xmlRoot } from './xmlInside.ts'

const names: Readonly<Record<string, AssociatedImageName>> = { LABELIMAGE: 'label', MACROIMAGE: 'macro' }

/** px of the largest label or macro image that is believed. */
const ASSOCIATED_PX = 64e6

type Picture = { name: AssociatedImageName; width: number; height: number; jpeg: Buffer }

/** @throws {TesseraError} SLIDE_BROKEN when the XML does not describe the pyramid; what tiffSlide says */
export async function philipsSlide(
  tiff: Tiff,
  handle: FileHandle,
  images: readonly TiffImage[],
  description: string,
): Promise<SlideSource> {
  const { file } = tiff
  const root = xmlRoot(file, 'Philips XML', description)
  const scans = objectsOf(root, 'PIM_DP_SCANNED_IMAGES')
  const wsi = scans.find((scan) => textOf(scan, 'PIM_DP_IMAGE_TYPE') === 'WSI')
  if (!wsi) throw brokenSlide(file, 'its Philips XML describes no slide (WSI)')
  const spacings = objectsOf(wsi, 'PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE').map((each) => spacingOf(file, each))
  const [kinds, levels] = await sorted(tiff, images)
  const own = await tiffProperties(tiff, images[0]!.directory)
  const others = own.filter(({ name }) => name !== 'tiff.ImageDescription') // the XML itself, with its pictures
  const facts: SlideFacts = {
    format: 'Philips TIFF',
    vendor: 'Philips',
    ...believedMpp([mppOf(spacingOf(file, wsi)), mppOf(spacings[0] ?? null)]),
    objectivePower: null,
    bounds: null,
    warnings: [],
    associated: [...kinds].map(([name, image]) => ({ name, image })),
    properties: [...attributesOf(root), ...attributesOf(wsi), ...others],
  }
  const source = await tiffSlide(tiff, handle, trimmed(file, levels, spacings), facts)
  const pictures = (await picturesIn(file, scans)).filter(({ name }) => !kinds.has(name))
  return {
    ...source,
    header: {
      ...source.header,
      associatedImages: [
        ...source.header.associatedImages,
        ...pictures.map(({ name, width, height }) => ({ name, width, height })),
      ],
    },
    async associatedImage(wanted) {
      const found = pictures.find(({ name }) => name === wanted)
      if (!found) return source.associatedImage(wanted)
      try {
        return await toRgb(openPicture(found.jpeg))
      } catch (error) {
        throw brokenSlide(file, `its ${wanted} image could not be decoded (${messageOf(error)})`, error)
      }
    },
  }
}

/** Label and macro images that have a directory of their own, named in its description; and the levels, largest first. */
async function sorted(
  tiff: Tiff,
  images: readonly TiffImage[],
): Promise<[Map<AssociatedImageName, TiffImage>, TiledImage[]]> {
  const kinds = new Map<AssociatedImageName, TiffImage>()
  const levels: TiledImage[] = []
  for (const image of images) {
    const about = (await tiff.text(image.directory, TAG.imageDescription)) ?? ''
    const kind = /^(Label|Macro)/.exec(about)?.[1]?.toLowerCase() as AssociatedImageName | undefined
    if (kind) kinds.set(kind, image)
    else if (isTiled(image)) levels.push(image)
  }
  return [kinds, levels.toSorted((a, b) => b.width - a.width)]
}

/** The levels without their padding, which is all below and right of the last px of level 0. */
function trimmed(file: string, levels: readonly TiledImage[], spacings: readonly Spacing[]): TiledImage[] {
  const [base] = levels
  const [finest] = spacings
  if (!base) throw brokenSlide(file, 'it has no tiled image')
  if (!finest) throw brokenSlide(file, 'its Philips XML does not say how large the px of its levels are')
  return levels.slice(0, spacings.length).map((level, i) => {
    const downsample = Math.round((spacings[i]!.x / finest.x + spacings[i]!.y / finest.y) / 2)
    const [width, height] = [Math.floor(base.width / downsample), Math.floor(base.height / downsample)]
    if (!(downsample >= 1) || width < 1 || height < 1 || width > level.width || height > level.height)
      throw brokenSlide(
        file,
        `its Philips XML says that level ${i} is ${downsample} times smaller than level 0, but it has ${level.width} × ${level.height} px`,
      )
    return { ...level, width, height }
  })
}

/** mm */
type Spacing = { x: number; y: number }

/** Two numbers in quotes; the distance of rows, which is along y, comes first. @throws {TesseraError} SLIDE_BROKEN */
function spacingOf(file: string, object: Element): Spacing {
  const text = textOf(object, 'DICOM_PIXEL_SPACING')
  const [y, x] = (text?.match(/[\d.eE+-]+/g) ?? []).map(Number)
  if (x && y && x > 0 && y > 0) return { x, y }
  throw brokenSlide(file, `its Philips XML says DICOM_PIXEL_SPACING = “${text ?? ''}”`)
}

const mppOf = (spacing: Spacing | null): FileMpp | null =>
  spacing && { x: spacing.x * 1000, y: spacing.y * 1000, tag: 'philips.DICOM_PIXEL_SPACING' }

const attribute = (object: Element, name: string): Element | undefined =>
  children(object, 'Attribute').find((each) => each.getAttribute('Name') === name)

const textOf = (object: Element, name: string): string | null => attribute(object, name)?.textContent?.trim() ?? null

/** The objects in the array that an attribute holds. */
const objectsOf = (object: Element, name: string): Element[] => {
  const array = attribute(object, name)
  return array ? children(array, 'Array').flatMap((each) => children(each, 'DataObject')) : []
}

/** Attributes that are text, and not arrays or pictures. */
const attributesOf = (object: Element): SlideFacts['properties'] =>
  children(object, 'Attribute').flatMap((each) => {
    const name = each.getAttribute('Name') ?? ''
    const value = each.textContent?.trim() ?? ''
    const isText = children(each, 'Array').length === 0 && name !== 'PIM_DP_IMAGE_DATA'
    return isText && name && value ? [{ name: `philips.${name}`, value }] : []
  })

async function picturesIn(file: string, scans: readonly Element[]): Promise<Picture[]> {
  const found: Picture[] = []
  for (const scan of scans) {
    const name = names[textOf(scan, 'PIM_DP_IMAGE_TYPE') ?? '']
    const base64 = textOf(scan, 'PIM_DP_IMAGE_DATA')
    if (!name || !base64) continue
    const jpeg = Buffer.from(base64, 'base64')
    if (!jpeg.subarray(0, 3).equals(Buffer.of(0xff, 0xd8, 0xff)))
      throw brokenSlide(file, `the ${name} image in its Philips XML is no JPEG`)
    const { width, height } = await decode(() => openPicture(jpeg).metadata()).catch((error: unknown) => {
      throw brokenSlide(file, `the ${name} image in its Philips XML can not be read (${messageOf(error)})`, error)
    })
    if (width * height <= ASSOCIATED_PX) found.push({ name, width, height, jpeg })
  }
  return found
}
