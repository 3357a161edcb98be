/** A folder for work that is thrown away: pixels for a preview or for a search, gone when it ends, however it ends. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileError } from '../files/fileErrors.ts'

/** @returns its path; to be given back to `removeScratch` */
export async function makeScratch(runsFolder: string): Promise<string> {
  try {
    await mkdir(runsFolder, { recursive: true })
    return await mkdtemp(path.join(runsFolder, 'scratch-'))
  } catch (error) {
    throw fileError(runsFolder, error)
  }
}

export const removeScratch = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
