/** Slides of the formats that only OpenSlide reads: NDPI, MIRAX, BIF, SCN, VMS, Philips, Sakura, CZI. */
import type { FileHandle } from 'node:fs/promises'
import { access } from 'node:fs/promises'
import path from 'node:path'
import type { AssociatedImageName, FileMpp, SlideBounds, SlideLevel } from '../../../src-shared/slides.ts'
import type { Rgb } from '../pixels/decoder.ts'
import { decodedLevel } from './decodedLevel.ts'
import { OpenSlideFault, type OpenSlideHandle, type OpenSlideLibrary } from './openSlideLibrary.ts'
import { brokenSlide, brokenTile, needsOpenSlide } from './slideErrors.ts'
import { stillThere } from './vipsImage.ts'
import { believedMpp } from './statedMpp.ts'
import type { LevelReader, SlideSource } from './slideSource.ts'
import { tileRect } from './tiledRegion.ts'

/** px of a tile's edge: OpenSlide reads any rectangle, and a large one costs less for each px. */
const TILE = 512

/** Reads going on at once; OpenSlide's handle may be used by several threads. */
const AT_ONCE = 2

/** Names of formats that need a certain version, by the word in them. */
const isBif = (format: string): boolean => format.includes('BIF')
const isCzi = (format: string): boolean => format.includes('CZI')

/**
 * @param format what the file is: “a Hamamatsu NDPI file”
 * @throws {TesseraError} SLIDE_NEEDS_OPENSLIDE, SLIDE_BROKEN
 */
export async function openSlideSource(
  file: string,
  handle: FileHandle,
  format: string,
  library: OpenSlideLibrary | null,
): Promise<SlideSource> {
  if (!library) throw needsOpenSlide(file, format, null, '4.0.1')
  if (!library.isCurrent && (isBif(format) || isCzi(format)))
    throw needsOpenSlide(file, format, library.version, '4.0.1')
  let slide: OpenSlideHandle
  try {
    slide = library.open(file)
  } catch (error) {
    if (!(error instanceof OpenSlideFault)) throw error
    throw brokenSlide(file, `OpenSlide ${library.version} can not read it (${error.message})`, error)
  }
  await handle.close()
  const [base] = slide.levels as [OpenSlideHandle['levels'][number]]
  const shapes = slide.levels.map(({ width, height, downsample }): SlideLevel => ({
    width,
    height,
    downsample,
    tileWidth: TILE,
    tileHeight: TILE,
    columns: Math.ceil(width / TILE),
    rows: Math.ceil(height / TILE),
  }))
  const associated = new Map<AssociatedImageName, string>()
  for (const name of slide.associated.keys())
    if (name === 'label' || name === 'macro' || name === 'thumbnail') associated.set(name, name)
  const { properties } = slide

  return {
    file,
    parts: await partsOf(file),
    pyramid: null,
    header: {
      format: `${nameOf(format)}, by OpenSlide ${library.version}`,
      vendor: properties.get('openslide.vendor') ?? null,
      width: base.width,
      height: base.height,
      levels: shapes,
      ...believedMpp(statedMpp(properties)),
      objectivePower: positive(properties.get('openslide.objective-power')),
      bounds: boundsOf(properties, base),
      warnings: library.isCurrent
        ? []
        : [`OpenSlide ${library.version} has known faults with damaged files; 4.0.1 or newer is safer.`],
      associatedImages: [...associated.keys()].map((name) => ({ name, ...slide.associated.get(name)! })),
      properties: [...properties].map(([name, value]) => ({ name, value: value.slice(0, 4000) })),
    },
    levels: shapes.map((shape, level) => levelOf(file, slide, shape, level)),
    async associatedImage(name) {
      const size = slide.associated.get(name)
      if (!size || !associated.has(name)) return null
      try {
        return overWhite(await slide.readAssociated(name), size.width, size.height)
      } catch (error) {
        throw brokenSlide(file, `its ${name} image could not be read (${String(error)})`, error)
      }
    },
    profile() {
      try {
        return Promise.resolve(slide.profile())
      } catch (error) {
        if (!(error instanceof OpenSlideFault)) throw error
        return Promise.reject(brokenSlide(file, `its colour profile could not be read (${error.message})`, error))
      }
    },
    close: () => Promise.resolve(slide.close()),
  }
}

