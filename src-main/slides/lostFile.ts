/** A slide's file is gone, or is another one now. */
import path from 'node:path'
import { tesseraError } from '../../src-shared/errors.ts'

export const fileMissing = (file: string) =>
  tesseraError(
    'SLIDE_FILE_MISSING',
    `The file of the slide “${path.basename(file)}” is not where it was. Connect its drive, or show Tessera where the file is now; labels and predictions are kept.`,
    { slide: path.basename(file), file },
  )

export const differs = (file: string) =>
  tesseraError(
    'SLIDE_FILE_DIFFERS',
    `“${path.basename(file)}” is not the file that was added as this slide: its content is another one. Put the original file back, or add this one as a slide of its own.`,
    { slide: path.basename(file), file },
  )
