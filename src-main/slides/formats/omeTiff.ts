/**
 * OME-TIFF: the description of the first image is XML that says which directory holds which channel, how large a px is
 * and what the channels are called. Smaller levels are SubIFDs of a channel's directory (since 2018), or images of their
 * own in the main chain.
 * Source: OME-TIFF specification and OME data model 2016-06 (docs.openmicroscopy.org).
 */
import type { Element } from '@xmldom/xmldom'
import type { FileHandle } from 'node:fs/promises'
import {
  asTheFileSays,
  type ChannelColour,
  type ChannelFacts,
  type ChannelMapping,
  MOST_CHANNELS,
} from '../../../src-shared/channels.ts'
import type { AssociatedImageName, FileMpp, SlideHeader } from '../../../src-shared/slides.ts'
import { channelLevel, channelValues, isChannelPlane } from './channelLevel.ts'
import { brokenSlide, formatNotRead } from './slideErrors.ts'
import { lazily, type LevelReader, type SlideSource } from './slideSource.ts'
import { believedMpp } from './statedMpp.ts'
import type { Tiff } from './tiffDirectory.ts'
import { TAG } from './tiffDirectory.ts'
import type { TiffImage } from './tiffImage.ts'
import { isTiled, pyramidOf, slideLevel, type TiledImage } from './tiffPyramid.ts'
import { readAssociated, resolutionMpp, type SlideFacts, tiffProperties, tiffSlide } from './tiffSlide.ts'
import { elements, xmlRoot } from './xmlInside.ts'

/** Ways of putting channels together whose readers are kept: what the screen shows, and what was shown before. */
const MAPPINGS_KEPT = 3

type Plane = { channel: number; directory: number }

type OmeImage = {
  name: string
  width: number
  height: number
  sizeC: number
  sizeZ: number
  sizeT: number
  mpp: FileMpp | null
  objectivePower: number | null
  channels: { name: string; colour: number | null; samples: number }[]
  /** planes of the first depth and time */
  planes: Plane[]
}

/** @throws {TesseraError} SLIDE_BROKEN, SLIDE_FORMAT_NOT_READ */
export async function omeSlide(
  tiff: Tiff,
  handle: FileHandle,
  images: readonly TiffImage[],
  description: string,
): Promise<SlideSource> {
  const ome = readOme(tiff.file, description)
  const main = ome.reduce((best, each) => (each.width * each.height > best.width * best.height ? each : best))
  const directoryOf = (index: number): TiffImage => {
    const found = images.find(({ directory }) => directory.index === index && directory.subIndex === null)
    if (found) return found
    throw brokenSlide(tiff.file, `its OME-XML names directory ${index}, but it has only ${tiff.directories.length}`)
  }
  const base = directoryOf(main.planes[0]!.directory)
  if (base.width !== main.width || base.height !== main.height)
    throw brokenSlide(
      tiff.file,
      `its OME-XML says ${main.width} × ${main.height} px, but directory ${base.directory.index} has ${base.width} × ${base.height}`,
    )
  const facts: SlideFacts = {
    format: 'OME-TIFF',
    vendor: (await tiff.text(base.directory, TAG.make))?.trim() || null,
    ...believedMpp([main.mpp, await resolutionMpp(tiff, base.directory)]),
    objectivePower: main.objectivePower,
    bounds: null,
    warnings: [],
    associated: associatedOf(ome, main, directoryOf),
    properties: [...omeProperties(main), ...(await tiffProperties(tiff, base.directory))],
  }
  /** A plane with its smaller levels. */
  const familyOf = ({ directory }: TiffImage): TiffImage[] => {
    const own = images.filter((image) => image.directory.index === directory.index)
    return own.length > 1 || main.sizeC > 1 || main.sizeZ > 1 ? own : [...images]
  }
  const isColour = base.samples >= 3 || (main.planes.length === 1 && base.bits === 8)
  if (isColour) return tiffSlide(tiff, handle, familyOf(base), facts)
  return channelSlide(
    tiff,
    handle,
    main,
    main.planes.map(({ directory }) => familyOf(directoryOf(directory))),
    facts,
  )
}

