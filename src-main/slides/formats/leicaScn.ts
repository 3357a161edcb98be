/**
 * Leica SCN with one scanned region: a BigTIFF whose first ImageDescription is XML. A collection is the whole glass; its
 * images are the macro image, which has the size of the glass, and the scanned regions, each with the directories of its
 * levels. Slides with several regions, or with channels, are left to OpenSlide.
 *
 * Level 0 is the region. OpenSlide's level 0 is the whole glass at the region's resolution, and gives the region as its
 * bounds; QuPath, which crops to them, has the same coordinates as we.
 * Source: OpenSlide's description of the format (https://openslide.org/formats/leica/).
 */
import type { Element } from '@xmldom/xmldom'
import type { FileHandle } from 'node:fs/promises'
import type { FileMpp } from '../../../src-shared/slides.ts'
import { brokenSlide } from './slideErrors.ts'
import type { SlideSource } from './slideSource.ts'
import { believedMpp } from './statedMpp.ts'
import type { Tiff } from './tiffDirectory.ts'
import type { TiffImage } from './tiffImage.ts'
import { resolutionMpp, type SlideFacts, tiffProperties, tiffSlide } from './tiffSlide.ts'
import { children, elements, numberOf, xmlRoot } from './xmlInside.ts'

/** nm in a µm */
const NM = 1000

/** px of the largest macro image that is believed. */
const ASSOCIATED_PX = 64e6

/** @returns the slide; or what it is, when only OpenSlide can read it: “a Leica SCN file with 2 regions” */
export async function leicaSlide(
  tiff: Tiff,
  handle: FileHandle,
  images: readonly TiffImage[],
  description: string,
): Promise<SlideSource | string> {
  const { file } = tiff
  const root = xmlRoot(file, 'Leica XML', description)
  const [collection] = elements(root, 'collection')
  if (!collection) throw brokenSlide(file, 'its Leica XML has no collection')
  const all = elements(collection, 'image')
  const macro = all.find((image) => isWholeGlass(image, collection))
  const regions = all.filter((image) => image !== macro)
  const [region] = regions
  if (!region) throw brokenSlide(file, 'its Leica XML describes no scanned region')
  if (regions.length > 1) return `a Leica SCN file with ${regions.length} regions`
  const light = elements(region, 'illuminationSource')[0]?.textContent?.trim() ?? 'brightfield'
  if (light !== 'brightfield') return `a Leica SCN file in ${light}`

  const levels = imagesOf(file, region, images)
  const [base] = levels as [TiffImage, ...TiffImage[]]
  const [device] = elements(region, 'device')
  const power = Number(elements(region, 'objective')[0]?.textContent || NaN)
  const facts: SlideFacts = {
    format: 'Leica SCN',
    vendor: 'Leica',
    ...believedMpp([viewMpp(region), await resolutionMpp(tiff, base.directory)]),
    objectivePower: Number.isFinite(power) && power > 0 ? power : null,
    bounds: null,
    warnings: [],
    associated: macro ? associatedOf(imagesOf(file, macro, images)) : [],
    properties: [
      ['leica.barcode', collection.getAttribute('barcode') ?? elements(root, 'barcode')[0]?.textContent],
      ['leica.creation-date', elements(region, 'creationDate')[0]?.textContent],
      ['leica.device-model', device?.getAttribute('model')],
      ['leica.device-version', device?.getAttribute('version')],
      ['leica.illumination-source', light],
      ['leica.offset-x', elements(region, 'view')[0]?.getAttribute('offsetX')],
      ['leica.offset-y', elements(region, 'view')[0]?.getAttribute('offsetY')],
    ].flatMap(([name, value]) => (value?.trim() ? [{ name: name!, value: value.trim() }] : [])),
  }
  const properties = [...facts.properties, ...(await tiffProperties(tiff, base.directory))]
  return tiffSlide(tiff, handle, levels, { ...facts, properties })
}

/** The macro image: its view is the whole glass. */
function isWholeGlass(image: Element, collection: Element): boolean {
  const [view] = children(image, 'view')
  return (
    numberOf(view, 'sizeX') === numberOf(collection, 'sizeX') &&
    numberOf(view, 'sizeY') === numberOf(collection, 'sizeY')
  )
}

/** The directories of an image's levels, the largest first; of several depths and channels the first. */
function imagesOf(file: string, image: Element, images: readonly TiffImage[]): TiffImage[] {
  const [pixels] = children(image, 'pixels')
  const isFirst = (dimension: Element, axis: string) => (numberOf(dimension, axis) || 0) === 0
  const levels = (pixels ? children(pixels, 'dimension') : [])
    .filter((each) => isFirst(each, 'z') && isFirst(each, 'c'))
    .map((each) => {
      const index = numberOf(each, 'ifd')
      const found = images.find(({ directory }) => directory.index === index && directory.subIndex === null)
      const [width, height] = [numberOf(each, 'sizeX'), numberOf(each, 'sizeY')]
      if (!found) throw brokenSlide(file, `its Leica XML names directory ${index}, which is not there`)
      if (found.width !== width || found.height !== height)
        throw brokenSlide(
          file,
          `its Leica XML says that directory ${index} has ${width} × ${height} px, but it has ${found.width} × ${found.height}`,
        )
      return found
    })
  if (levels.length === 0) throw brokenSlide(file, 'its Leica XML has an image without directories')
  return levels.toSorted((a, b) => b.width - a.width)
}

/** The size of the region in nm by its size in px. */
function viewMpp(region: Element): FileMpp | null {
  const [view] = children(region, 'view')
  const [pixels] = children(region, 'pixels')
  const along = (side: string) => numberOf(view, side) / numberOf(pixels, side) / NM
  const [x, y] = [along('sizeX'), along('sizeY')]
  return x > 0 && y > 0 && Number.isFinite(x + y) ? { x, y, tag: 'leica.view' } : null
}

function associatedOf(levels: readonly TiffImage[]): SlideFacts['associated'] {
  const image = levels.find(({ width, height }) => width * height <= ASSOCIATED_PX)
  return image ? [{ name: 'macro', image }] : []
}
