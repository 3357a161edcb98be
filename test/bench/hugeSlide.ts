/**
 * Slides of the size a scanner makes, put together once of the sample mosaic and kept in the system's temporary folder.
 *
 * 2,048 × 2,048 px of the mosaic are encoded once for each level; the file repeats these tiles, each written out where it
 * lies, so that reading it is reading a disk. Real tissue everywhere: about 23 kB for a tile, where scanners, with glass
 * among it, have 10 to 30.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { JPEG_LIMITS } from '../../src-main/slides/formats/jpegTile.ts'
import { readTiff, TAG } from '../../src-main/slides/formats/tiffDirectory.ts'
import { COMPRESSION, PHOTOMETRIC } from '../../src-main/slides/formats/tiffImage.ts'
import { MOSAIC_FILE } from '../fixtures/samples.ts'
import { type StoredLevel, writeTiledTiff } from './tiledTiff.ts'

export const HUGE_EDGE = 50_000
export const TILE = 256
/** 0.25 µm/px */
const PER_CENTIMETRE = 40_000

const PERIOD = 2048
const folder = path.join(tmpdir(), 'tessera-bench')

/** 50,000 × 50,000 px, 256 px JPEG tiles of quality 80, 0.25 µm/px, nine levels, a BigTIFF of 1.2 GB. */
export const hugeSlide = (): Promise<string> =>
  once(`mosaic-${HUGE_EDGE}.tif`, async (file) => {
    const levels: StoredLevel[] = []
    for (let step = 1; HUGE_EDGE / step >= 128; step *= 2) {
      const edge = Math.floor(HUGE_EDGE / step)
      const { tables, tiles, across } = await jpegTiles(await period(PERIOD / step))
      levels.push({
        width: edge,
        height: edge,
        tile: TILE,
        compression: COMPRESSION.jpeg,
        photometric: PHOTOMETRIC.yCbCr,
        tileAt: (column, row) => tiles[(row % across) * across + (column % across)]!,
        jpegTables: tables,
        description: null,
        perCentimetre: Math.round(PER_CENTIMETRE / step),
      })
    }
    writeTiledTiff(file, levels)
  })

export const JPEG2000_EDGE = 16_384

/**
 * 16,384 × 16,384 px as Aperio writes JPEG 2000 (33005: RGB in the codestream), 256 px tiles, one level. Tissue enlarged by
 * 4, so that it has the detail of a scan at 0.25 µm/px: about 23 kB for a tile.
 */
export const jpeg2000Slide = (): Promise<string> =>
  once(`mosaic-${JPEG2000_EDGE}-j2k.svs`, async (file) => {
    const { data, edge } = await period(PERIOD, 4)
    const across = edge / TILE
    const encode = await encoder()
    const tiles = Array.from({ length: across * across }, (_, i) =>
      encode(cut(data, edge, (i % across) * TILE, Math.floor(i / across) * TILE)),
    )
    writeTiledTiff(file, [
      {
        width: JPEG2000_EDGE,
        height: JPEG2000_EDGE,
        tile: TILE,
        compression: 33_005,
        photometric: PHOTOMETRIC.rgb,
        tileAt: (column, row) => tiles[(row % across) * across + (column % across)]!,
        jpegTables: null,
        description: `Aperio Image Library v11.2.1\n${JPEG2000_EDGE}x${JPEG2000_EDGE} (256x256) J2K/KDU Q=30|AppMag = 40|MPP = 0.25`,
        perCentimetre: PER_CENTIMETRE,
      },
    ])
  })

/** Made under another name and renamed, so that a run that is cut short leaves nothing that looks whole. */
async function once(name: string, make: (file: string) => Promise<void>): Promise<string> {
  const file = path.join(folder, name)
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true })
  process.stderr.write(`Making the test slide ${name} (once) …\n`)
  await make(`${file}.part`)
  renameSync(`${file}.part`, file)
  return file
}

/**
 * One period of a level, at least a tile: [edge, edge, 3].
 * @param enlarged how many times larger than in the mosaic
 */
async function period(px: number, enlarged = 1): Promise<{ data: Buffer; edge: number }> {
  const length = PERIOD / enlarged
  const mosaic = sharp(MOSAIC_FILE).extract({ left: 320, top: 128, width: length, height: length }).removeAlpha()
  const data = await mosaic.resize(px, px, { fit: 'fill' }).raw().toBuffer()
  if (px >= TILE) return { data, edge: px }
  const repeated = await sharp({ create: { width: TILE, height: TILE, channels: 3, background: '#ffffff' } })
    .composite([{ input: data, raw: { width: px, height: px, channels: 3 }, tile: true, left: 0, top: 0 }])
    .raw()
    .toBuffer()
  return { data: repeated, edge: TILE }
}

/** The tiles libvips stores of a picture, and the tables they share. */
async function jpegTiles({ data, edge }: { data: Buffer; edge: number }) {
  const file = path.join(folder, `period-${edge}-${process.pid}.tif`)
  await sharp(data, { raw: { width: edge, height: edge, channels: 3 } })
    .tiff({ compression: 'jpeg', quality: 80, tile: true, tileWidth: TILE, tileHeight: TILE })
    .toFile(file)
  const handle = await open(file)
  try {
    const tiff = await readTiff(file, handle, (await stat(file)).size)
    const directory = tiff.directories[0]!
    const offsets = await tiff.numbers(directory, TAG.tileOffsets)
    const counts = await tiff.numbers(directory, TAG.tileByteCounts)
    const tiles: Buffer[] = []
    for (const [i, at] of offsets.entries()) tiles.push(await tiff.read(at, counts[i]!))
    return {
      tables: await tiff.raw(directory, TAG.jpegTables, JPEG_LIMITS.tableBytes),
      tiles,
      across: edge / TILE,
    }
  } finally {
    await handle.close()
    rmSync(file)
  }
}

function cut(data: Buffer, edge: number, left: number, top: number): Buffer {
  const tile = Buffer.alloc(TILE * TILE * 3)
  for (let y = 0; y < TILE; y++)
    data.copy(tile, y * TILE * 3, ((top + y) * edge + left) * 3, ((top + y) * edge + left + TILE) * 3)
  return tile
}

type Encoder = {
  getDecodedBuffer(frame: object): Uint8Array
  setQuality(lossless: boolean, rate: number): void
  encode(): void
  getEncodedBuffer(): Uint8Array
  delete(): void
}

async function encoder(): Promise<(tile: Buffer) => Buffer> {
  const load = createRequire(import.meta.url)('@cornerstonejs/codec-openjpeg/wasmjs') as (
    options: object,
  ) => Promise<{ J2KEncoder: new () => Encoder }>
  const quiet = () => undefined
  const codec = await load({ print: quiet, printErr: quiet })
  return (tile) => {
    const one = new codec.J2KEncoder()
    const frame = {
      width: TILE,
      height: TILE,
      bitsPerSample: 8,
      componentCount: 3,
      isSigned: false,
      isUsingColorTransform: true,
    }
    one.getDecodedBuffer(frame).set(tile)
    one.setQuality(false, 0)
    one.encode()
    const codestream = Buffer.from(one.getEncodedBuffer())
    one.delete()
    return codestream
  }
}
