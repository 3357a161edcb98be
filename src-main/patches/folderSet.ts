/**
 * A folder as a patch set: each sub-folder is a class, the pictures below it are its patches. Pictures that lie directly
 * in the folder have no class, as in a folder that is only to be predicted.
 */
import { readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import type { MicronPerPx } from '../../src-shared/units.ts'
import { fileError } from '../files/fileErrors.ts'
import type { SlideReader } from '../slides/reader.ts'
import { setBroken } from '../slides/setErrors.ts'
import type { NewPatchSet, NewSetRow } from './patchSetRows.ts'
import { emptySet, isPicture, MOST_ROWS, sharedFacts } from './setPicturesFacts.ts'

/**
 * Patches are in the order of their paths, byte by byte, which is the same on every machine.
 * @throws {TesseraError} FILE_NOT_FOUND, FILE_NOT_DIRECTORY; PATCH_SET_EMPTY, PATCH_SET_BROKEN
 */
export async function readFolderSet(batch: SlideReader, folder: string, mpp: MicronPerPx | null): Promise<NewPatchSet> {
  const { pictures, others } = await listFolder(folder)
  if (pictures.length === 0)
    throw emptySet(
      folder,
      others === 0
        ? 'it is empty. Choose a folder whose sub-folders are the classes'
        : `none of its ${others} files is a PNG, JPEG or TIFF picture`,
    )
  if (pictures.length > MOST_ROWS)
    throw setBroken(folder, null, `it holds ${pictures.length} pictures, at most ${MOST_ROWS} are possible`)
  const { unfit, ...facts } = await sharedFacts(
    batch,
    folder,
    pictures.map((file) => path.join(folder, file)),
  )
  const rows = pictures.map((file, i): NewSetRow => {
    const [first, ...rest] = file.split('/')
    return { file, label: rest.length > 0 ? first! : null, slide: null, caseName: null, unfit: unfit[i]! }
  })
  return { name: path.basename(folder), origin: 'folder', location: folder, ...facts, mpp, casesKnown: false, rows }
}

/** Paths of pictures from the folder, with `/`; and how many other files there are. Hidden ones are left out. */
async function listFolder(folder: string): Promise<{ pictures: string[]; others: number }> {
  const files: string[] = []
  for await (const file of filesBelow(folder, '', new Set())) files.push(file)
  const pictures = files.filter(isPicture).toSorted((a, b) => (a < b ? -1 : 1))
  return { pictures, others: files.length - pictures.length }
}

/**
 * Every file that is not hidden. A class folder may be a link to one that lies elsewhere; a link back to a folder above
 * it is not followed, because it holds nothing new.
 *
 * @param above real paths of the folders on the way here
 */
async function* filesBelow(folder: string, inside: string, above: ReadonlySet<string>): AsyncGenerator<string> {
  const here = path.join(folder, inside)
  const [real, entries] = await Promise.all([realpath(here), readdir(here, { withFileTypes: true })]).catch(
    (error: unknown) => {
      throw fileError(here, error)
    },
  )
  if (above.has(real)) return
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const file = inside === '' ? entry.name : `${inside}/${entry.name}`
    const isFolder = entry.isSymbolicLink() ? await leadsToFolder(path.join(folder, file)) : entry.isDirectory()
    if (isFolder) yield* filesBelow(folder, file, new Set([...above, real]))
    else yield file
  }
}

/** A link that leads nowhere counts as a file: as a picture it is then named as one that can not be read. */
const leadsToFolder = async (link: string): Promise<boolean> => {
  const facts = await stat(link).catch(() => null)
  return facts?.isDirectory() ?? false
}
