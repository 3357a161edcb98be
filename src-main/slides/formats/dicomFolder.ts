/** Files of one DICOM series in a folder. */
import { type FileHandle, open, readdir } from 'node:fs/promises'
import path from 'node:path'
import { type DicomImage, readDicom, seriesOf } from './dicomFile.ts'

/** Files of a folder that are looked at; a series has 5 to 50. */
const MOST_FILES = 4096

/** Files, by name. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  return names
    .toSorted()
    .slice(0, MOST_FILES)
    .map((name) => path.join(folder, name))
}

/** The first file of a folder that belongs to a whole slide; null = there is none. */
export async function firstOfFolder(folder: string): Promise<string | null> {
  for (const file of await filesOf(folder)) {
    const handle = await open(file, 'r')
    try {
      const { size } = await handle.stat()
      if ((await seriesOf(file, handle, size).catch(() => null)) !== null) return file // a damaged one is not the one
    } finally {
      await handle.close()
    }
  }
  return null
}

/** The other images of the series, from the files beside the chosen one. */
export async function relatives(chosen: DicomImage, handles: FileHandle[]): Promise<DicomImage[]> {
  if (chosen.series === '') return []
  const folder = path.dirname(chosen.file)
  const found: DicomImage[] = []
  for (const file of await filesOf(folder)) {
    if (path.resolve(file) === path.resolve(chosen.file)) continue
    if (path.extname(file) !== '' && path.extname(file).toLowerCase() !== path.extname(chosen.file).toLowerCase())
      continue
    const handle = await open(file, 'r')
    handles.push(handle)
    const { size } = await handle.stat()
    // a damaged neighbour of another series is no fault of this slide
    const series = await seriesOf(file, handle, size).catch(() => null)
    if (series === chosen.series) found.push(await readDicom(file, handle, size))
    else {
      handles.pop()
      await handle.close()
    }
  }
  return found
}
