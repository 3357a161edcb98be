/** Formats that need OpenSlide: read where it is, refused with a hint where it is not or is too old. */
import { writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { openSlideFile } from '../../../../src-main/slides/formats/openSlideFile.ts'
import {
  OpenSlideFault,
  type OpenSlideHandle,
  openSlideLibrary,
} from '../../../../src-main/slides/formats/openSlideLibrary.ts'
import { openSlideSource } from '../../../../src-main/slides/formats/openSlideSource.ts'
import { greatestDifference, levelFromTiles, levelRegion, openedSlide } from '../../../fixtures/pixels.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { svsSample } from '../../../fixtures/tinySlides.ts'

afterEach(() => vi.unstubAllEnvs())

const files: [string, string, RegExp][] = [
  ['scan.ndpi', 'II*\0 and so on', /a Hamamatsu NDPI file/],
  ['scan.mrxs', '\xff\xd8\xff\xe0', /a MIRAX \(MRXS\) file/],
  ['scan.bif', 'II+\0', /a Ventana BIF file/],
  ['scan.czi', 'ZISRAWFILE\0\0', /a Zeiss CZI file/],
  ['scan', 'ZISRAWFILE\0\0', /a Zeiss CZI file/],
  ['scan.vms', '[Virtual Microscope Specimen]', /a Hamamatsu VMS file/],
  ['scan.svslide', 'SQLite format 3\0', /a Sakura file/],
]

const written = (name: string, content: string): string => {
  const file = path.join(temporaryFolder(), name)
  writeFileSync(file, content, 'latin1')
  return file
}

describe('without OpenSlide', () => {
  test.each(files)('%s is refused with a hint', async (name, content, words) => {
    vi.stubEnv('TESSERA_OPENSLIDE', '/nowhere/libopenslide.so')
    const file = written(name, content)
    await expect(openSlideFile(file)).rejects.toMatchObject({
      code: 'SLIDE_NEEDS_OPENSLIDE',
      message: expect.stringMatching(words),
      data: { file, found: null, needed: '4.0.1' },
    })
  })
})

test.each(['a Ventana BIF file', 'a Zeiss CZI file'])('%s is never given to a version before 4.0.1', async (format) => {
  const file = written('scan.bif', 'II+\0')
  const handle = await open(file)
  onTestFinished(() => handle.close())
  const old = {
    version: '4.0.0',
    isCurrent: false,
    open: () => {
      throw new Error('it was opened')
    },
  }
  await expect(openSlideSource(file, handle, format, old)).rejects.toMatchObject({
    code: 'SLIDE_NEEDS_OPENSLIDE',
    message: expect.stringMatching(/version 4\.0\.0 was found/),
    data: { found: '4.0.0' },
  })
})

/** A library of which only the header and the profile are asked. */
async function sourceWith(profile: () => Buffer | null) {
  const file = written('scan.ndpi', 'II*\0')
  const slide: OpenSlideHandle = {
    levels: [{ width: 10, height: 10, downsample: 1 }],
    properties: new Map(),
    associated: new Map(),
    read: () => Promise.reject(new OpenSlideFault('no pixels')),
    readAssociated: () => Promise.reject(new OpenSlideFault('no pixels')),
    profile,
    close: () => undefined,
  }
  return openSlideSource(file, await open(file), 'a Hamamatsu NDPI file', {
    version: '4.0.1',
    isCurrent: true,
    open: () => slide,
  })
}

test('the colour profile that OpenSlide says is that of the slide, and a fault of it is named', async () => {
  expect(await (await sourceWith(() => Buffer.from('profile'))).profile!()).toEqual(Buffer.from('profile'))
  expect(await (await sourceWith(() => null)).profile!()).toBeNull()
  const broken = await sourceWith(() => {
    throw new OpenSlideFault('truncated')
  })
  await expect(broken.profile!()).rejects.toMatchObject({
    code: 'SLIDE_BROKEN',
    message: expect.stringMatching(/its colour profile could not be read \(truncated\)/),
  })
})

const library = openSlideLibrary()
if (!library) console.warn('Skipped, because OpenSlide is not installed: reading through it.')

describe.skipIf(!library)('with OpenSlide', () => {
  const throughOpenSlide = async (file: string) => {
    const source = await openSlideSource(file, await open(file), 'an Aperio file', library)
    onTestFinished(() => source.close())
    return source
  }

  test('CMU-1-Small-Region has the same pixels, µm/px and objective as by our own reader', async () => {
    const [theirs, ours] = [await throughOpenSlide(svsSample), await openedSlide(svsSample)]
    expect(theirs.header).toMatchObject({
      vendor: 'aperio',
      width: 2220,
      height: 2967,
      objectivePower: 20,
      fileMpp: { x: 0.499, y: 0.499 },
    })
    const pixels = await levelRegion(theirs)
    expect(greatestDifference(pixels.data, (await levelRegion(ours)).data)).toBe(0)
    expect(greatestDifference((await levelFromTiles(theirs)).data, pixels.data)).toBe(0)
    expect(
      greatestDifference((await theirs.associatedImage('macro'))!.data, (await ours.associatedImage('macro'))!.data),
    ).toBe(0)
  })

  test.skipIf(library?.isCurrent)('a version before 4.0.0 says nothing of a colour profile', async () => {
    expect(await (await throughOpenSlide(svsSample)).profile!()).toBeNull()
  })

  test.skipIf(library?.isCurrent)('a version before 4.0.1 says so over the slide', async () => {
    const { warnings } = (await throughOpenSlide(svsSample)).header
    expect(warnings).toEqual([expect.stringMatching(/4\.0\.1 or newer/)])
  })

  test('a file it can not read is named with what it says', async () => {
    const file = written('scan.ndpi', 'II*\0 and so on')
    await expect(openSlideFile(file)).rejects.toMatchObject({
      code: 'SLIDE_BROKEN',
      message: expect.stringMatching(/OpenSlide \d+\.\d+\.\d+ can not read it/),
    })
  })
})
