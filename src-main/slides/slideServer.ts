/** The work of a slide process: each call of its contract, done on the slides it holds open. */
import { type ErrorCode, isTesseraError, tesseraError, toError, toFault } from '../../src-shared/errors.ts'
import type { SlideId } from '../../src-shared/ids.ts'
import type { SlideColours, TileReply, TileRequest } from '../../src-shared/slides.ts'
import type { Handlers } from '../../src-shared/wire/contract.ts'
import { watchOwnMemory } from '../jobs/memoryWatch.ts'
import { openSlides, stampOf } from './openSlides.ts'
import { ProfileFault, profileName } from './formats/colourProfile.ts'
import type { SlideSource } from './formats/slideSource.ts'
import { gridSharpness } from './pixels/focus.ts'
import { gridPatchPicture, readGridPatches } from './pixels/gridPatches.ts'
import { type IdxImages, readIdxImages, readIdxLabels } from './pixels/idxFile.ts'
import { type PatchFile, writePatchFile } from './pixels/patchFile.ts'
import {
  filePicture,
  idxPatchPicture,
  pictureFacts,
  picturesFacts,
  readIdxPatches,
  readPictures,
} from './pixels/setPictures.ts'
import { associatedPicture, regionPicture, slideThumbnail } from './pixels/slideImages.ts'
import { measureTissue, type TissueImage } from './pixels/tissue.ts'
import { readTissueImage } from './pixels/tissueImage.ts'
import type { PatchOrigin, ProcessContract, ServedSlide, SlideFile } from './processContract.ts'
import { reported } from './reported.ts'
import { setBroken } from './setErrors.ts'

/** A window asks for a slide before this process was told of it, for instance after a restart: it waits so long, ms. */
const SERVE_WAIT_MS = 10_000

interface SlideServer {
  handlers: Handlers<ProcessContract>
  /** Tiles for a window that is connected directly. */
  windowTiles(request: TileRequest): Promise<TileReply[]>
}

type Publish = {
  (name: 'tiles.reading', body: { number: number; request: TileRequest | null }): void
  (name: 'slides.lost', body: { file: string; fault: ReturnType<typeof toFault> }): void
}

