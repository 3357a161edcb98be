/** Whether the pictures of a set fit together: all can be opened, and all are squares of one size. */
import path from 'node:path'
import { tesseraError } from '../../src-shared/errors.ts'
import type { PictureFacts } from '../slides/processContract.ts'
import type { SlideReader } from '../slides/reader.ts'
import { setBroken } from '../slides/setErrors.ts'

/** Endings of pictures the slide process can decode. */
const PICTURES = /\.(png|jpe?g|tiff?)$/i
export const isPicture = (file: string): boolean => PICTURES.test(file)

/** A set is not larger than a grid can be; more is a slip of the hand. */
export const MOST_ROWS = 4_000_000

/** Names told in a message. */
const NAMED = 5

/**
 * Size and colour of a set. Pictures of other sizes are not stretched in silence, but refused by name: a stretched patch
 * shows tissue at a scale it does not have.
 *
 * @param location folder or list, for messages
 * @param files absolute paths
 * @throws {TesseraError} PATCH_SET_BROKEN naming the pictures that do not fit
 */
export async function sharedFacts(
  batch: SlideReader,
  location: string,
  files: readonly string[],
): Promise<PictureFacts> {
  const facts = await factsOf(batch, location, files)
  const unreadable = facts.filter((fact) => typeof fact === 'string')
  if (unreadable.length > 0)
    throw setBroken(
      location,
      null,
      `${unreadable.length} of its ${files.length} pictures can not be read: ${some(unreadable)}`,
    )
  const sizes = facts.map((fact) => (typeof fact === 'string' ? '' : `${fact.width} × ${fact.height}`))
  const usual = mostFrequent(sizes)
  const others = files.filter((_, i) => sizes[i] !== usual)
  if (others.length > 0) {
    const named = files.flatMap((file, i) => (sizes[i] === usual ? [] : [`${path.basename(file)} (${sizes[i]} px)`]))
    throw setBroken(
      location,
      null,
      `most pictures have ${usual} px, but ${others.length} of ${files.length} have not: ${some(named)}. Crop or remove them; Tessera does not stretch patches`,
    )
  }
  const [first] = facts as PictureFacts[]
  if (first!.width !== first!.height)
    throw setBroken(location, null, `its pictures have ${usual} px; a patch is a square. Crop them to squares`)
  const grey = facts.every((fact) => typeof fact !== 'string' && fact.channels === 1)
  return { width: first!.width, height: first!.height, channels: grey ? 1 : 3 }
}

async function factsOf(
  batch: SlideReader,
  location: string,
  files: readonly string[],
): Promise<(PictureFacts | string)[]> {
  let found: (PictureFacts | string)[] | null = null
  const subject = { key: location, name: path.basename(location) }
  await batch.follow(subject, 'patches.pictureFacts', { files: [...files] }, ({ facts }) => {
    found = facts ?? found
  })
  return found ?? []
}

const some = (names: readonly string[]): string =>
  names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ` and ${names.length - NAMED} more` : '')

function mostFrequent(values: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].reduce((best, each) => (each[1] > best[1] ? each : best))[0]
}

export const emptySet = (location: string, reason: string) =>
  tesseraError('PATCH_SET_EMPTY', `“${path.basename(location)}” holds no patches: ${reason}.`, { file: location })