/** One picture of several channels, or of one with more than 8 bits. */
async function channelSlide(
  tiff: Tiff,
  handle: FileHandle,
  { channels, planes, width, height }: OmeImage,
  families: TiffImage[][],
  slideFacts: SlideFacts,
): Promise<SlideSource> {
  if (families.length > MOST_CHANNELS)
    throw formatNotRead(
      tiff.file,
      `an OME-TIFF with ${families.length} channels`,
      `More than ${MOST_CHANNELS} channels`,
    )
  const pyramids = families.map((family) => {
    const [first] = family
    if (!first || !isTiled(first) || !isChannelPlane(first))
      throw formatNotRead(
        tiff.file,
        `an OME-TIFF with ${first?.bits ?? 0} bits a channel${first?.tiles ? '' : ', in strips'}`,
        'Channels of 8 or 16 bits in tiles are read; this form',
      )
    return pyramidOf(first, family)
  })
  // a level has to be there for every channel
  const [first] = pyramids as [TiledImage[], ...TiledImage[][]]
  const common = first.filter((level) =>
    pyramids.every((levels) => levels.some((each) => each.width === level.width && each.height === level.height)),
  )
  const shapes = common.map((image) => slideLevel(first[0]!, image))
  const planesOf = (level: number): TiledImage[] =>
    pyramids.map((levels) => levels.find(({ width: w }) => w === common[level]!.width)!)

  const smallest = planesOf(shapes.length - 1)
  const facts: ChannelFacts[] = []
  for (const [i, plane] of smallest.entries()) {
    const channel = channels[planes[i]!.channel]
    facts.push({
      name: channel?.name || `Channel ${planes[i]!.channel}`,
      colour: colourOf(channel?.colour ?? null, i, families.length),
      ...(await channelValues(tiff.file, plane)),
    })
  }
  /** Readers with channels put together in one way; those that are off are not read. */
  const levelsWith = (mapping: ChannelMapping): LevelReader[] => {
    const on = mapping.flatMap(({ shown }, i) => (shown ? [i] : []))
    return shapes.map((shape, level) =>
      lazily(async () => {
        const planes = planesOf(level)
        const [used, channels] = [on.map((i) => planes[i]!), on.map((i) => mapping[i]!)]
        return channelLevel(tiff.file, used, shape, channels, level)
      }),
    )
  }
  const kept = new Map<string, LevelReader[]>()
  const levelsOf = (mapping: ChannelMapping): LevelReader[] => {
    const key = JSON.stringify(mapping)
    const levels = kept.get(key) ?? levelsWith(mapping)
    kept.delete(key)
    kept.set(key, levels)
    for (const oldest of kept.keys()) if (kept.size > MAPPINGS_KEPT) kept.delete(oldest)
    return levels
  }
  const { associated, ...rest } = slideFacts
  const header: SlideHeader = {
    ...rest,
    width,
    height,
    levels: shapes,
    associatedImages: associated.map(({ name, image }) => ({ name, width: image.width, height: image.height })),
    properties: [
      ...facts.map(({ name, colour, from, to }, i) => ({
        name: `tessera.channel ${i}`,
        value: `${name}: ${from} to ${to} as rgb(${colour.join(', ')})`,
      })),
      ...slideFacts.properties,
    ],
  }
  return {
    file: tiff.file,
    parts: [],
    pyramid: null,
    header,
    channels: { facts, levels: levelsOf },
    levels: levelsWith(asTheFileSays(facts)),
    associatedImage: (name) => readAssociated(tiff.file, associated, name),
    close: () => handle.close(),
  }
}

/** Blue, green, red, cyan, magenta, yellow, white: as fluorescence is usually shown, from the shortest wavelength on. */
const COLOURS = [
  [0, 0, 255],
  [0, 255, 0],
  [255, 0, 0],
  [0, 255, 255],
  [255, 0, 255],
  [255, 255, 0],
  [255, 255, 255],
] as const

const WHITE = -1

/** @param stated red, green, blue and alpha in one signed number; white for all is what programs write that do not know */
function colourOf(stated: number | null, place: number, of: number): ChannelColour {
  if (of === 1) return [255, 255, 255]
  if (stated !== null && stated !== WHITE) return [(stated >>> 24) & 255, (stated >>> 16) & 255, (stated >>> 8) & 255]
  return [...COLOURS[place % COLOURS.length]!]
}

function associatedOf(
  ome: readonly OmeImage[],
  main: OmeImage,
  directoryOf: (index: number) => TiffImage,
): SlideFacts['associated'] {
  const found = new Map<AssociatedImageName, TiffImage>()
  for (const image of ome) {
    const name = /label|macro|thumbnail/.exec(image.name.toLowerCase())?.[0] as AssociatedImageName | undefined
    if (image !== main && name && !found.has(name)) found.set(name, directoryOf(image.planes[0]!.directory))
  }
  return [...found].map(([name, image]) => ({ name, image }))
}

const omeProperties = ({ name, sizeC, sizeZ, sizeT }: OmeImage): SlideFacts['properties'] => [
  { name: 'ome.Image', value: name },
  { name: 'ome.SizeC', value: String(sizeC) },
  { name: 'ome.SizeZ', value: sizeZ > 1 ? `${sizeZ}, the first is shown` : String(sizeZ) },
  { name: 'ome.SizeT', value: sizeT > 1 ? `${sizeT}, the first is shown` : String(sizeT) },
]

/** µm in the units of length that px are given in. */
const micronsIn: Readonly<Record<string, number>> = { µm: 1, μm: 1, um: 1, nm: 1e-3, Å: 1e-4, mm: 1e3, cm: 1e4, m: 1e6 }

function readOme(file: string, xml: string): OmeImage[] {
  const root = xmlRoot(file, 'OME-XML', xml)
  const objectives = new Map(elements(root, 'Objective').map((each) => [each.getAttribute('ID'), each]))
  const images = elements(root, 'Image').map((image) => readImage(file, image, objectives))
  if (images.length === 0) throw brokenSlide(file, 'its OME-XML holds no image')
  return images
}

