/** PNG and JPEG files. */
import type { FileHandle } from 'node:fs/promises'
import { messageOf } from '../../../src-shared/errors.ts'
import type { FileMpp } from '../../../src-shared/slides.ts'
import { decode, openPicture, toRgb } from '../pixels/decoder.ts'
import { pictureSlide } from './picture.ts'
import { brokenSlide } from './slideErrors.ts'
import { believedMpp } from './statedMpp.ts'
import type { SlideSource } from './slideSource.ts'

/** µm in an inch. */
const INCH = 25_400

/** px: as for TIFF; PNG could say 2^31. */
const LONGEST_SIDE = 2 ** 22

/**
 * Pixels as they are stored: a rotation that a camera noted in the file is not applied, as nowhere in Tessera.
 *
 * @param format “PNG” or “JPEG”
 * @throws {TesseraError} SLIDE_BROKEN
 */
export async function plainPicture(file: string, handle: FileHandle, format: string): Promise<SlideSource> {
  const { width, height, density, space, depth } = await decode(() =>
    openPicture(file, { limitInputPixels: false }).metadata(),
  ).catch((error: unknown) => {
    throw brokenSlide(file, `its header can not be read (${messageOf(error)})`, error)
  })
  if (width > LONGEST_SIDE || height > LONGEST_SIDE)
    throw brokenSlide(file, `it claims to have ${width} × ${height} px`)
  const fileMpp: FileMpp | null = density ? { x: INCH / density, y: INCH / density, tag: `${format} resolution` } : null
  return pictureSlide({
    file,
    handle,
    width,
    height,
    place: 'file',
    read: () => toRgb(openPicture(file)),
    facts: {
      format,
      vendor: null,
      ...believedMpp([fileMpp]),
      objectivePower: null,
      bounds: null,
      warnings: [],
      properties: [
        { name: 'picture.colours', value: space },
        { name: 'picture.depth', value: depth },
      ],
    },
  })
}
