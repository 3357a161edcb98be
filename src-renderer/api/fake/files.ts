/** A made-up disk to choose files from. */
import type { FileEntry, FileHandle, FilePurpose, Folder } from '../../../src-shared/app.ts'

interface Node {
  name: string
  parent: FileHandle | null
  entries: FileEntry[]
}

const at = Date.UTC(2026, 9, 3, 14, 12)
const folderEntry = (handle: string, name: string): FileEntry => ({
  handle: handle as FileHandle,
  name,
  kind: 'folder',
  bytes: null,
  modifiedAt: at,
})
const fileEntry = (folder: string, name: string, bytes: number): FileEntry => ({
  handle: `${folder}/${name}` as FileHandle,
  name,
  kind: 'file',
  bytes,
  modifiedAt: at,
})

const nodes: Record<string, Node> = {
  home: {
    name: 'anna',
    parent: null,
    entries: [folderEntry('slides', 'Slides'), folderEntry('patches', 'Patches'), folderEntry('empty', 'Empty folder')],
  },
  slides: {
    name: 'Slides',
    parent: 'home' as FileHandle,
    entries: [
      ...Array.from({ length: 30 }, (_, i) =>
        fileEntry('slides', `case-${String(i + 1).padStart(4, '0')}_HE.svs`, 480_000_000 + i * 7_000_000),
      ),
      fileEntry('slides', 'scan no-mpp.tif', 210_000_000),
      fileEntry('slides', 'notes.txt.svs', 2_100),
    ],
  },
  patches: {
    name: 'Patches',
    parent: 'home' as FileHandle,
    entries: [folderEntry('patches-train', 'train'), fileEntry('patches', 'labels.csv', 182_000)],
  },
  'patches-train': {
    name: 'train',
    parent: 'patches' as FileHandle,
    entries: [folderEntry('empty', 'tumor'), folderEntry('empty', 'normal')],
  },
  empty: { name: 'Empty folder', parent: 'home' as FileHandle, entries: [] },
}

const FITS: Record<FilePurpose, RegExp> = {
  slides: /\.(svs|tif)$/,
  slide: /\.(svs|tif)$/,
  csv: /\.csv$/,
  'idx-images': /idx3/,
  'idx-labels': /idx1/,
  'patch-folder': /^$/,
  features: /\.h5$/,
  project: /^$/,
  model: /\.onnx$/,
}

export function listFolder(handle: FileHandle | null, purpose: FilePurpose): Folder {
  const id = handle ?? 'slides'
  const node = nodes[id] ?? nodes['home']!
  const parents: Folder['parents'] = []
  for (let up = node.parent; up; up = nodes[up]!.parent) parents.unshift({ handle: up, name: nodes[up]!.name })
  return {
    handle: id as FileHandle,
    name: node.name,
    parents,
    entries: node.entries.filter((entry) => entry.kind === 'folder' || FITS[purpose].test(entry.name)),
    leftOut: 0,
  }
}

export const nameOf = (handle: FileHandle): string => handle.split('/').at(-1) ?? handle
