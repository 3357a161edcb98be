/**
 * Deep Zoom: an XML file that says the size, and a folder beside it with one picture for each tile, in a folder for each
 * level. Level n has max(width, height) ≤ 2^n px; each is half the one above, rounded up. Tiles share `Overlap` px with
 * each neighbour, which are cut off here.
 * Source: Microsoft, Deep Zoom File Format Overview (2011).
 */
import { DOMParser } from '@xmldom/xmldom'
import type { FileHandle } from 'node:fs/promises'
import { access, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { messageOf } from '../../../src-shared/errors.ts'
import type { SlideLevel } from '../../../src-shared/slides.ts'
import { fileError, systemCode } from '../../files/fileErrors.ts'
import { openPicture, paste, type Rgb, toRgb, white } from '../pixels/decoder.ts'
import { brokenSlide, brokenTile } from './slideErrors.ts'
import { believedMpp } from './statedMpp.ts'
import type { LevelReader, SlideSource } from './slideSource.ts'
import { isTooEmpty, regionFromTiles, tileRect } from './tiledRegion.ts'
import { downsampleOf } from './tiffPyramid.ts'
import { pngTile } from './vipsImage.ts'

const MOST_PX = 2 ** 22
const LONGEST_TILE = 4096
const XML_BYTES = 1 << 20

/** Levels smaller than this are of no use: a viewer has the next larger one. */
const SMALLEST = 128

/** Tiles whose content makes up the fingerprint, spread evenly over the largest level. */
const FINGERPRINT_TILES = 16

type Description = { width: number; height: number; tileSize: number; overlap: number; extension: string }

/** @throws {TesseraError} SLIDE_BROKEN */
export async function deepZoomSlide(file: string, handle: FileHandle): Promise<SlideSource> {
  const { size } = await handle.stat()
  if (size > XML_BYTES) throw brokenSlide(file, `its description has ${size} bytes`)
  const what = described(file, await readFile(file, 'utf8'))
  const folder = path.join(path.dirname(file), `${path.parse(file).name}_files`)
  const top = Math.ceil(Math.log2(Math.max(what.width, what.height, 2)))
  await access(path.join(folder, String(top))).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw fileError(folder, error)
    throw brokenSlide(
      file,
      `its tiles should lie in “${path.basename(folder)}/${top}” beside it, but there is no such folder`,
    )
  })

  const levels: { shape: SlideLevel; folder: string }[] = []
  for (let number = top; number >= 0; number--) {
    const half = (length: number) => Math.ceil(length / 2 ** (top - number))
    const [width, height] = [half(what.width), half(what.height)]
    if (levels.length > 0 && Math.max(width, height) < SMALLEST) break
    levels.push({
      folder: path.join(folder, String(number)),
      shape: {
        width,
        height,
        downsample: downsampleOf(what, { width, height }),
        tileWidth: what.tileSize,
        tileHeight: what.tileSize,
        columns: Math.ceil(width / what.tileSize),
        rows: Math.ceil(height / what.tileSize),
      },
    })
  }
  const [{ shape, folder: largest }] = levels as [{ shape: SlideLevel; folder: string }]
  const names = await tileNames(largest, what.extension)
  if (isTooEmpty(shape, names.length))
    throw brokenSlide(file, `it claims to have ${shape.columns} × ${shape.rows} tiles, but ${names.length} are there`)
  await handle.close()
  return {
    file,
    parts: sampleTiles(levels[0]!.folder, names),
    pyramid: null,
    header: {
      format: 'Deep Zoom',
      vendor: null,
      width: what.width,
      height: what.height,
      levels: levels.map(({ shape }) => shape),
      ...believedMpp([]), // the format has no place for it
      objectivePower: null,
      bounds: null,
      warnings: [],
      associatedImages: [],
      properties: [
        { name: 'deepzoom.TileSize', value: String(what.tileSize) },
        { name: 'deepzoom.Overlap', value: String(what.overlap) },
        { name: 'deepzoom.Format', value: what.extension },
      ],
    },
    levels: levels.map((level, i) => tileFolder(file, level.folder, level.shape, what, i)),
    associatedImage: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  }
}

