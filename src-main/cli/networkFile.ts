/** `--network-file FILE.json`: layers of one's own, as the window's layer editor copies them. */
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import { NetworkDescription } from '../../src-shared/networks.ts'
import { fileError } from '../files/fileErrors.ts'

/** @throws {TesseraError} FILE_NOT_FOUND and its like; FILE_BROKEN when it is no JSON or describes no network */
export async function readNetworkFile(file: string): Promise<NetworkDescription> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fileError(file, error)
  })
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw broken(file, `it is no JSON: ${messageOf(error)}`)
  }
  const { success, data, error } = NetworkDescription.safeParse(json)
  if (success) return data
  throw broken(file, z.prettifyError(error))
}

const broken = (file: string, reason: string) =>
  tesseraError(
    'FILE_BROKEN',
    `“${file}” describes no network: ${reason}. Copy one from the layer editor, or take the description out of a card.`,
    { file, reason },
  )
