/** How a patch set is refused: its folder, list or IDX file, and every picture of it. */
import path from 'node:path'
import { tesseraError } from '../../src-shared/errors.ts'

/**
 * @param line of the file, counted from 1; null = no line in particular
 * @param reason the end of the sentence “… can not be used for a patch set: ”
 */
export const setBroken = (file: string, line: number | null, reason: string, cause?: unknown) =>
  tesseraError(
    'PATCH_SET_BROKEN',
    `${line === null ? '' : `Line ${line} of `}“${path.basename(file)}” can not be used for a patch set: ${reason}.`,
    { file, line, reason },
    { cause },
  )
