/** The misread patches of a set as files: a table of all of them, and a picture of those the model was surest of. */
import path from 'node:path'
import type { PatchSet } from '../../src-shared/patches.ts'
import { connect } from '../../src-shared/wire/connect.ts'
import type { Misread } from '../evaluation/misread.ts'
import { writeBytes } from '../files/writeFile.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import { misreadLines } from './misreadCsv.ts'
import { misreadSheet } from './misreadSheet.ts'
import type { renderContract } from './renderContract.ts'

export type MisreadExport = {
  set: PatchSet
  /** rows are patches of the set */
  misread: readonly Misread[]
  /** names of the model's classes */
  classes: readonly string[]
  model: string
  /** file of a patch; null where it has none of its own */
  fileOf: (patch: number) => string | null
}

/** @throws {TesseraError} DISK_FULL, FILE_NO_PERMISSION */
export const writeMisreadCsv = ({ misread, ...context }: MisreadExport, file: string): Promise<void> =>
  writeBytes(file, [...misreadLines(misread, context)].map((line) => `${line}\r\n`).join(''))

/**
 * @param picturesOf PNG of each patch, edge × edge px; null where it can not be read
 * @returns how many are shown
 * @throws {TesseraError} DISK_FULL, FILE_NO_PERMISSION
 */
export async function writeMisreadSheet(
  { set, misread, classes, model, fileOf }: MisreadExport,
  file: string,
  workerHost: WorkerHost,
  picturesOf: (patches: Uint32Array, edge: number) => Promise<(Uint8Array | null)[]>,
): Promise<number> {
  const nameOf = (patch: number): string => path.basename(fileOf(patch) ?? `patch ${patch}`)
  const context = { classes, model, measured: set.patches, edgePx: set.width, nameOf }
  const { shown, ...sheet } = misreadSheet(misread, context)
  const rows = Uint32Array.from(shown, ({ row }) => row)
  // as they are stored, so that enlarging leaves their pixels squares
  const stored = rows.length === 0 ? [] : await picturesOf(rows, Math.min(Math.max(set.width, 16), sheet.edge))
  const pictures = shown.flatMap(({ left, top }, place) => {
    const picture = stored[place]
    return picture ? [{ picture, left, top }] : []
  })
  const render = workerHost.start({ entry: 'render', name: 'render', niceness: 5, heapMb: 512 })
  try {
    const { png } = await connect<typeof renderContract>(render.wire).call('render.sheet', { ...sheet, pictures })
    await writeBytes(file, png)
  } finally {
    render.kill()
  }
  return pictures.length
}
