/**
 * A drive that goes away and comes back while slides on it are open, files that other programs hold, and the names files
 * can have. Errors of the system are put in where Node reads a file handle; whatever else is real.
 */
import {
  appendFileSync,
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { toFault } from '../../../src-shared/errors.ts'
import { openSlides } from '../../../src-main/slides/openSlides.ts'
import { createSlideServer } from '../../../src-main/slides/slideServer.ts'
import { SlideBench } from '../../fixtures/slideBench.ts'
import { sharedReader, startReader } from '../../fixtures/slideReaders.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'
import { svsSample, tiffSample, writeTinySlide } from '../../fixtures/tinySlides.ts'
import { JPEG, writeDicom } from '../../fixtures/writeDicom.ts'

const reader = sharedReader()

/** What all file handles of this process inherit from. */
const handles = await (async () => {
  const handle = await open(import.meta.filename)
  await handle.close()
  return Object.getPrototypeOf(handle) as FileHandle
})()

afterEach(() => vi.restoreAllMocks())

/** Every read fails, `times` times or until it is told otherwise. @returns the function that brings the drive back */
function driveGone(code: string, times = Infinity): () => void {
  const real = handles.read
  let left = times
  const spy = vi.spyOn(handles, 'read').mockImplementation(function (this: FileHandle, ...input: never[]) {
    if (left-- > 0) return Promise.reject(Object.assign(new Error(`${code}: i/o error, read`), { code }))
    return Reflect.apply(real, this, input) as never
  } as never)
  return () => spy.mockRestore()
}

function copied(sample = svsSample): string {
  const file = path.join(temporaryFolder(), path.basename(sample))
  copyFileSync(sample, file)
  return file
}

const firstTile = async (
  server: ReturnType<typeof createSlideServer>,
  file: string,
  fingerprint: string | null = null,
) => server.handlers.calls['slides.tiles']({ file, fingerprint, level: 0, tiles: [[0, 0]] })

describe.each(['EIO', 'ESTALE', 'ENOTCONN', 'ETIMEDOUT', 'UNKNOWN'])('a drive that answers %s', (code) => {
  test('for a moment: the file is opened anew, and the tile is given as if nothing had happened', async () => {
    const server = createSlideServer(() => undefined)
    const file = copied()
    const [before] = await firstTile(server, file)
    driveGone(code, 1)
    expect(await firstTile(server, file)).toEqual([before])
  })

  test('for longer: an error that names file and fault; when it is back, the next request has its pixels', async () => {
    const server = createSlideServer(() => undefined)
    const file = copied()
    const [before] = await firstTile(server, file)
    const back = driveGone(code)
    const gone = await firstTile(server, file).catch(toFault)
    const fault = Array.isArray(gone) ? gone[0] : gone
    expect(fault).toMatchObject({
      code: 'SLIDE_READ_FAILED',
      data: { file, reason: `${code}: i/o error, read` },
      message: expect.stringMatching(/“CMU-1-Small-Region\.svs” could not be read just now: its drive answers/),
    })
    back()
    expect(await firstTile(server, file)).toEqual([before])
  })
})

test('a region of a drive that went away is refused, and read when it is back', async () => {
  const slides = openSlides(() => undefined)
  const file = path.join(temporaryFolder(), 'a.dcm')
  const frame = Buffer.from(
    (
      await firstTile(
        createSlideServer(() => undefined),
        svsSample,
      )
    )[0] as Uint8Array,
  )
  writeDicom(file, { width: 240, height: 240, tile: 240, syntax: JPEG, photometric: 'RGB', frames: [frame] })
  const region = () =>
    slides.use({ file, fingerprint: null }, (source) =>
      source.levels[0]!.region({ x: 0, y: 0, width: 100, height: 100 }),
    )
  await slides.use({ file, fingerprint: null }, async () => undefined)
  const back = driveGone('EIO')
  await expect(region()).rejects.toMatchObject({ code: 'SLIDE_READ_FAILED' })
  back()
  expect((await region()).data).toHaveLength(100 * 100 * 3)
})

test('a slide whose folder vanishes is missing, and is there again by itself when the folder is', async () => {
  const bench = SlideBench.create(reader, 200)
  const slide = await bench.add(bench.file('share/a.tif'))
  const tiles = () => bench.slides.tiles({ slide: slide.id, level: 0, tiles: [[0, 0]] })
  const [before] = await tiles()
  const [share, away] = [path.join(bench.folder, 'share'), path.join(bench.folder, 'away')]
  for (let times = 0; times < 2; times++) {
    renameSync(share, away)
    await wait(600) // an open file is looked at again after half a second
    await expect(tiles()).rejects.toMatchObject({ code: 'SLIDE_FILE_MISSING' })
    expect(bench.now(slide).state.kind).toBe('missing')
    await wait(500)
    expect(bench.now(slide).state.kind, 'looked for, and not there').toBe('missing')
    renameSync(away, share)
    await vi.waitFor(() => expect(bench.now(slide).state).toEqual({ kind: 'ready' }), 5000)
    expect(bench.changes.at(-1)?.changed[0]?.state).toEqual({ kind: 'ready' })
    expect(await tiles()).toEqual([before])
  }
})

describe('a file that another program has open', () => {
  test('two processes read it at the same time, while a third holds it open for writing', async () => {
    const file = copied(tiffSample)
    const writer = openSync(file, 'r+')
    const [one, other] = [startReader(), startReader()]
    const subject = { key: file, name: 'a' }
    const places = Array.from({ length: 10 }, (_, column): [number, number] => [column, 1])
    const read = (from: typeof one) =>
      from.ask(subject, 'slides.tiles', { file, fingerprint: null, level: 0, tiles: places })
    const [first, second] = await Promise.all([read(one), read(other)])
    closeSync(writer)
    expect(first.every((tile) => tile instanceof Uint8Array)).toBe(true)
    expect(second).toEqual(first)
  })

  test('one that still grows opens with what is there; once it has grown, it is told to be another file', async () => {
    const file = copied(tiffSample)
    const subject = { key: file, name: 'a' }
    const { fingerprint } = await reader.ask(subject, 'slides.open', { file, fingerprint: null })
    const tile = () =>
      reader.ask(subject, 'slides.tiles', { file, fingerprint, level: 0, tiles: [[0, 0] as [number, number]] })
    const writer = openSync(file, 'a')
    writeSync(writer, 'more')
    await wait(600)
    await expect(tile()).rejects.toMatchObject({ code: 'SLIDE_FILE_DIFFERS' })
    closeSync(writer)
    appendFileSync(file, 'and more')
    expect((await reader.ask(subject, 'slides.open', { file, fingerprint: null })).header.width).toBe(2688)
  })
})

test.runIf(process.platform !== 'win32')(
  'read-only media: a slide is read whole, and nothing is written beside it',
  async () => {
    const server = createSlideServer(() => undefined)
    const ask = async (slide: { file: string; fingerprint: null }) => {
      const { calls } = server.handlers
      const region = { x: 10, y: 10, width: 300, height: 200, at: { level: 0 } }
      return [
        await calls['slides.tiles']({ ...slide, level: 0, tiles: [[0, 0]] }),
        await calls['slides.region']({ ...slide, ...region }),
        await calls['slides.thumbnail']({ ...slide, edge: 64 }),
        await calls['slides.associatedImage']({ ...slide, name: 'label' }),
      ]
    }
    const before = await ask({ file: svsSample, fingerprint: null })
    const outer = temporaryFolder()
    const disk = path.join(outer, 'disk')
    mkdirSync(disk)
    const file = path.join(disk, 'scan.svs')
    copyFileSync(svsSample, file)
    chmodSync(outer, 0o755)
    chmodSync(file, 0o444)
    chmodSync(disk, 0o555)
    const isRoot = process.getuid!() === 0 // who may write anywhere, and so is somebody else for a while
    if (isRoot) process.seteuid!(65_534)
    try {
      expect(() => writeFileSync(path.join(disk, 'mine'), '')).toThrow(/EACCES/)
      expect(await ask({ file, fingerprint: null })).toEqual(before)
    } finally {
      if (isRoot) process.seteuid!(0)
      chmodSync(disk, 0o755)
    }
    expect(readdirSync(disk)).toEqual(['scan.svs'])
  },
)

describe('names of files', () => {
  const names = [
    ['emoji and letters of many scripts', 'größe 🔬 組織 ткань.tif'],
    ['spaces at both ends', '  a slide  .tif'],
    ['quotes', `"it's" „so“ 'and' \`so\`.tif`],
    ['a line break and a tab', 'one\ntwo\tthree.tif'],
    ['brackets, as libvips takes options in', 'slide[page=2,fail=true].tif'],
    ['signs of shells and URLs', '%20$HOME;#?&=*|<a>.tif'],
    ['a colon', 'C:slide.tif'],
    ['a leading dash', '-rf.tif'],
    ['255 bytes', `${'ä'.repeat(125)}a.tif`],
  ] as const

  test.each(names)('%s: tiles, regions and overview, also when the project is opened again', async (_, name) => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file(name))
    expect(slide.name).toBe(path.parse(name).name)
    expect(await bench.slides.tiles({ slide: slide.id, level: 0, tiles: [[0, 0]] })).toEqual([expect.any(Uint8Array)])
    const file = await bench.slides.fileOf(slide.id)
    const subject = bench.slides.subjectOf(slide.id)
    const region = { ...file, x: 100, y: 100, width: 300, height: 200, at: { level: 0 } }
    const same = { ...region, file: tiffSample }
    expect(await reader.ask(subject, 'slides.region', region)).toEqual(await reader.ask(subject, 'slides.region', same))
    expect(await reader.ask(subject, 'slides.thumbnail', { ...file, edge: 64 })).toBeInstanceOf(Uint8Array)
    await bench.reopen()
    expect(bench.now(slide).state).toEqual({ kind: 'ready' })
  })

  test('paths of more than 300 characters', async () => {
    const bench = SlideBench.create(reader)
    const deep = path.join(...Array.from({ length: 8 }, (_, i) => `${i} ${'folder '.repeat(6)}`), 'slide.tif')
    const file = bench.file(deep)
    expect(file.length).toBeGreaterThan(360)
    const slide = await bench.add(file)
    expect(await bench.slides.tiles({ slide: slide.id, level: 0, tiles: [[0, 0]] })).toEqual([expect.any(Uint8Array)])
  })

  test.runIf(process.platform === 'linux')(
    'bytes that are no UTF-8: the file is refused by name, and the others beside it are read',
    async () => {
      const folder = temporaryFolder()
      const odd = Buffer.concat([Buffer.from(`${folder}/gr`), Buffer.of(0xf6, 0xdf), Buffer.from('e.tif')])
      writeFileSync(odd, 'II*\0')
      mkdirSync(path.join(folder, 'sub'))
      await writeTinySlide(path.join(folder, 'sound.tif'))
      const bench = SlideBench.create(reader)
      const shown = path.join(folder, odd.toString('utf8').split('/').at(-1)!)
      const files = [shown, path.join(folder, 'sound.tif')] as never[]
      const { added, refused } = await bench.slides.handlers['slides.add']({ files })
      expect(added.map(({ name }) => name)).toEqual(['sound'])
      expect(refused).toMatchObject([{ name: 'gr\ufffd\ufffde.tif', fault: { code: 'FILE_NOT_FOUND' } }])
    },
  )
})