/** “a Hamamatsu NDPI file” → “Hamamatsu NDPI” */
const nameOf = (format: string): string => format.replace(/^an? /, '').replace(/ file$/, '')

function levelOf(file: string, slide: OpenSlideHandle, shape: SlideLevel, level: number): LevelReader {
  return decodedLevel(
    shape,
    async (column, row) => {
      const place = { level, column, row }
      if (column >= shape.columns || row >= shape.rows)
        throw brokenTile(file, place, `the level has only ${shape.columns} × ${shape.rows} tiles`)
      const { x, y, width, height } = tileRect(shape, column, row)
      try {
        const corner = [x, y].map((at) => Math.round(at * shape.downsample)) as [number, number]
        const pixels = overWhite(await slide.read(...corner, level, width, height), width, height)
        return filledUp(pixels)
      } catch (error) {
        if (!(error instanceof OpenSlideFault)) throw error
        await stillThere(file)
        // OpenSlide's errors are for ever: nothing of this slide can be read until it is opened again
        throw brokenTile(file, place, `OpenSlide says: ${error.message}`, error)
      }
    },
    AT_ONCE,
  )
}

function filledUp(pixels: Rgb): Rgb {
  if (pixels.width === TILE && pixels.height === TILE) return pixels
  const data = Buffer.alloc(TILE * TILE * 3, 255)
  for (let y = 0; y < pixels.height; y++)
    pixels.data.copy(data, y * TILE * 3, y * pixels.width * 3, (y + 1) * pixels.width * 3)
  return { data, width: TILE, height: TILE }
}

/** Premultiplied ARGB over white, as glass: rgb + 255 − alpha. */
function overWhite(argb: Uint32Array, width: number, height: number): Rgb {
  const data = Buffer.allocUnsafe(argb.length * 3)
  for (let px = 0, at = 0; px < argb.length; px++, at += 3) {
    const value = argb[px]!
    const glass = 255 - (value >>> 24)
    data[at] = ((value >>> 16) & 255) + glass
    data[at + 1] = ((value >>> 8) & 255) + glass
    data[at + 2] = (value & 255) + glass
  }
  return { data, width, height }
}

function positive(text: string | undefined): number | null {
  const value = Number(text || NaN)
  return Number.isFinite(value) && value > 0 ? value : null
}

/**
 * The scanned part of level 0, as OpenSlide's properties say it (`openslide.bounds-x`, `-y`, `-width`, `-height`).
 * @returns null when they do not, and when the part would not lie inside level 0
 */
export function boundsOf(
  properties: ReadonlyMap<string, string>,
  base: { width: number; height: number },
): SlideBounds | null {
  const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((side) =>
    Number(properties.get(`openslide.bounds-${side}`) || NaN),
  ) as [number, number, number, number]
  const isInside = [x, y, width, height].every(Number.isInteger) && x >= 0 && y >= 0 && width > 0 && height > 0
  return isInside && x + width <= base.width && y + height <= base.height ? { x, y, width, height } : null
}

/** OpenSlide's own choice, then what the properties of the vendors say. */
function statedMpp(properties: ReadonlyMap<string, string>): FileMpp[] {
  return [
    ['openslide.mpp-x', 'openslide.mpp-y'],
    ['mirax.LAYER_0_LEVEL_0_SECTION.MICROMETER_PER_PIXEL_X', 'mirax.LAYER_0_LEVEL_0_SECTION.MICROMETER_PER_PIXEL_Y'],
    ['ventana.ScanRes', 'ventana.ScanRes'],
    ['aperio.MPP', 'aperio.MPP'],
  ].flatMap(([alongX, alongY]) => {
    const [x, y] = [positive(properties.get(alongX!)), positive(properties.get(alongY!))]
    return x && y ? [{ x, y, tag: alongX === alongY ? alongX! : `${alongX} and ${alongY}` }] : []
  })
}

/** A MIRAX file is a small picture; the slide lies in a folder of its name. */
async function partsOf(file: string): Promise<string[]> {
  if (path.extname(file).toLowerCase() !== '.mrxs') return []
  const folder = file.slice(0, -path.extname(file).length)
  const parts: string[] = []
  for (const name of ['Slidedat.ini', 'Index.dat']) {
    const part = path.join(folder, name)
    const isThere = await access(part).then(
      () => true,
      () => false, // OpenSlide says so when it is asked to open it
    )
    if (isThere) parts.push(part)
  }
  return parts
}
