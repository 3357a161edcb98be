/** ICC profiles: what they are called, which are refused and why, and how they are put into tiles. */
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { profileName } from '../../../../src-main/slides/formats/colourProfile.ts'
import { jpegSegments, pngChunk, withProfile } from '../../../../src-renderer/viewer/embedProfile.ts'
import { openedSlide } from '../../../fixtures/pixels.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { pattern, writeTinySlide } from '../../../fixtures/tinySlides.ts'

const file = (name: string) => path.join(temporaryFolder(), name)

/** libvips' own Display P3. */
async function p3(): Promise<Buffer> {
  const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: '#f00' } })
    .withIccProfile('p3')
    .png()
    .toBuffer()
  return (await sharp(png).metadata()).icc!
}

/** Copies of a profile with a number written over. */
const changed = (profile: Buffer, at: number, value: number): Buffer => {
  const copy = Buffer.from(profile)
  copy.writeUInt32BE(value, at)
  return copy
}

describe('a profile', () => {
  test('has the name it states', async () => {
    expect(profileName(await p3())).toMatch(/P3/)
  })

  test('is refused where a browser would silently leave it out', async () => {
    const good = await p3()
    const tags = good.readUInt32BE(128)
    const asText = (text: string) => Buffer.from(text, 'latin1').readUInt32BE(0)
    expect(() => profileName(Buffer.from('hello'))).toThrow('it is no ICC profile')
    expect(() => profileName(changed(good, 36, 0))).toThrow('it is no ICC profile')
    expect(() => profileName(good.subarray(0, good.length - 1))).toThrow(
      `it has ${good.length - 1} of its ${good.length} bytes`,
    )
    expect(() => profileName(changed(good, 16, asText('CMYK')))).toThrow('it is of CMYK, not of RGB')
    expect(() => profileName(changed(good, 128, 1000))).toThrow('it claims to have 1000 tags')
    expect(() => profileName(changed(good, 136, good.length))).toThrow(/lies behind its end/)
    const nameless = Buffer.from(good)
    for (let i = 0; i < tags; i++) nameless.write('none', 132 + 12 * i, 'latin1')
    expect(() => profileName(nameless)).toThrow('neither three primaries')
  })

  test.each([1, 2, 3])('of any bytes is named or refused, never more (seed %i)', async (seed) => {
    const good = await p3()
    for (let i = 0; i < 300; i++) {
      const copy = Buffer.from(good)
      copy[(i * 7919 + seed * 104_729) % copy.length] = (i * 31 + seed) & 255
      try {
        expect(profileName(copy)).toEqual(expect.any(String))
      } catch (error) {
        expect((error as Error).constructor.name).toBe('ProfileFault')
      }
    }
  })
})

describe('a slide', () => {
  test.each([
    ['a TIFF in tiles', () => writeTinySlide(file('a.tif'), { icc: true })],
    ['a TIFF in strips', () => writeTinySlide(file('a.tif'), { icc: true, tiled: false, compression: 'deflate' })],
    [
      'a PNG',
      async () => {
        const made = file('a.png')
        await sharp(pattern(50, 40), { raw: { width: 50, height: 40, channels: 3 } })
          .withIccProfile('p3')
          .toFile(made)
        return made
      },
    ],
  ])('%s: gives its profile as it is stored', async (_, make) => {
    const source = await openedSlide(await make())
    expect((await source.profile!())!.equals(await p3())).toBe(true)
  })

  test('without one has none', async () => {
    expect(await (await openedSlide(await writeTinySlide(file('a.tif')))).profile!()).toBeNull()
  })
})

describe('put into a tile', () => {
  const tile = (format: 'jpeg' | 'png') =>
    sharp(pattern(64, 64), { raw: { width: 64, height: 64, channels: 3 } })
      .toFormat(format)
      .toBuffer()
  const pixelsOf = (bytes: Buffer) => sharp(bytes, { ignoreIcc: true }).raw().toBuffer()

  test.each(['jpeg', 'png'] as const)('%s: the profile is found again, and the px are those stored', async (format) => {
    const profile = Uint8Array.from(await p3())
    const stored = await tile(format)
    const made = Buffer.from(await (await withProfile(stored, profile)).arrayBuffer())
    const { icc } = await sharp(made).metadata()
    expect(icc!.equals(Buffer.from(profile))).toBe(true)
    expect((await pixelsOf(made)).equals(await pixelsOf(stored))).toBe(true)
  })

  test('a large one lies in several segments of a JPEG, counted, and in one chunk of a PNG', async () => {
    const profile = Uint8Array.from({ length: 150_000 }, (_, i) => (i * 7919) >> 3)
    const segments = jpegSegments(profile)
    expect(segments.map((each) => [each[16], each[17]])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ])
    expect(Buffer.concat(segments.map((each) => each.subarray(18))).equals(Buffer.from(profile))).toBe(true)
    const chunk = await pngChunk(profile)
    expect(Buffer.from(chunk.subarray(4, 8)).toString()).toBe('iCCP')
  })
})
