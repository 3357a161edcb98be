/**
 * What an ICC profile says of itself, checked so far that a browser which applies it can not silently leave it out: that
 * it is whole, is of RGB, and holds either three primaries with their curves or a table to the space of comparison.
 * Source: ICC.1:2022, 7.2 (header), 7.3 (tag table), 10.13 and 10.15 (texts).
 */

/** Profiles with tables of scanners have up to 2 MB. */
export const MOST_PROFILE_BYTES = 4 << 20

const HEADER_BYTES = 128
const MOST_TAGS = 100
const PRIMARIES = ['rXYZ', 'gXYZ', 'bXYZ', 'rTRC', 'gTRC', 'bTRC']

/** Says why a profile can not be used. */
export class ProfileFault extends Error {}

/** @returns its name, e.g. “Display P3”. @throws {ProfileFault} */
export function profileName(profile: Buffer): string {
  const ascii = (at: number, length: number) => profile.toString('latin1', at, at + length)
  if (profile.length < HEADER_BYTES + 4 || ascii(36, 4) !== 'acsp') throw new ProfileFault('it is no ICC profile')
  const size = profile.readUInt32BE(0)
  if (size > profile.length) throw new ProfileFault(`it has ${profile.length} of its ${size} bytes`)
  const space = ascii(16, 4).trim()
  if (space !== 'RGB') throw new ProfileFault(`it is of ${space === '' ? 'no colours' : space}, not of RGB`)
  const tags = new Map<string, Buffer>()
  const count = profile.readUInt32BE(HEADER_BYTES)
  if (count > MOST_TAGS) throw new ProfileFault(`it claims to have ${count} tags`)
  for (let i = 0; i < count; i++) {
    const entry = HEADER_BYTES + 4 + 12 * i
    if (entry + 12 > profile.length) throw new ProfileFault('its table of tags is cut short')
    const [at, length] = [profile.readUInt32BE(entry + 4), profile.readUInt32BE(entry + 8)]
    if (at + length > profile.length) throw new ProfileFault(`its tag ${ascii(entry, 4)} lies behind its end`)
    tags.set(ascii(entry, 4), profile.subarray(at, at + length))
  }
  if (!tags.has('A2B0') && !PRIMARIES.every((name) => tags.has(name)))
    throw new ProfileFault('it has neither three primaries with curves nor a table')
  return (textOf(tags.get('desc')) ?? '') || 'without a name'
}

/** Version 2: a length and ASCII. Version 4: texts in several languages, UTF-16, of which the first is taken. */
function textOf(tag: Buffer | undefined): string | null {
  if (!tag || tag.length < 12) return null
  const kind = tag.toString('latin1', 0, 4)
  if (kind === 'desc') return clean(tag.toString('latin1', 12, 12 + tag.readUInt32BE(8)))
  if (kind !== 'mluc' || tag.length < 28) return null
  const [length, at] = [tag.readUInt32BE(20), tag.readUInt32BE(24)]
  if (at + length > tag.length) return null
  return clean(
    Buffer.from(tag.subarray(at, at + (length & ~1)))
      .swap16()
      .toString('utf16le'),
  )
}

const clean = (text: string): string => (text.split('\0', 1)[0] ?? '').trim().slice(0, 200)
