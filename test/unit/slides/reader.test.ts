/** The reading process is killed, hangs, and is started again; real child processes. */
import { copyFileSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { toFault } from '../../../src-shared/errors.ts'
import { gridGeometry, patchCount } from '../../../src-shared/patches.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import type { SlideReader } from '../../../src-main/slides/reader.ts'
import { countingHost, readerOn, startReader, testHost } from '../../fixtures/slideReaders.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'
import { SAMPLES, tiffSample, writeTinySlide } from '../../fixtures/tinySlides.ts'

const lethalHost = () => countingHost(testHost(new URL('lethalSlides.process.ts', import.meta.url)))

/** A copy of the mosaic under a name that says what it does to the process. */
function slideCalled(name: string, folder = temporaryFolder()): string {
  const file = path.join(folder, `${name}.tif`)
  copyFileSync(tiffSample, file)
  return file
}

const tiles = (reader: SlideReader, file: string, column = 0) =>
  reader.ask({ key: file, name: path.basename(file) }, 'slides.tiles', {
    file,
    fingerprint: null,
    level: 0,
    tiles: [[column, 0]],
  })

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'pixels',
    (error: unknown) => toFault(error).code,
  )

const grid = gridGeometry('mosaic', { width: 2688, height: 2304 }, micronPerPx(1), micronPerPx(1), {
  edgePx: 96,
  mpp: micronPerPx(1),
  stridePx: 96,
  offsetXPx: 0,
  offsetYPx: 0,
})

function readPatches(
  reader: SlideReader,
  file: string,
  out: string,
  { onProgress = (_: number) => {}, signal }: { onProgress?: (done: number) => void; signal?: AbortSignal } = {},
): Promise<void> {
  const patches = Uint32Array.from({ length: patchCount(grid) }, (_, i) => i)
  const slide = { file, fingerprint: null }
  return reader.follow(
    { key: file, name: path.basename(file) },
    'patches.read',
    { origin: { kind: 'grid', slide, grid, patches }, edgePx: 96, channels: 3, file: out },
    ({ done }) => onProgress(done),
    signal,
  )
}

