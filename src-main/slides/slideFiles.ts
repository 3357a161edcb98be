/** Slide files by themselves, without a project: for the command line. Each call has a reading process of its own. */
import path from 'node:path'
import { isTesseraError, tesseraError } from '../../src-shared/errors.ts'
import type { SlideHeader } from '../../src-shared/slides.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import { samplingOfFile } from './mpp.ts'
import { createSlideReader, type SlideReader } from './reader.ts'

async function withReader<T>(host: WorkerHost, work: (reader: SlideReader) => Promise<T>): Promise<T> {
  const reader = createSlideReader(host, { name: 'slide-read', niceness: 0, heapMb: 512 })
  try {
    return await work(reader)
  } finally {
    reader.stop()
  }
}

const openFile = (reader: SlideReader, file: string) =>
  reader.ask({ key: file, name: path.basename(file) }, 'slides.open', { file, fingerprint: null })

/** Makes the pyramid that a large picture lacks, which takes a while the first time. */
async function prepared(reader: SlideReader, file: string): Promise<void> {
  const { toPrepare } = await openFile(reader, file)
  if (toPrepare === null) return
  const subject = { key: file, name: path.basename(file) }
  await reader.follow(subject, 'slides.prepare', { file, fingerprint: null }, () => undefined)
}

/** @throws {TesseraError} why the file can not be read */
export const slideInfo = (host: WorkerHost, file: string): Promise<{ header: SlideHeader; fingerprint: string }> =>
  withReader(host, (reader) => openFile(reader, path.resolve(file)))

/**
 * As OpenSlide's read_region: `x`, `y` = top left corner in level-0 px; `width`, `height` = px of the picture.
 * At a level: px of that level as they are stored. At a µm/px: resampled.
 */
type RegionRequest = {
  x: number
  y: number
  width: number
  height: number
  at: { level: number } | { mpp: number }
}

/**
 * A region as PNG; what lies outside the slide is white.
 * @throws {TesseraError} SLIDE_REGION_OUTSIDE; SLIDE_MPP_NEEDED when the file does not say its µm/px; why the file can
 * not be read
 */
export const slideRegion = (host: WorkerHost, file: string, wanted: RegionRequest): Promise<Uint8Array> =>
  withReader(host, async (reader) => {
    const absolute = path.resolve(file)
    const { x, y, width, height } = wanted
    const at = 'level' in wanted.at ? { level: wanted.at.level } : await scaleFor(reader, absolute, wanted.at.mpp)
    const subject = { key: absolute, name: path.basename(file) }
    const read = () =>
      reader.ask(subject, 'slides.region', { file: absolute, fingerprint: null, x, y, width, height, at })
    try {
      return await read()
    } catch (error) {
      // only what the region needs is worth the time: level 0 of a slide of one level is there as it is
      if (!isTesseraError(error, 'SLIDE_NOT_PREPARED')) throw error
      await prepared(reader, absolute)
      return await read()
    }
  })

async function scaleFor(reader: SlideReader, file: string, mpp: number): Promise<{ scaleX: number; scaleY: number }> {
  const { header } = await openFile(reader, file)
  const sampling = samplingOfFile(header.fileMpp)
  if (sampling) return { scaleX: mpp / sampling.mppX, scaleY: mpp / sampling.mppY }
  const name = path.basename(file)
  throw tesseraError(
    'SLIDE_MPP_NEEDED',
    `“${name}” does not say how finely it was scanned, so a region at ${mpp} µm/px can not be cut. Choose a level instead.`,
    { slide: name, found: header.fileMpp?.x ?? null },
  )
}
