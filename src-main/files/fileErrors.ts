/** What the operating system says of a file, as one of Tessera's own errors. */
import { isTesseraError, messageOf, tesseraError } from '../../src-shared/errors.ts'

export const systemCode = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null

/** Codes of a disk, or of a quota or limit on it, that takes no more bytes. */
const noSpace = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL', 'SQLITE_IOERR_WRITE'])

/** Codes of a drive that does not answer, or whose answer is no use any more since it was gone. */
const driveLost = new Set([
  'EIO',
  'ESTALE',
  'ENXIO',
  'ENODEV',
  'ENOTCONN',
  'ECONNABORTED',
  'ECONNRESET',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EREMOTEIO',
  'EBADF',
  'UNKNOWN', // what Windows says of a share that is gone
])

/** The drive could not give the bytes of a file that was open; it may be able to again. */
export const isDriveLost = (error: unknown): boolean => driveLost.has(systemCode(error) ?? '')

/** Whether a file is not there, or its drive is not. */
export const isOutOfReach = (error: unknown): boolean =>
  isDriveLost(error) || systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR'

export const isNoSpace = (error: unknown): boolean => noSpace.has(systemCode(error) ?? '')

/**
 * The error to throw for a failure on `file`. Errors that already are Tessera's pass unchanged; one that no code fits
 * becomes FILE_BROKEN with the system's own words.
 */
export function fileError(file: string, error: unknown): Error {
  if (isTesseraError(error)) return error
  if (isNoSpace(error))
    return tesseraError(
      'DISK_FULL',
      `“${file}” could not be written: the disk, or the room given to you on it, is full. Free some space and try again; nothing that was saved is lost.`,
      { file, needed: null },
      { cause: error },
    )
  switch (systemCode(error)) {
    case 'ENOENT':
      return tesseraError(
        'FILE_NOT_FOUND',
        `There is no file “${file}”. Check the name, or whether its drive is connected.`,
        { file },
        { cause: error },
      )
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
      return tesseraError(
        'FILE_NO_PERMISSION',
        `Tessera may not open or write “${file}”. Change the permissions of the file or its folder, or choose another place.`,
        { file },
        { cause: error },
      )
    case 'EISDIR':
      return tesseraError(
        'FILE_IS_DIRECTORY',
        `“${file}” is a folder, not a file. Choose a file inside it.`,
        { file },
        { cause: error },
      )
    case 'ENOTDIR':
      return tesseraError(
        'FILE_NOT_DIRECTORY',
        `“${file}” is not a folder, or part of its path is a file.`,
        { file },
        { cause: error },
      )
    case 'EEXIST':
      return tesseraError('FILE_EXISTS', `“${file}” is already there. Choose another name.`, { file }, { cause: error })
    default:
      return tesseraError(
        'FILE_BROKEN',
        `“${file}” could not be used: ${messageOf(error)}.`,
        { file, reason: messageOf(error) },
        { cause: error },
      )
  }
}