describe('a slide that kills the process', () => {
  test('is set aside after it killed twice, and the others in flight with it are read', async () => {
    const host = lethalHost()
    const reader = readerOn(host)
    const setAside: string[] = []
    reader.onSetAside((key) => setAside.push(path.basename(key)))
    const names = ['a', 'lethal', 'b', 'slow c']
    const answers = await Promise.all(names.map((name) => codeOf(tiles(reader, slideCalled(name)))))
    expect(answers).toEqual(['pixels', 'SLIDE_SET_ASIDE', 'pixels', 'pixels'])
    expect(setAside).toEqual(['lethal.tif'])
    expect(host.started).toHaveLength(3)
  })

  test('is refused at once from then on, until a person wants to try again', async () => {
    const host = lethalHost()
    const reader = readerOn(host)
    const file = slideCalled('lethal')
    await expect(tiles(reader, file)).rejects.toMatchObject({
      code: 'SLIDE_SET_ASIDE',
      data: { slide: 'lethal.tif', crashes: 2 },
      message: expect.stringMatching(/“lethal\.tif” ended the program that reads slides 2 times/),
    })
    expect(await codeOf(tiles(reader, file))).toBe('SLIDE_SET_ASIDE')
    expect(host.started).toHaveLength(2)
    reader.forgive(file)
    expect(await codeOf(tiles(reader, file))).toBe('SLIDE_SET_ASIDE')
    expect(host.started.length).toBeGreaterThan(3)
  })

  test('two of them among many: both are set aside, nobody else', async () => {
    const reader = readerOn(lethalHost())
    const names = ['a', 'lethal 1', 'b', 'slow', 'lethal 2', 'c']
    const answers = await Promise.all(names.map((name) => codeOf(tiles(reader, slideCalled(name)))))
    expect(answers).toEqual(['pixels', 'SLIDE_SET_ASIDE', 'pixels', 'pixels', 'SLIDE_SET_ASIDE', 'pixels'])
  })

  test('one that hangs is killed when its time is over, and set aside after the second time', async () => {
    const host = lethalHost()
    const reader = readerOn(host, { patience: { short: 700, long: 10_000 } })
    const [endless, other] = [slideCalled('endless'), slideCalled('a')]
    const answers = await Promise.all([codeOf(tiles(reader, endless)), codeOf(tiles(reader, other))])
    expect(answers).toEqual(['SLIDE_SET_ASIDE', 'pixels'])
    await expect(tiles(reader, endless)).rejects.toThrow(/the last time: it did not answer for 2\.1 s/)
  })

  test.each(['hungry', 'greedy'])(
    'one that takes ever more memory (%s) ends its process long before the machine is full, and is set aside',
    async (name) => {
      const host = lethalHost()
      const reader = readerOn(host, { memoryMb: 600 })
      const [large, other] = [slideCalled(name), slideCalled('a')]
      const answers = await Promise.all([codeOf(tiles(reader, large)), codeOf(tiles(reader, other))])
      expect(answers).toEqual(['SLIDE_SET_ASIDE', 'pixels'])
      const because = name === 'hungry' ? /it took more than 600 MB of memory/ : /the last time: SIGKILL/
      await expect(tiles(reader, large)).rejects.toThrow(because)
      expect(host.started.length).toBeLessThanOrEqual(3) // two, when the other slide was read before the first end
    },
  )

  test(
    'one whose process does not even end when it is killed holds nobody up for ever',
    { timeout: 60_000 },
    async () => {
      const host = lethalHost()
      // as one that waits in the kernel for a drive that does not answer
      const immortal: typeof host = {
        ...host,
        start(options) {
          const process = host.start(options)
          return host.started.length === 1 ? { ...process, kill: () => undefined } : process
        },
      }
      const reader = readerOn(immortal, { patience: { short: 500, long: 10_000 } })
      const [endless, other] = [slideCalled('endless'), slideCalled('a')]
      const answers = await Promise.all([codeOf(tiles(reader, endless)), codeOf(tiles(reader, other))])
      host.started[0]!.kill()
      expect(answers).toEqual(['SLIDE_SET_ASIDE', 'pixels'])
    },
  )
})

describe('a process that is killed from outside', () => {
  test('is started again, and its requests are answered as if nothing had happened', async () => {
    const host = countingHost()
    const reader = readerOn(host)
    const files = ['a', 'b', 'c'].map((name) => slideCalled(name))
    await tiles(reader, files[0]!)
    const before = files.flatMap((file) => [0, 1, 2].map((column) => tiles(reader, file, column)))
    process.kill(host.started[0]!.pid!, 'SIGKILL')
    for (const reply of await Promise.all(before)) expect(reply[0]).toBeInstanceOf(Uint8Array)
    expect(host.started).toHaveLength(2)
  })

  test(
    'three times, with work always in flight: every request is answered and no slide is set aside',
    { timeout: 60_000 },
    async () => {
      const host = countingHost()
      const reader = readerOn(host)
      const files = ['a', 'b'].map((name) => slideCalled(name))
      const answers: Promise<string>[] = []
      for (let round = 0; round < 3; round++) {
        for (const file of files) await tiles(reader, file) // proves both again, so that each kill is a first one
        for (const file of files)
          for (let column = 0; column < 5; column++) answers.push(codeOf(tiles(reader, file, column)))
        host.started.at(-1)!.kill()
      }
      expect(new Set(await Promise.all(answers))).toEqual(new Set(['pixels']))
    },
  )

  test('in the middle of writing patches: the file is complete and right in the end', async () => {
    const host = countingHost()
    const reader = readerOn(host)
    const folder = temporaryFolder()
    const file = slideCalled('a')
    const [whole, killed] = [path.join(folder, 'whole.raw'), path.join(folder, 'killed.raw')]
    await readPatches(reader, file, whole)
    let kills = 0
    await readPatches(reader, file, killed, { onProgress: () => kills++ === 0 && host.started[0]!.kill() })
    expect(host.started).toHaveLength(2)
    expect(statSync(killed).size).toBe(28 * 24 * 96 * 96 * 3)
    expect(readFileSync(killed).equals(readFileSync(whole))).toBe(true)
  })

  test('a program that can not be started is told as such, and no slide is blamed', async () => {
    const reader = readerOn(testHost(new URL('noSuch.process.ts', import.meta.url), 'ignore'))
    await expect(tiles(reader, tiffSample)).rejects.toMatchObject({
      code: 'SLIDE_READER_DIED',
      message: expect.stringMatching(/could not be started/),
    })
  })
})

