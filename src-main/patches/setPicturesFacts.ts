/** Whether the pictures of a set fit together: which can be opened, which have the size of most, what else is to be said. */
import path from 'node:path'
import { tesseraError } from '../../src-shared/errors.ts'
import type { PatchSet, PictureFacts } from '../../src-shared/patches.ts'
import type { SlideReader } from '../slides/reader.ts'
import { setBroken } from '../slides/setErrors.ts'

/** Endings of pictures the slide process can decode. */
const PICTURES = /\.(png|jpe?g|tiff?)$/i
export const isPicture = (file: string): boolean => PICTURES.test(file)

/** A set is not larger than a grid can be; more is a slip of the hand. */
export const MOST_ROWS = 4_000_000

/** Names told in a message. */
const NAMED = 5

type SharedFacts = Pick<PatchSet, 'width' | 'height' | 'channels' | 'notes'> & {
  /** [picture] why networks do not get it; null = they do */
  unfit: (string | null)[]
}

/**
 * Size and colour of a set. Pictures of another size than most are not stretched, which would show tissue at a scale it
 * does not have; they and those that can not be read belong to the set all the same, so that a person sees them, but are
 * kept from networks.
 *
 * @param location folder or list, for messages
 * @param files absolute paths
 * @throws {TesseraError} PATCH_SET_BROKEN when none of the pictures can be read
 */
export async function sharedFacts(
  batch: SlideReader,
  location: string,
  files: readonly string[],
): Promise<SharedFacts> {
  const facts = await factsOf(batch, location, files)
  const readable = facts.filter((fact) => typeof fact !== 'string')
  if (readable.length === 0)
    throw setBroken(
      location,
      null,
      `${facts.length === 1 ? 'its only picture' : `none of its ${facts.length} pictures`} can be read: ${some(facts.filter((fact) => typeof fact === 'string'))}`,
    )
  const usual = mostFrequent(readable.map(sizeOf))
  const unfit = facts.map((fact) => whyUnfit(fact, usual))
  const fit = readable.filter((fact) => whyUnfit(fact, usual) === null)
  const { width, height } = readable.find((fact) => sizeOf(fact) === usual)!
  const grey = fit.filter((fact) => fact.channels === 1).length
  return {
    width,
    height,
    channels: grey === fit.length ? 1 : 3,
    notes: {
      unfit: unfit.filter((why) => why !== null).length,
      alpha: fit.filter((fact) => fact.alpha).length,
      deep: fit.filter((fact) => fact.bits === 16).length,
      grey: grey === fit.length ? 0 : grey,
    },
    unfit,
  }
}

const sizeOf = ({ width, height }: PictureFacts): string => `${width} × ${height}`

/** The end of the sentence “It is left out of training and prediction: …”. */
function whyUnfit(fact: PictureFacts | string, usual: string): string | null {
  if (typeof fact === 'string') return 'it can not be read'
  if (sizeOf(fact) !== usual) return `it has ${sizeOf(fact)} px`
  if (fact.bits > 16) return `its values have ${fact.bits} bits, and nothing says which of them is white`
  return null
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
