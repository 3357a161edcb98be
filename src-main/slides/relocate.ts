/** Finding moved slide files: a slide is its content, wherever it lies and whatever it is called. */
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { bytesOf } from './fingerprint.ts'
import type { StoredSlide } from './rows.ts'

/** Where a slide's file may be: from the project's folder, which may have moved together with its slides, then where it was. */
const placesOf = (projectFolder: string, { relativePath, absolutePath }: StoredSlide): string[] => {
  const relative = relativePath === null ? null : path.resolve(projectFolder, relativePath)
  return relative === null || relative === absolutePath ? [absolutePath] : [relative, absolutePath]
}

/** Whether a file of the slide's size lies there; its content is checked when it is opened. */
async function mayBe(file: string, { fingerprint }: StoredSlide): Promise<boolean> {
  const facts = await stat(file).catch(() => null) // not there, or its drive is gone
  return facts !== null && facts.isFile() && facts.size === bytesOf(fingerprint)
}

/** The first place where the slide's file may be; null = nowhere. */
export async function locate(projectFolder: string, slide: StoredSlide): Promise<string | null> {
  for (const place of placesOf(projectFolder, slide)) if (await mayBe(place, slide)) return place
  return null
}

/**
 * Looks for missing slides in a folder.
 *
 * @param fingerprint reads that of a file; asked only for files of the right size
 * @returns which file is which slide
 */
export async function searchFolder(
  folder: string,
  missing: readonly StoredSlide[],
  fingerprint: (file: string) => Promise<string>,
): Promise<{ slide: StoredSlide; file: string }[]> {
  const left = new Set(missing)
  const found: { slide: StoredSlide; file: string }[] = []
  for (const entry of left.size > 0 ? await readdir(folder) : []) {
    const file = path.join(folder, entry)
    const candidates = []
    for (const slide of left) if (await mayBe(file, slide)) candidates.push(slide)
    if (candidates.length === 0) continue
    const print = await fingerprint(file).catch(() => null) // not a slide after all, or not readable: not the one
    const slide = candidates.find((each) => each.fingerprint === print)
    if (!slide) continue
    left.delete(slide)
    found.push({ slide, file })
  }
  return found
}
