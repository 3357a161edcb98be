/**
 * The slides a process holds open: opened when first asked for, the ones not used longest closed again, each watched for
 * being removed or replaced while it is open.
 */
import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { ChannelMapping } from '../../src-shared/channels.ts'
import { isTesseraError, tesseraError, type TesseraError } from '../../src-shared/errors.ts'
import { fileError, isOutOfReach } from '../files/fileErrors.ts'
import { differs, fileMissing } from './lostFile.ts'
import { fingerprintOf } from './fingerprint.ts'
import { openSlideFile } from './formats/openSlideFile.ts'
import type { SlideSource } from './formats/slideSource.ts'
import type { SlideFile } from './processContract.ts'

const MOST_OPEN = 8

/** A file is looked at again when the last look is older than this, ms. */
const LOOK_AGAIN_MS = 500

type OpenSlide = {
  source: Promise<SlideSource>
  fingerprint: Promise<string>
  /** size and time of change, as found when it was opened */
  stamp: string
  lookedAt: number
  users: number
  /** not to be used again; closed when its last user has finished */
  dropped: boolean
}

interface OpenSlides {
  /**
   * A slide whose drive went away while it was open is closed: the next use opens it anew.
   *
   * @throws {TesseraError} SLIDE_FILE_MISSING, SLIDE_FILE_DIFFERS when the slide's fingerprint is known; FILE_NOT_FOUND
   * and the other reasons why a file can not be opened; what `work` throws, SLIDE_READ_FAILED among it
   */
  use<T>(slide: SlideFile, work: (source: SlideSource, fingerprint: string) => Promise<T>): Promise<T>
}

/** @param onLost told when a file is gone or is not the slide's any more */
export function openSlides(onLost: (file: string, error: TesseraError) => void): OpenSlides {
  const open = new Map<string, OpenSlide>()

  const drop = (file: string, slide: OpenSlide): void => {
    if (open.get(file) === slide) open.delete(file)
    slide.dropped = true
    closeUnused(slide)
  }

  const closeUnused = (slide: OpenSlide): void => {
    if (!slide.dropped || slide.users > 0) return
    slide.source.then((source) => source.close()).catch(() => undefined) // it never opened, or its drive is gone
  }

  const begin = (file: string, stamp: string): OpenSlide => {
    const source = openSlideFile(file)
    const slide: OpenSlide = {
      source,
      // of a file that can not be opened, too: it may be another one than the slide's
      fingerprint: source.catch(() => ({ file, parts: [] })).then((opened) => fingerprintOf(opened.file, opened.parts)),
      stamp,
      lookedAt: performance.now(),
      users: 0,
      dropped: false,
    }
    open.set(file, slide)
    for (const opening of [slide.source, slide.fingerprint]) opening.catch(() => drop(file, slide)) // tried anew next time
    for (const [other, each] of open) {
      if (open.size <= MOST_OPEN) break
      if (each.users === 0 && each !== slide) drop(other, each)
    }
    return slide
  }

  /** The open slide of a file that still is what it was; its user has to be taken off again. */
  const acquire = async (file: string): Promise<OpenSlide> => {
    const known = open.get(file)
    if (known && performance.now() - known.lookedAt < LOOK_AGAIN_MS) return taken(known)
    const stamp = await stampOf(file)
    const now = open.get(file)
    if (now?.stamp === stamp) {
      now.lookedAt = performance.now()
      open.delete(file)
      open.set(file, now) // the one used last stands last
      return taken(now)
    }
    if (now) drop(file, now)
    return taken(begin(file, stamp))
  }

  return {
    async use({ file, fingerprint, channels }, work) {
      let slide: OpenSlide | undefined
      try {
        slide = await acquire(file)
        const found = await slide.fingerprint
        if (fingerprint !== null && found !== fingerprint) throw differs(file)
        return await work(putTogether(await slide.source, channels ?? null), found)
      } catch (error) {
        const told = (await isGone(file)) && fingerprint !== null ? fileMissing(file) : error
        if (slide && isTesseraError(error, 'SLIDE_READ_FAILED')) drop(file, slide)
        if (isTesseraError(told, 'SLIDE_FILE_MISSING') || isTesseraError(told, 'SLIDE_FILE_DIFFERS')) {
          if (slide) drop(file, slide)
          onLost(file, told)
        }
        throw told
      } finally {
        if (slide) {
          slide.users--
          closeUnused(slide)
        }
      }
    },
  }
}

/** The slide with its channels put together in another way than the file says. */
function putTogether(source: SlideSource, mapping: ChannelMapping | null): SlideSource {
  if (!mapping) return source
  const { channels, file } = source
  if (channels?.facts.length !== mapping.length)
    throw tesseraError(
      'INPUT_INVALID',
      `“${path.basename(file)}” has ${channels?.facts.length ?? 0} channels that can be put together, but ${mapping.length} were given.`,
      { call: 'slides.use', issues: [`${mapping.length} channels`] },
    )
  return { ...source, levels: channels.levels(mapping) }
}

function taken(slide: OpenSlide): OpenSlide {
  slide.users++
  return slide
}

/** Changes when a file is replaced or written to. @throws {TesseraError} FILE_NOT_FOUND, FILE_NO_PERMISSION */
export async function stampOf(file: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(file)
    return `${file} ${size} ${mtimeMs} ${ino}`
  } catch (error) {
    throw fileError(file, error)
  }
}

/** Whatever its absence caused first, that the file is gone is what there is to tell. */
const isGone = (file: string): Promise<boolean> =>
  stat(file).then(
    () => false,
    (error: unknown) => isOutOfReach(error),
  )
