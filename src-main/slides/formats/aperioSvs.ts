/**
 * Aperio SVS: a tiled TIFF whose first ImageDescription begins with “Aperio” and lists the scan's properties as
 * `|key = value`. Beside the pyramid it holds images in strips: the second directory is a thumbnail of the slide, label
 * and macro are named in the second line of their descriptions.
 * Source: OpenSlide's description of the format (https://openslide.org/formats/aperio/).
 */
import type { AssociatedImageName, FileMpp } from '../../../src-shared/slides.ts'
import { believedMpp } from './statedMpp.ts'
import { TAG, type Tiff } from './tiffDirectory.ts'
import type { TiffImage } from './tiffImage.ts'
import { resolutionMpp, type SlideFacts, tiffProperties } from './tiffSlide.ts'

export const isAperio = (description: string | null): boolean => description?.startsWith('Aperio') ?? false

/** px of the largest macro or label image that is believed; scanners make them of 1 to 4 million. */
const ASSOCIATED_PX = 64e6

/** Values of NewSubfileType that Aperio gives its associated images. */
const namesOfSubfileTypes: Readonly<Record<number, AssociatedImageName>> = { 1: 'label', 9: 'macro' }

/** @param images the first is the slide at full resolution */
export async function aperioFacts(tiff: Tiff, images: readonly TiffImage[]): Promise<SlideFacts> {
  const { directory } = images[0]!
  const properties = aperioProperties((await tiff.text(directory, TAG.imageDescription)) ?? '')
  return {
    format: 'Aperio SVS',
    vendor: 'Aperio',
    ...believedMpp([aperioMpp(properties.get('MPP')), await resolutionMpp(tiff, directory)]),
    objectivePower: positive(properties.get('AppMag')),
    bounds: null,
    warnings: [],
    associated: await associatedImages(tiff, images),
    properties: [
      ...[...properties].map(([name, value]) => ({ name: `aperio.${name}`, value })),
      ...(await tiffProperties(tiff, directory)),
    ],
  }
}

function aperioProperties(description: string): Map<string, string> {
  const pairs = description.split('|').slice(1)
  return new Map(
    pairs.flatMap((pair) => {
      const [name = '', ...value] = pair.split('=')
      return name.trim() === '' || value.length === 0 ? [] : [[name.trim(), value.join('=').trim()] as const]
    }),
  )
}

function aperioMpp(text: string | undefined): FileMpp | null {
  const mpp = positive(text)
  return mpp === null ? null : { x: mpp, y: mpp, tag: 'aperio.MPP' }
}

/** Scanners set to some languages write a decimal comma. */
function positive(text: string | undefined): number | null {
  const value = Number((text ?? '').replace(',', '.') || NaN)
  return Number.isFinite(value) && value > 0 ? value : null
}

async function associatedImages(tiff: Tiff, images: readonly TiffImage[]): Promise<SlideFacts['associated']> {
  const found = new Map<AssociatedImageName, TiffImage>()
  for (const image of images.filter((each) => each.tiles === null && each.width * each.height <= ASSOCIATED_PX)) {
    const name = await associatedName(tiff, image)
    if (name && !found.has(name)) found.set(name, image)
  }
  return [...found].map(([name, image]) => ({ name, image }))
}

async function associatedName(tiff: Tiff, image: TiffImage): Promise<AssociatedImageName | null> {
  const second = ((await tiff.text(image.directory, TAG.imageDescription)) ?? '').split(/\r?\n/)[1] ?? ''
  const word = second.trim().split(/\s/, 1)[0]
  if (word === 'label' || word === 'macro') return word
  const named = namesOfSubfileTypes[image.subfileType]
  if (named) return named
  return image.directory.index === 1 ? 'thumbnail' : null
}
