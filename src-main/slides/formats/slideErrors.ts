/** The ways a slide's file is refused, in words. Only the name of the file is told, never the folder it lies in. */
import path from 'node:path'
import { messageOf, tesseraError } from '../../../src-shared/errors.ts'

/** What Tessera reads, for the end of every refusal. */
const READS = 'Tessera reads Aperio SVS, TIFF, OME-TIFF, DICOM, Deep Zoom, PNG and JPEG files.'

const shown = (file: string): string => `“${path.basename(file)}”`

export const notASlide = (file: string, reason: string) =>
  tesseraError(
    'SLIDE_NOT_A_SLIDE',
    `${shown(file)} is not a slide: ${reason}. ${READS} Check whether the file was renamed, or choose another one.`,
    { file, reason },
  )

/**
 * @param format what the file is: “a Hamamatsu NDPI file”
 * @param part what of it is not read, when it is not the format as a whole
 */
export const formatNotRead = (file: string, format: string, part = 'This format') =>
  tesseraError(
    'SLIDE_FORMAT_NOT_READ',
    `${shown(file)} is ${format}. ${part} is not read yet. ${READS} Convert it, for example with QuPath or libvips, or use another copy.`,
    { file, format },
  )

/** How OpenSlide gets onto a machine. */
const installHints: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux:
    'On Debian and Ubuntu: “sudo apt install libopenslide1” (older: libopenslide0); on Fedora: “sudo dnf install openslide”.',
  darwin: 'With Homebrew: “brew install openslide”.',
  win32: 'Unpack the Windows build from openslide.org, and set TESSERA_OPENSLIDE to its libopenslide-1.dll.',
}

/** @param found the version that is installed; null = none */
export const needsOpenSlide = (file: string, format: string, found: string | null, needed: string) =>
  tesseraError(
    'SLIDE_NEEDS_OPENSLIDE',
    `${shown(file)} is ${format}, which Tessera reads with the help of OpenSlide ${needed} or newer; ${found === null ? 'none was found' : `version ${found} was found, which is not safe for this format or does not know it`}. ${installHints[process.platform] ?? 'See openslide.org.'} TESSERA_OPENSLIDE may name the library’s file. Then start Tessera again.`,
    { file, format, found, needed },
  )

/** @param reason what is wrong in the file, as a sentence without its full stop */
export const brokenSlide = (file: string, reason: string, cause?: unknown) =>
  tesseraError(
    'SLIDE_BROKEN',
    `${shown(file)} is damaged: ${reason}. It may have been cut short while it was copied: compare its size with the original, and copy it again.`,
    { file, reason },
    { cause },
  )

export type TilePlace = { level: number; column: number; row: number }

export const brokenTile = (file: string, { level, column, row }: TilePlace, reason: string, cause?: unknown) =>
  tesseraError(
    'SLIDE_TILE_BROKEN',
    `A tile of ${shown(file)} can not be read (level ${level}, column ${column}, row ${row}): ${reason}. The rest of the slide can still be used; copy the file again to repair it.`,
    { file, level, column, row, reason },
    { cause },
  )

/** @param cause what the system says of its drive */
export const readFailed = (file: string, cause: unknown) =>
  tesseraError(
    'SLIDE_READ_FAILED',
    `${shown(file)} could not be read just now: its drive answers “${messageOf(cause)}”. Check its cable or network. Tessera tries again by itself; what was read before is not affected.`,
    { file, reason: messageOf(cause) },
    { cause },
  )

/** @param bytes of the pyramid */
export const notPrepared = (file: string, bytes: number) =>
  tesseraError(
    'SLIDE_NOT_PREPARED',
    `${shown(file)} has no smaller versions of itself, and they were not made yet, so it can not be shown. They take ${(bytes / 1e9).toFixed(1)} GB and are made once; wait for the job, or try again.`,
    { file, bytes },
  )