function described(file: string, xml: string): Description {
  const faults: string[] = []
  const parser = new DOMParser({ onError: (_, fault) => void faults.push(fault) })
  const image = parsed(parser, xml)
  const size = image?.getElementsByTagName('Size')[0]
  if (!image || !size || faults.length > 0)
    throw brokenSlide(file, `its XML can not be read${faults[0] ? ` (${faults[0]})` : ': it has no Size'}`)
  const number = (from: { getAttribute(name: string): string | null }, name: string, least: number, most: number) => {
    const value = Number(from.getAttribute(name) ?? NaN)
    if (Number.isInteger(value) && value >= least && value <= most) return value
    throw brokenSlide(
      file,
      `its ${name} is “${from.getAttribute(name) ?? ''}”; a number from ${least} to ${most} was expected`,
    )
  }
  const extension = image.getAttribute('Format') ?? ''
  if (!/^(jpe?g|png)$/i.test(extension))
    throw brokenSlide(file, `its tiles are “${extension}” files; jpg and png are read`)
  return {
    width: number(size, 'Width', 1, MOST_PX),
    height: number(size, 'Height', 1, MOST_PX),
    tileSize: number(image, 'TileSize', 16, LONGEST_TILE),
    overlap: number(image, 'Overlap', 0, 256),
    extension,
  }
}

/** null = it is not well-formed, which the parser's listener has been told */
function parsed(parser: DOMParser, xml: string) {
  try {
    return parser.parseFromString(xml, 'text/xml').documentElement
  } catch {
    return null
  }
}

/** Names of all tiles of a level. */
const tileNames = async (folder: string, extension: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.endsWith(`.${extension}`)).toSorted()

/** A few tiles of the largest level, always the same ones. */
function sampleTiles(folder: string, names: readonly string[]): string[] {
  const step = Math.max(1, names.length / FINGERPRINT_TILES)
  const chosen = Array.from(
    { length: Math.min(FINGERPRINT_TILES, names.length) },
    (_, i) => names[Math.floor(i * step)]!,
  )
  return chosen.map((name) => path.join(folder, name))
}

function tileFolder(
  file: string,
  folder: string,
  shape: SlideLevel,
  { overlap, extension }: Description,
  level: number,
): LevelReader {
  const decoded = async (column: number, row: number): Promise<Rgb | null> => {
    const place = { level, column, row }
    if (column >= shape.columns || row >= shape.rows)
      throw brokenTile(file, place, `the level has only ${shape.columns} × ${shape.rows} tiles`)
    const name = path.join(folder, `${column}_${row}.${extension}`)
    const bytes = await readFile(name).catch((error: unknown) => {
      // programs that make Deep Zoom files leave tiles out that are blank
      if (systemCode(error) === 'ENOENT') return null
      throw fileError(name, error)
    })
    if (!bytes) return null
    const { width, height } = tileRect(shape, column, row)
    const left = column > 0 ? overlap : 0
    const top = row > 0 ? overlap : 0
    const picture = await toRgb(openPicture(bytes)).catch((error: unknown) => {
      throw brokenTile(file, place, messageOf(error), error)
    })
    if (picture.width < left + width || picture.height < top + height)
      throw brokenTile(
        file,
        place,
        `its picture has ${picture.width} × ${picture.height} px, at least ${left + width} × ${top + height} were expected`,
      )
    if (picture.width === width && picture.height === height) return picture
    const tile = white(width, height)
    paste(picture, tile, { x: 0, y: 0 }, { x: left, y: top, width, height })
    return tile
  }
  return {
    async tile(column, row) {
      const pixels = await decoded(column, row)
      return pixels && pngTile(shape, pixels)
    },
    region: (rect) => regionFromTiles(shape, rect, decoded, 2),
  }
}