export function createSlideServer(publish: Publish): SlideServer {
  const slides = openSlides((file, error) => publish('slides.lost', { file, fault: toFault(error) }))
  const served = new Map<SlideId, Exclude<ServedSlide['serve'], null>>()
  const waiting = new Set<() => void>()
  const tissueImages = lastUsed<TissueImage>(1)
  const lastTissue = lastUsed<ReturnType<typeof measureTissue>>(1)
  const lastIdx = lastUsed<IdxImages>(1)
  let requests = 0

  /** @param refused codes that fail all tiles of the request; else a tile's error is its own */
  const tilesAtOnce = (slide: SlideFile, level: number, places: TileRequest['tiles'], ...refused: ErrorCode[]) =>
    slides.use(slide, async (source) => {
      const reader = source.levels[level]
      if (!reader) throw noLevel(source, level)
      return Promise.all(
        places.map(([column, row]) =>
          reader.tile(column, row).catch((error: unknown): TileReply => {
            if (isTesseraError(error) && refused.includes(error.code)) throw error
            return toFault(error)
          }),
        ),
      )
    })

  /** Where the drive was away for a moment, the file is opened anew, and only then a tile is given up. */
  const tilesOf = (slide: SlideFile, level: number, places: TileRequest['tiles']): Promise<TileReply[]> =>
    tilesAtOnce(slide, level, places, 'SLIDE_READ_FAILED').catch((error: unknown) => {
      if (!isTesseraError(error, 'SLIDE_READ_FAILED')) throw error
      return tilesAtOnce(slide, level, places)
    })

  /** An IDX file is unpacked as a whole, so the last one is kept; a changed file is read anew. */
  const idxImages = async (file: string): Promise<IdxImages> => lastIdx(await stampOf(file), () => readIdxImages(file))

  /** The images of a set that was added when they were as the origin says. */
  const idxOfSet = async ({ images: file, count, edge }: Extract<PatchOrigin, { kind: 'idx' }>): Promise<IdxImages> => {
    const images = await idxImages(file)
    if (images.count === count && images.width === edge && images.height === edge) return images
    throw setBroken(
      file,
      null,
      `it holds ${images.count} images of ${images.width} × ${images.height} px, but held ${count} of ${edge} × ${edge} px when the set was added. Add the set again`,
    )
  }

  /** A slide a window asks for; waits until the main process has said where it is. */
  const servedSlide = async (slide: SlideId): Promise<SlideFile> => {
    const until = performance.now() + SERVE_WAIT_MS
    while (!served.has(slide) && performance.now() < until)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, until - performance.now())
        function done() {
          clearTimeout(timer)
          waiting.delete(done)
          resolve()
        }
        waiting.add(done)
      })
    const found = served.get(slide)
    if (!found) throw tesseraError('SLIDE_UNKNOWN', 'This slide is not in the project any more.', { slide })
    if ('code' in found) throw toError(found)
    return found
  }

  const pictures = async (origin: PatchOrigin, margin: number, edge: number): Promise<(Uint8Array | null)[]> => {
    switch (origin.kind) {
      case 'grid': {
        const { grid, patches } = origin
        return slides.use(origin.slide, (source) =>
          Promise.all(
            Array.from(patches, (patch) =>
              unlessDamaged(gridPatchPicture(source, grid, patch, margin, edge), 'SLIDE_TILE_BROKEN'),
            ),
          ),
        )
      }
      case 'pictures':
        return Promise.all(
          origin.files.map((file) =>
            unlessDamaged(filePicture(file, edge), 'PATCH_SET_BROKEN', 'FILE_NOT_FOUND', 'FILE_NO_PERMISSION'),
          ),
        )
      case 'idx': {
        const images = await idxOfSet(origin)
        return Promise.all(Array.from(origin.patches, (patch) => idxPatchPicture(images, patch, edge)))
      }
    }
  }

  const readPatches = async (origin: PatchOrigin, edgePx: number, into: PatchFile): Promise<void> => {
    switch (origin.kind) {
      case 'grid':
        return slides.use(origin.slide, (source) => readGridPatches(source, origin.grid, origin.patches, edgePx, into))
      case 'pictures':
        return readPictures(origin.files, origin.edge, edgePx, into)
      case 'idx':
        return readIdxPatches(await idxOfSet(origin), origin.patches, edgePx, into)
    }
  }

  return {
    async windowTiles(request) {
      const number = ++requests
      const slide = await servedSlide(request.slide)
      publish('tiles.reading', { number, request })
      try {
        return await tilesOf({ ...slide, channels: request.channels }, request.level, request.tiles)
      } finally {
        publish('tiles.reading', { number, request: null })
      }
    },
    handlers: {
      calls: {
        'process.ready': ({ memoryMb }) => watchOwnMemory(memoryMb),
        'slides.open': (slide) =>
          slides.use(slide, async ({ file, header, pyramid }, fingerprint) => ({
            file,
            header,
            fingerprint,
            toPrepare: !pyramid || (await pyramid.isMade()) ? null : pyramid.bytes,
          })),
        'slides.tiles': ({ level, tiles, ...slide }) => tilesOf(slide, level, tiles),
        'slides.colours': (slide) =>
          slides.use(slide, async (source) => ({
            channels: [...(source.channels?.facts ?? [])],
            ...(await usableProfile(source)),
          })),
        'slides.thumbnail': ({ edge, ...slide }) => slides.use(slide, (source) => slideThumbnail(source, edge)),
        'slides.associatedImage': ({ name, ...slide }) =>
          slides.use(slide, (source) => associatedPicture(source, name)),
        'slides.region': ({ file, fingerprint, channels, at, ...rect }) =>
          slides.use({ file, fingerprint, channels }, (source) => regionPicture(source, { ...rect, ...at })),
        'slides.tissue': ({ file, fingerprint, channels, grid, mppX, mppY, wanted }) =>
          slides.use({ file, fingerprint, channels }, async (source, found) => {
            const { minimumShare: _share, leaveOut: _leaveOut, ...pixels } = wanted // these two are decided later
            const colours = channels ?? null
            return lastTissue(JSON.stringify([found, colours, grid, mppX, mppY, pixels]), async () => {
              const key = JSON.stringify([found, colours, mppX, mppY])
              const image = await tissueImages(key, () => readTissueImage(source, mppX, mppY))
              return measureTissue(image, grid, mppX, mppY, wanted)
            })
          }),
        'patches.sharpness': ({ file, fingerprint, channels, grid, patches, edgePx }) =>
          slides.use({ file, fingerprint, channels }, (source) => gridSharpness(source, grid, patches, edgePx)),
        'patches.pictures': ({ origin, margin, edge }) => pictures(origin, margin, edge),
        'patches.pictureFact': ({ file }) => pictureFacts(file),
        async 'patches.idxFacts'({ images, labels }) {
          const [pixels, classes] = [await idxImages(images), await readIdxLabels(labels)]
          if (pixels.count !== classes.length)
            throw setBroken(labels, null, `it has ${classes.length} labels for ${pixels.count} images`)
          return { count: pixels.count, width: pixels.width, height: pixels.height, labels: Uint8Array.from(classes) }
        },
        'tiles.serve'(list) {
          for (const { slide, serve } of list)
            if (serve) served.set(slide, serve)
            else served.delete(slide)
          for (const wake of waiting) wake()
        },
      },
      streams: {
        'slides.prepare': (slide) =>
          reported((report) =>
            slides.use(slide, async ({ pyramid }) => {
              if (pyramid && !(await pyramid.isMade())) await pyramid.make((done) => report({ done }))
            }),
          ),
        'patches.read': ({ origin, edgePx, channels, file }, signal) =>
          reported(async (report) => {
            let last = 0
            const leftOut = await writePatchFile(
              file,
              { edgePx, channels },
              signal,
              (done) => report({ done: (last = done), unread: null }),
              (into) => readPatches(origin, edgePx, into),
            )
            const unread = leftOut.map((place) => ('patches' in origin ? origin.patches[place]! : place))
            report({ done: last, unread: Uint32Array.from(unread) })
          }),
        'patches.pictureFacts': ({ files }) =>
          reported(async (report) => {
            const facts = await picturesFacts(files, (done) => report({ done, facts: null }))
            report({ done: files.length, facts })
          }),
      },
    },
  }
}

