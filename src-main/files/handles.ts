/**
 * Files the person chose, by handle. The window is never told a path and can not name one: it holds handles that only
 * this table can turn back, for files the person saw in a dialog, a folder listing, or dropped.
 */
import { randomUUID } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import type { FileEntry, FileHandle, FilePurpose, Folder } from '../../src-shared/app.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { fileError } from './fileErrors.ts'

/** A folder shows at most this many entries; a list of 100,000 names helps nobody. */
const MOST_ENTRIES = 2000

/** Slides by the ending of their names; what a file is, its content says. */
const slideEndings = [
  '.svs',
  '.tif',
  '.tiff',
  '.btf',
  '.tf8',
  '.dzi',
  '.dcm',
  '.ndpi',
  '.mrxs',
  '.bif',
  '.scn',
  '.czi',
  '.vms',
  '.vmu',
  '.svslide',
  '.png',
  '.jpg',
  '.jpeg',
] as const

/** File endings offered for each purpose; null = folders only. */
const endings: Record<FilePurpose, readonly string[] | null> = {
  slides: slideEndings,
  slide: slideEndings,
  csv: ['.csv', '.tsv', '.txt'],
  'idx-images': ['.gz', '.idx', '-ubyte'],
  'idx-labels': ['.gz', '.idx', '-ubyte'],
  'patch-folder': null,
  project: null,
  model: ['.onnx'],
  features: ['.h5', '.hdf5'],
}

export const offered = (purpose: FilePurpose, name: string): boolean =>
  endings[purpose]?.some((ending) => name.toLowerCase().endsWith(ending)) ?? false

export const endingsOf = (purpose: FilePurpose): readonly string[] | null => endings[purpose]

export interface FileHandles {
  /** The handle of a path; the same path has the same handle for the life of the program. */
  handleOf(file: string): FileHandle
  /** @throws {TesseraError} FILE_HANDLE_UNKNOWN */
  pathOf(handle: FileHandle): string
  entryOf(file: string): Promise<FileEntry>
  /** @param folder null = where the person was last, or home */
  list(folder: FileHandle | null, purpose: FilePurpose): Promise<Folder>
}

export function createFileHandles(): FileHandles {
  const paths = new Map<FileHandle, string>()
  const handles = new Map<string, FileHandle>()
  let last = homedir()

  const handleOf = (file: string): FileHandle => {
    const absolute = path.resolve(file)
    let handle = handles.get(absolute)
    if (!handle) {
      handle = randomUUID() as string as FileHandle
      handles.set(absolute, handle)
      paths.set(handle, absolute)
    }
    return handle
  }

  const pathOf = (handle: FileHandle): string => {
    const file = paths.get(handle)
    if (file === undefined)
      throw tesseraError('FILE_HANDLE_UNKNOWN', 'This file was chosen in an earlier run of Tessera. Choose it again.', {
        handle,
      })
    return file
  }

  const entryOf = async (file: string): Promise<FileEntry> => {
    const facts = await stat(file).catch((error: unknown) => {
      throw fileError(file, error)
    })
    return {
      handle: handleOf(file),
      name: path.basename(file),
      kind: facts.isDirectory() ? 'folder' : 'file',
      bytes: facts.isDirectory() ? null : facts.size,
      modifiedAt: Math.round(facts.mtimeMs),
    }
  }

  const parentsOf = (folder: string) => {
    const parents = []
    for (let at = path.dirname(folder), below = folder; at !== below; below = at, at = path.dirname(at))
      parents.unshift({ handle: handleOf(at), name: path.basename(at) || at })
    return parents
  }

  return {
    handleOf,
    pathOf,
    entryOf,
    async list(folder, purpose) {
      const at = folder === null ? last : pathOf(folder)
      const found = await readdir(at, { withFileTypes: true }).catch((error: unknown) => {
        throw fileError(at, error)
      })
      last = at
      const shown = found.filter(
        (entry) =>
          !entry.name.startsWith('.') &&
          (entry.isDirectory() || entry.isSymbolicLink() || offered(purpose, entry.name)),
      )
      const names = shown.map((entry) => entry.name).toSorted(new Intl.Collator('en', { numeric: true }).compare)
      const entries = await Promise.all(
        names.slice(0, MOST_ENTRIES).map((name) => entryOf(path.join(at, name)).catch(() => null)), // a dead link is no entry
      )
      const usable = entries.filter(
        (entry) => entry !== null && (entry.kind === 'folder' || offered(purpose, entry.name)),
      )
      return {
        handle: handleOf(at),
        name: path.basename(at) || at,
        parents: parentsOf(at),
        entries: (usable as FileEntry[]).toSorted((a, b) => Number(b.kind === 'folder') - Number(a.kind === 'folder')),
        leftOut: Math.max(0, names.length - MOST_ENTRIES),
      }
    },
  }
}
