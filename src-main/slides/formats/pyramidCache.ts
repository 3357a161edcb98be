/**
 * Pyramids of pictures that have none, in the cache folder of this machine: one uncompressed, tiled BigTIFF for each
 * picture, named after the picture's fingerprint. Whoever deletes it only costs the time of making it again.
 *
 * Uncompressed, because then its size is known before it is made, so that progress is true and a disk that is too small
 * is said at once; and because a tile is then read without decoding anything. It takes 4 bytes for each px.
 */
import { mkdir, open, readdir, rename, rm, stat, statfs, utimes, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { messageOf, tesseraError } from '../../../src-shared/errors.ts'
import type { SlideLevel } from '../../../src-shared/slides.ts'
import { fileError, systemCode } from '../../files/fileErrors.ts'
import { cacheFolder } from '../../settings/dataFolder.ts'
import { decode, KERNEL, openPicture } from '../pixels/decoder.ts'
import { brokenSlide, notPrepared } from './slideErrors.ts'
import { lazily, type LevelReader, type MissingPyramid } from './slideSource.ts'
import { readTiff } from './tiffDirectory.ts'
import { readTiffImage } from './tiffImage.ts'
import { downsampleOf, isTiled } from './tiffPyramid.ts'
import { unpackedLevel } from './unpackedLevel.ts'
import { openPage, type VipsPage } from './vipsImage.ts'

/** A picture is a file of its own, or an image of a TIFF. */
export type PicturePlace = 'file' | VipsPage

/** px of a tile's edge in pyramids we make. */
export const TILE = 256

/** All pyramids together; the ones not used longest are deleted when a new one is made. */
const MOST_BYTES = 64e9

/** How often it is looked how far a pyramid is, ms. */
const LOOK_MS = 250

/** The levels libvips makes of a picture: halved and cut to whole px until one tile holds all. */
export function pyramidShapes(width: number, height: number): SlideLevel[] {
  const base = { width, height }
  const shapes: SlideLevel[] = []
  for (let level = base; ; level = { width: Math.max(1, level.width >> 1), height: Math.max(1, level.height >> 1) }) {
    shapes.push({
      ...level,
      downsample: downsampleOf(base, level),
      tileWidth: TILE,
      tileHeight: TILE,
      columns: Math.ceil(level.width / TILE),
      rows: Math.ceil(level.height / TILE),
    })
    if (level.width <= TILE && level.height <= TILE) return shapes
  }
}

const bytesOf = (shapes: readonly SlideLevel[]): number =>
  shapes.reduce((sum, { columns, rows }) => sum + columns * rows * TILE * TILE * 3, 0)

const pyramidsFolder = (): string => path.join(cacheFolder(process.platform, process.env), 'pyramids')

/**
 * @param shapes of the levels that are made: all of a picture's, or all but its largest, which is then read where it lies
 * @param fingerprint of the picture's file
 */
export function cachedPyramid(
  file: string,
  place: PicturePlace,
  shapes: readonly SlideLevel[],
  fingerprint: string,
): { pyramid: MissingPyramid; levels: LevelReader[]; close(): Promise<void> } {
  const base = shapes[0]!
  const from = `${place === 'file' ? '' : `-${place.page}`}${base.downsample === 1 ? '' : '-half'}`
  const cache = path.join(pyramidsFolder(), `${fingerprint}${from}.tif`)
  const bytes = bytesOf(shapes)
  let handle: Promise<FileHandle> | null = null

  /** The pyramid, when it is there and whole. */
  const opened = async () => {
    handle ??= open(cache, 'r')
    try {
      const { size } = await (await handle).stat()
      if (size < bytes) throw notPrepared(file, bytes)
      const tiff = await readTiff(cache, await handle, size)
      if (tiff.directories.length !== shapes.length) throw notPrepared(file, bytes)
      await utimes(cache, new Date(), new Date()) // used now: see trim
      return tiff
    } catch (error) {
      handle?.then((each) => each.close()).catch(() => undefined) // it was never opened
      handle = null
      throw systemCode(error) === 'ENOENT' ? notPrepared(file, bytes) : error
    }
  }

  return {
    levels: shapes.map((shape, level) =>
      lazily(async () => {
        const tiff = await opened()
        const image = await readTiffImage(tiff, tiff.directories[level]!)
        if (!isTiled(image) || image.width !== shape.width || image.height !== shape.height)
          throw notPrepared(file, bytes)
        return unpackedLevel(tiff, image, shape, level)
      }),
    ),
    pyramid: {
      bytes,
      async isMade() {
        const facts = await stat(cache).catch(() => null) // not there
        return facts !== null && facts.size >= bytes
      },
      async make(report) {
        const folder = path.dirname(cache)
        const temporary = path.join(folder, `${fingerprint}.${process.pid}.part`)
        try {
          await mkdir(folder, { recursive: true })
          await trim(folder, bytes)
          await enoughRoom(folder, bytes)
          await written(file, place, base, temporary, (done) => report(Math.min(done, bytes)))
          await rename(temporary, cache)
        } catch (error) {
          await rm(temporary, { force: true }).catch(() => undefined) // the first error is the one to tell
          throw fileError(temporary, error)
        }
      },
    },
    async close() {
      const open = await handle?.catch(() => null)
      await open?.close()
    },
  }
}

/** @param base the largest level that is made */
async function written(
  file: string,
  place: PicturePlace,
  base: SlideLevel,
  into: string,
  report: (done: number) => void,
): Promise<void> {
  const timer = setInterval(() => {
    stat(into).then(
      ({ size }) => report(size),
      () => undefined, // not begun yet
    )
  }, LOOK_MS)
  const whole =
    place === 'file' ? openPicture(file, { limitInputPixels: false, sequentialRead: true }) : openPage(file, place)
  const opened = base.downsample === 1 ? whole : whole.resize(base.width, base.height, { fit: 'fill', kernel: KERNEL })
  try {
    await decode(() =>
      opened
        .flatten({ background: '#fff' })
        .toColourspace('srgb')
        .tiff({ compression: 'none', tile: true, tileWidth: TILE, tileHeight: TILE, pyramid: true, bigtiff: true })
        .toFile(into),
    )
  } catch (error) {
    if (/no space|disk full|write error/i.test(messageOf(error)))
      throw fileError(into, Object.assign(new Error(messageOf(error)), { code: 'ENOSPC' }))
    throw brokenSlide(file, `it could not be decoded (${messageOf(error)})`, error)
  } finally {
    clearInterval(timer)
  }
}

async function enoughRoom(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= needed) return
  throw tesseraError(
    'DISK_FULL',
    `A pyramid of this picture takes ${(needed / 1e9).toFixed(1)} GB in “${folder}”, but only ${((bavail * bsize) / 1e9).toFixed(1)} GB are free. Free some space, or set TESSERA_CACHE to a folder on another disk.`,
    { file: folder, needed },
  )
}

/** Makes room for a new pyramid: deletes the ones not used longest, and what a process that was ended left behind. */
async function trim(folder: string, needed: number): Promise<void> {
  const files = []
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name)
    const facts = await stat(file).catch(() => null) // another process deleted it just now
    if (facts) files.push({ file, size: facts.size, usedAt: facts.mtimeMs, half: name.endsWith('.part') })
  }
  let total = files.reduce((sum, { size }) => sum + size, needed)
  for (const { file, size, usedAt, half } of files.toSorted((a, b) => a.usedAt - b.usedAt)) {
    const isLeftOver = half && Date.now() - usedAt > 24 * 3600e3
    if (!isLeftOver && (half || total <= MOST_BYTES)) continue
    // one that is open stays where the system does not let go of it
    await rm(file, { force: true }).then(
      () => (total -= size),
      () => undefined,
    )
  }
}