describe('cancelling', () => {
  test('stops the work in the process', async () => {
    const reader = startReader()
    const out = path.join(temporaryFolder(), 'patches.raw')
    const picture = path.join(SAMPLES, 'patches/tumor/patch0003644.jpg')
    const files = new Array<string>(5_000).fill(picture)
    const abort = new AbortController()
    const reading = reader.follow(
      { key: 'set', name: 'set' },
      'patches.read',
      { origin: { kind: 'pictures', files, edge: 96 }, edgePx: 96, channels: 3, file: out },
      () => abort.abort(),
      abort.signal,
    )
    await expect(reading).rejects.toMatchObject({ code: 'CANCELLED' })
    await wait(300)
    const written = statSync(out).size
    await wait(300)
    expect(statSync(out).size).toBe(written)
    expect(written).toBeLessThan(files.length * 96 * 96 * 3)
  })

  test('what was cancelled before is never begun', async () => {
    const host = countingHost()
    const signal = AbortSignal.abort()
    expect(await codeOf(readPatches(readerOn(host), tiffSample, '/nowhere', { signal }))).toBe('CANCELLED')
    expect(host.started).toHaveLength(0)
  })

  test('stopping the reader answers everything that waits', async () => {
    const reader = startReader()
    const waiting = codeOf(tiles(reader, tiffSample))
    reader.stop()
    expect(await waiting).toBe('CANCELLED')
    expect(await codeOf(tiles(reader, tiffSample))).toBe('CANCELLED')
  })
})

describe('a file that changes while it is open', () => {
  const known = async (reader: SlideReader, file: string) => {
    const { fingerprint } = await reader.ask({ key: file, name: 'a' }, 'slides.open', { file, fingerprint: null })
    return () => reader.ask({ key: file, name: 'a' }, 'slides.tiles', { file, fingerprint, level: 0, tiles: [[0, 0]] })
  }

  test('removed: missing, and found again when it comes back', async () => {
    const reader = startReader()
    const lost: string[] = []
    reader.onLost((file, error) => lost.push(`${path.basename(file)} ${error.code}`))
    const file = slideCalled('a')
    const read = await known(reader, file)
    await read()
    rmSync(file)
    await wait(600)
    await expect(read()).rejects.toMatchObject({ code: 'SLIDE_FILE_MISSING', data: { file } })
    expect(lost).toEqual(['a.tif SLIDE_FILE_MISSING'])
    copyFileSync(tiffSample, file)
    expect((await read())[0]).toBeInstanceOf(Uint8Array)
  })

  test('replaced by another slide: never read as the one it was', async () => {
    const reader = startReader()
    const file = slideCalled('a')
    const read = await known(reader, file)
    await writeTinySlide(file)
    await wait(600)
    await expect(read()).rejects.toMatchObject({ code: 'SLIDE_FILE_DIFFERS' })
  })

  test('touched, or copied over itself: goes on', async () => {
    const reader = startReader()
    const file = slideCalled('a')
    const read = await known(reader, file)
    copyFileSync(tiffSample, file)
    await wait(600)
    expect((await read())[0]).toBeInstanceOf(Uint8Array)
  })
})

test('one bad tile does not fail its batch', async () => {
  const file = slideCalled('a')
  const reply = await startReader().ask({ key: file, name: 'a' }, 'slides.tiles', {
    file,
    fingerprint: null,
    level: 0,
    tiles: [
      [0, 0],
      [99, 0],
      [1, 0],
    ],
  })
  expect(reply).toEqual([
    expect.any(Uint8Array),
    expect.objectContaining({ code: 'SLIDE_TILE_BROKEN' }),
    expect.any(Uint8Array),
  ])
})