function readImage(file: string, image: Element, objectives: ReadonlyMap<string | null, Element>): OmeImage {
  const [pixels] = elements(image, 'Pixels')
  if (!pixels) throw brokenSlide(file, 'its OME-XML has an image without Pixels')
  const size = (name: string): number => {
    const value = Number(pixels.getAttribute(name) ?? NaN)
    if (Number.isInteger(value) && value > 0 && value < 2 ** 31) return value
    throw brokenSlide(file, `its OME-XML says ${name} = “${pixels.getAttribute(name) ?? ''}”`)
  }
  const channels = elements(pixels, 'Channel').map((channel) => ({
    name: channel.getAttribute('Name') ?? '',
    colour: channel.hasAttribute('Color') ? Number(channel.getAttribute('Color')) | 0 : null,
    samples: Number(channel.getAttribute('SamplesPerPixel') ?? 1) || 1,
  }))
  const settings = elements(image, 'ObjectiveSettings')[0]?.getAttribute('ID') ?? null
  const power = Number(objectives.get(settings)?.getAttribute('NominalMagnification') ?? NaN)
  const [sizeC, sizeZ, sizeT] = [size('SizeC'), size('SizeZ'), size('SizeT')]
  const samples = Math.max(1, channels[0]?.samples ?? 1)
  return {
    name: image.getAttribute('Name') ?? '',
    width: size('SizeX'),
    height: size('SizeY'),
    sizeC,
    sizeZ,
    sizeT,
    mpp: physicalSize(pixels),
    objectivePower: Number.isFinite(power) && power > 0 ? power : null,
    channels,
    planes: planesOf(file, pixels, Math.max(1, Math.round(sizeC / samples)), sizeZ, sizeT),
  }
}

function physicalSize(pixels: Element): FileMpp | null {
  const along = (axis: 'X' | 'Y'): number =>
    Number(pixels.getAttribute(`PhysicalSize${axis}`) ?? NaN) *
    (micronsIn[pixels.getAttribute(`PhysicalSize${axis}Unit`) ?? 'µm'] ?? NaN)
  const [x, y] = [along('X'), along('Y')]
  return x > 0 && y > 0 && Number.isFinite(x + y) ? { x, y, tag: 'OME PhysicalSizeX and PhysicalSizeY' } : null
}

/**
 * Which directory holds which channel, of the first depth and time. TiffData says where a run of planes begins, and the
 * planes follow in DimensionOrder; without any, all planes follow from directory 0 on.
 */
function planesOf(file: string, pixels: Element, channels: number, depths: number, times: number): Plane[] {
  const order = pixels.getAttribute('DimensionOrder') ?? 'XYCZT'
  const sizes: Record<string, number> = { C: channels, Z: depths, T: times }
  const axes = order.slice(2).split('')
  if (!/^XY(CZT|CTZ|ZCT|ZTC|TCZ|TZC)$/.test(order))
    throw brokenSlide(file, `its OME-XML says DimensionOrder = “${order}”`)
  const total = channels * depths * times
  if (total > 100_000) throw brokenSlide(file, `its OME-XML claims ${total} planes`)
  const placeOf = (at: Record<string, number>): number =>
    axes.reduceRight((place, axis) => place * sizes[axis]! + at[axis]!, 0)
  const channelAt = new Map(Array.from({ length: channels }, (_, C) => [placeOf({ C, Z: 0, T: 0 }), C] as const))

  const planes: Plane[] = []
  const blocks = elements(pixels, 'TiffData')
  const name = file.split(/[\\/]/).at(-1)
  let next = 0
  for (const block of blocks.length > 0 ? blocks : [null]) {
    const value = (attribute: string, missing: number) => Number(block?.getAttribute(attribute) ?? missing)
    const directory = value('IFD', block && planes.length > 0 ? next : 0)
    const begin = placeOf({ C: value('FirstC', 0), Z: value('FirstZ', 0), T: value('FirstT', 0) })
    const count = value('PlaneCount', block?.hasAttribute('IFD') ? 1 : total)
    if (![directory, begin, count].every((each) => Number.isInteger(each) && each >= 0))
      throw brokenSlide(file, 'its OME-XML has TiffData that is no number')
    const other = block && elements(block, 'UUID')[0]?.getAttribute('FileName')
    for (let i = 0; i < Math.min(count, total); i++) {
      const channel = channelAt.get(begin + i)
      if (channel === undefined) continue
      if (other && other !== name && blocks.length > 1 && differentFiles(blocks))
        throw formatNotRead(file, 'an OME-TIFF whose channels lie in several files', 'Several files')
      planes.push({ channel, directory: directory + i })
    }
    next = directory + count
  }
  const found = planes
    .toSorted((a, b) => a.channel - b.channel)
    .filter((each, i, list) => each.channel !== list[i - 1]?.channel)
  if (found.length === 0) throw brokenSlide(file, 'its OME-XML does not say where its planes are')
  return found
}

/** A renamed file still carries its old name, but then everywhere the same one. */
const differentFiles = (blocks: readonly Element[]): boolean =>
  new Set(blocks.map((block) => elements(block, 'UUID')[0]?.getAttribute('FileName') ?? '')).size > 1
