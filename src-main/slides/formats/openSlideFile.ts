/**
 * Opens a slide's file, or a folder of DICOM files: finds its format and refuses every other one by its name. Formats with
 * libraries of their own are loaded when the first such file is opened: a reading process must be up at once.
 */
import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { fileError, isDriveLost, systemCode } from '../../files/fileErrors.ts'
import { aperioFacts, isAperio } from './aperioSvs.ts'
import { fileKind, KIND_BYTES } from './fileKind.ts'
import { isLeicaScn, isPhilips } from './tiffVendors.ts'
import { plainPicture } from './plainPicture.ts'
import { readSome } from './readSome.ts'
import { brokenSlide, formatNotRead, notASlide, readFailed } from './slideErrors.ts'
import type { SlideSource } from './slideSource.ts'
import { readTiff, TAG, type Tiff } from './tiffDirectory.ts'
import { readTiffImage, type TiffImage } from './tiffImage.ts'
import { largest } from './tiffPyramid.ts'
import { genericFacts, tiffSlide } from './tiffSlide.ts'

/**
 * @throws {TesseraError} FILE_NOT_FOUND, FILE_NO_PERMISSION, FILE_IS_DIRECTORY; SLIDE_NOT_A_SLIDE, SLIDE_FORMAT_NOT_READ,
 * SLIDE_BROKEN
 */
export async function openSlideFile(file: string): Promise<SlideSource> {
  try {
    const facts = await stat(file)
    const inside = facts.isDirectory() ? await (await import('./dicomFolder.ts')).firstOfFolder(file) : null
    if (inside) return await openSlideFile(inside)
    if (facts.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' })
    // Opening a pipe would wait for its writer for ever.
    if (!facts.isFile()) throw notASlide(file, 'it is a device or a pipe, not a file')
    const handle = await open(file, constants.O_RDONLY)
    try {
      return await sourceOf(file, handle, (await handle.stat()).size)
    } catch (error) {
      await handle.close()
      throw error
    }
  } catch (error) {
    if (isDriveLost(error)) throw readFailed(file, error)
    throw systemCode(error) ? fileError(file, error) : error
  }
}

const END_IS_MISSING =
  'The end of the file is missing: levels, label or macro image may be gone, and tiles are marked where they are. Copy the file again.'

const cutShort = (file: string) => brokenSlide(file, 'its end is missing, and with it the slide at full resolution')

async function sourceOf(file: string, handle: FileHandle, bytes: number): Promise<SlideSource> {
  const buffer = Buffer.alloc(KIND_BYTES)
  const bytesRead = await readSome(file, handle, buffer, 0, KIND_BYTES, 0)
  const kind = fileKind(file, buffer.subarray(0, bytesRead))
  switch (kind.is) {
    case 'no picture':
      throw notASlide(file, kind.reason)
    case 'other format':
      throw formatNotRead(file, kind.name)
    case 'openslide':
      return throughOpenSlide(file, handle, bytes, kind)
    case 'tiff':
      return tiffSource(file, handle, bytes)
    case 'dicom':
      return (await import('./dicomSlide.ts')).dicomSlide(file, handle, bytes)
    case 'deep zoom':
      return (await import('./deepZoom.ts')).deepZoomSlide(file, handle)
    case 'picture':
      return plainPicture(file, handle, kind.format)
  }
}

async function throughOpenSlide(
  file: string,
  handle: FileHandle,
  bytes: number,
  { name, isTiff }: { name: string; isTiff: boolean },
): Promise<SlideSource> {
  const { openSlideLibrary } = await import('./openSlideLibrary.ts')
  const library = openSlideLibrary()
  // OpenSlide ends its process on a tile of 2^28 px. NDPI keeps to no limits that could be checked.
  if (library && isTiff && !name.includes('NDPI')) await imagesOf(await readTiff(file, handle, bytes))
  return (await import('./openSlideSource.ts')).openSlideSource(file, handle, name, library)
}

/** Every image of a TIFF, within the limits of what slides have. @throws {TesseraError} SLIDE_BROKEN */
async function imagesOf(tiff: Tiff): Promise<TiffImage[]> {
  const images: TiffImage[] = []
  for (const directory of tiff.directories) images.push(await readTiffImage(tiff, directory))
  return images
}

async function tiffSource(file: string, handle: FileHandle, bytes: number): Promise<SlideSource> {
  const tiff = await readTiff(file, handle, bytes)
  const images = await imagesOf(tiff)
  const description = await tiff.text(images[0]!.directory, TAG.imageDescription)
  const isOme = description !== null && /<(\w+:)?OME[\s>]/.test(description)
  if (isOme && tiff.isCutShort) throw cutShort(file)
  if (isOme) return (await import('./omeTiff.ts')).omeSlide(tiff, handle, images, description)
  const software = (await tiff.text(images[0]!.directory, TAG.software)) ?? ''
  const isWhole = !tiff.isCutShort
  if (description !== null && isWhole && isPhilips(software, description))
    return (await import('./philipsTiff.ts')).philipsSlide(tiff, handle, images, description)
  if (description !== null && isWhole && isLeicaScn(description)) {
    const slide = await (await import('./leicaScn.ts')).leicaSlide(tiff, handle, images, description)
    return typeof slide === 'string' ? throughOpenSlide(file, handle, bytes, { name: slide, isTiff: true }) : slide
  }
  const other = await otherTiff(tiff, description ?? '')
  if (other?.openSlide) return throughOpenSlide(file, handle, bytes, { name: other.name, isTiff: true })
  if (other) throw formatNotRead(file, other.name)
  const facts = isAperio(description) ? await aperioFacts(tiff, images) : await genericFacts(tiff, images)
  if (!tiff.isCutShort) return tiffSlide(tiff, handle, images, facts)
  // what is left must be the slide itself, and not its thumbnail or a smaller level
  if (largest(images) !== images[0]) throw cutShort(file)
  return tiffSlide(tiff, handle, images, { ...facts, warnings: [...facts.warnings, END_IS_MISSING] })
}

/**
 * TIFF files with rules of their own, which read as plain TIFF would show wrong geometry or colours: those of Philips and
 * Leica that our own readers do not take, overlapping tiles (Ventana), channels and series (PerkinElmer).
 */
async function otherTiff(tiff: Tiff, description: string): Promise<{ name: string; openSlide: boolean } | null> {
  const [first] = tiff.directories
  const software = (await tiff.text(first!, TAG.software)) ?? ''
  const xmp = (await tiff.raw(first!, TAG.xmp, 16 << 20))?.toString('latin1') ?? ''
  const byOpenSlide = (name: string) => ({ name, openSlide: true })
  if (first!.entries.has(TAG.ndpiMark)) return byOpenSlide('a Hamamatsu NDPI file')
  if (software.startsWith('Philips')) return byOpenSlide('a Philips TIFF file')
  if (description.includes('leica-microsystems.com/scn')) return byOpenSlide('a Leica SCN file')
  if (xmp.includes('<iScan') || description.includes('<iScan')) return byOpenSlide('a Ventana BIF file')
  if (description.includes('PerkinElmer-QPI')) return { name: 'a PerkinElmer QPTIFF file', openSlide: false }
  if (description.startsWith('ImageJ=')) return { name: 'an ImageJ TIFF file', openSlide: false }
  return null
}