/** The slide's colour profile, or why it can not be used; the slide can be looked at all the same. */
async function usableProfile({ profile }: SlideSource): Promise<Pick<SlideColours, 'profile' | 'profileFault'>> {
  try {
    const icc = (await profile?.()) ?? null
    return { profile: icc && { name: profileName(icc), icc: Uint8Array.from(icc) }, profileFault: null }
  } catch (error) {
    if (!(error instanceof ProfileFault || isTesseraError(error, 'SLIDE_BROKEN'))) throw error
    return { profile: null, profileFault: error.message }
  }
}

const noLevel = (source: SlideSource, level: number) =>
  tesseraError(
    'INPUT_INVALID',
    `Tiles of level ${level} were asked for, but the slide has levels 0 to ${source.levels.length - 1}.`,
    { call: 'slides.tiles', issues: [`level ${level}`] },
  )

/** A picture, or null when it failed with one of these codes; the others of its batch are shown all the same. */
const unlessDamaged = (picture: Promise<Uint8Array>, ...codes: ErrorCode[]): Promise<Uint8Array | null> =>
  picture.catch((error: unknown) => {
    if (isTesseraError(error) && codes.includes(error.code)) return null
    throw error
  })

/** Keeps the values of the last few keys, so that a preview does not read a slide for every move of a slider. */
function lastUsed<T>(most: number): (key: string, make: () => Promise<T>) => Promise<T> {
  const kept = new Map<string, Promise<T>>()
  return (key, make) => {
    const value = kept.get(key) ?? make()
    kept.delete(key)
    kept.set(key, value)
    value.catch(() => kept.delete(key))
    for (const oldest of kept.keys()) if (kept.size > most) kept.delete(oldest)
    return value
  }
}
