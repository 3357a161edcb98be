/**
 * A level whose channels are planes of their own, as fluorescence has them, made into one picture: each channel from
 * black to its colour over a range of its values, and all added.
 *
 *   rgb = min(255, Σ colour[c] · clamp((value[c] − from[c]) / (to[c] − from[c]), 0, 1))
 */
import type { ChannelFacts, ChannelLook } from '../../../src-shared/channels.ts'
import { messageOf } from '../../../src-shared/errors.ts'
import { decode, type Rgb } from '../pixels/decoder.ts'
import { decodedLevel } from './decodedLevel.ts'
import { brokenSlide, brokenTile } from './slideErrors.ts'
import type { LevelReader, LevelRect } from './slideSource.ts'
import { type TileGrid, tileRect } from './tiledRegion.ts'
import { PHOTOMETRIC, type TiffImage } from './tiffImage.ts'
import type { TiledImage } from './tiffPyramid.ts'
import { openPage, stillThere } from './vipsImage.ts'

/** A channel that is shown: its colour, and the values that become black and the full colour. */
export type ShownChannel = Pick<ChannelLook, 'colour' | 'from' | 'to'>

export const isChannelPlane = (image: TiffImage): boolean =>
  image.samples === 1 &&
  image.unsigned &&
  (image.bits === 8 || image.bits === 16) &&
  image.photometric === PHOTOMETRIC.blackIsZero

/** Shares of the px that may be darker and brighter than what is shown: a little dust must not make all else black. */
const DARKEST = 0.01
const BRIGHTEST = 0.998

/** px of the middle of the plane the range is taken from. */
const LOOKED_AT = 2048

/** Values of a plane: [height, width]. */
async function readValues(file: string, { directory, bits }: TiffImage, rect: LevelRect): Promise<Uint16Array> {
  const page = { page: directory.index, subifd: directory.subIndex }
  const { data } = await decode(() =>
    openPage(file, page)
      .extract({ left: rect.x, top: rect.y, width: rect.width, height: rect.height })
      .toColourspace(bits === 16 ? 'grey16' : 'b-w')
      .raw({ depth: 'ushort' })
      .toBuffer({ resolveWithObject: true }),
  )
  return new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
}

/** Steps of the histogram that is shown behind the range of a channel. */
const HISTOGRAM_STEPS = 64

export type ChannelValues = Pick<ChannelFacts, 'from' | 'to' | 'most' | 'greatest' | 'histogram'>

/**
 * How the values of a plane are spread. Shown as black and as the full colour are those below which 1 % and 99.8 % lie.
 * @param plane the smallest level. @throws {TesseraError} SLIDE_BROKEN
 */
export async function channelValues(file: string, plane: TiffImage): Promise<ChannelValues> {
  const width = Math.min(LOOKED_AT, plane.width)
  const height = Math.min(LOOKED_AT, plane.height)
  const rect = { x: (plane.width - width) >> 1, y: (plane.height - height) >> 1, width, height }
  const values = await readValues(file, plane, rect).catch((error: unknown) => {
    throw brokenSlide(file, `a channel could not be decoded (${messageOf(error)})`, error)
  })
  const sorted = values.toSorted()
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
  const from = at(DARKEST)
  const greatest = Math.max(1, sorted.at(-1)!)
  const histogram = Array<number>(HISTOGRAM_STEPS).fill(0)
  for (const value of sorted)
    histogram[Math.min(HISTOGRAM_STEPS - 1, Math.floor((value / greatest) * HISTOGRAM_STEPS))]!++
  return { from, to: Math.max(from + 1, at(BRIGHTEST)), most: 2 ** plane.bits - 1, greatest, histogram }
}

/**
 * @param planes of this level, one for each channel that is shown
 * @param level index of the level, for messages
 */
export function channelLevel(
  file: string,
  planes: readonly TiledImage[],
  grid: TileGrid,
  channels: readonly ShownChannel[],
  level: number,
): LevelReader {
  return decodedLevel(
    grid,
    async (column, row) => {
      const rect = tileRect(grid, column, row)
      const sums = new Float32Array(rect.width * rect.height * 3)
      for (const [i, plane] of planes.entries()) {
        const values = await readValues(file, plane, rect).catch(async (error: unknown) => {
          await stillThere(file)
          throw brokenTile(file, { level, column, row }, messageOf(error), error)
        })
        addChannel(sums, values, channels[i]!)
      }
      return asPicture(sums, rect, grid)
    },
    1,
  )
}

function addChannel(sums: Float32Array, values: Uint16Array, { colour: [r, g, b], from, to }: ShownChannel): void {
  for (let px = 0, at = 0; px < values.length; px++, at += 3) {
    const share = Math.min(1, Math.max(0, (values[px]! - from) / (to - from)))
    sums[at]! += share * r
    sums[at + 1]! += share * g
    sums[at + 2]! += share * b
  }
}

/** A whole tile; what hangs over the edge of the level is black, as what nothing shines from. */
function asPicture(sums: Float32Array, { width, height }: LevelRect, { tileWidth, tileHeight }: TileGrid): Rgb {
  const pixels = new Uint8ClampedArray(tileWidth * tileHeight * 3)
  for (let y = 0; y < height; y++) pixels.set(sums.subarray(y * width * 3, (y + 1) * width * 3), y * tileWidth * 3)
  return { data: Buffer.from(pixels.buffer), width: tileWidth, height: tileHeight }
}
