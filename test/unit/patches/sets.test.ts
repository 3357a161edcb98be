/** Folders, lists and IDX pairs as patch sets. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import type { PatchSet } from '../../../src-shared/patches.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { handle, SlideBench } from '../../fixtures/slideBench.ts'
import { sharedFile, testWith } from '../../fixtures/sharedData.ts'
import { sharedReader } from '../../fixtures/slideReaders.ts'
import { SAMPLES } from '../../fixtures/tinySlides.ts'

const reader = sharedReader()

type Picture = { width?: number; height?: number; grey?: boolean }

async function picture(file: string, { width = 8, height = width, grey = false }: Picture = {}): Promise<void> {
  const value = 100
  mkdirSync(path.dirname(file), { recursive: true })
  const made = sharp({
    create: { width, height, channels: 3, background: { r: value, g: value, b: grey ? value : 0 } },
  })
  await (grey ? made.toColourspace('b-w') : made).png().toFile(file)
}

const addFolder = (bench: SlideBench, folder: string): Promise<PatchSet> =>
  Promise.resolve(bench.patches.handlers['patches.addFolder']({ folder: handle(folder), mpp: null }))
const addCsv = (bench: SlideBench, file: string): Promise<PatchSet> =>
  Promise.resolve(bench.patches.handlers['patches.addCsv']({ file: handle(file), mpp: null }))
const addIdx = (bench: SlideBench, images: string, labels: string): Promise<PatchSet> =>
  Promise.resolve(bench.patches.handlers['patches.addIdx']({ images: handle(images), labels: handle(labels) }))

/** A grey picture of floating-point numbers, which no library here writes. */
function floatTiff(edge: number): Buffer {
  const entries: [tag: number, type: number, value: number][] = [
    [256, 3, edge],
    [257, 3, edge],
    [258, 3, 32],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 8 + 2 + 12 * 10 + 4],
    [277, 3, 1],
    [278, 3, edge],
    [279, 4, 4 * edge * edge],
    [339, 3, 3],
  ]
  const head = Buffer.alloc(8 + 2 + 12 * entries.length + 4)
  head.write('II*\0', 'latin1')
  head.writeUInt32LE(8, 4)
  head.writeUInt16LE(entries.length, 8)
  for (const [i, [tag, type, value]] of entries.entries()) {
    head.writeUInt16LE(tag, 10 + 12 * i)
    head.writeUInt16LE(type, 12 + 12 * i)
    head.writeUInt32LE(1, 14 + 12 * i)
    head.writeUInt32LE(value, 18 + 12 * i)
  }
  return Buffer.concat([head, Buffer.from(new Float32Array(edge * edge).fill(0.5).buffer)])
}

/** patch → why networks do not get it */
async function unfitOf(bench: SlideBench, set: PatchSet): Promise<Record<number, string>> {
  const { unfit, unfitReason, reasons } = await bench.patches.handlers['patches.contents']({ set: set.id })
  return Object.fromEntries(Array.from(unfit, (patch, i) => [patch, reasons[unfitReason[i]!]!]))
}

const labels = (bench: SlideBench, set: PatchSet) => bench.patches.patchesOfSet(set.id).map((patch) => patch.label)

describe('a folder', () => {
  test('the 200 sample patches: classes are the sub-folders, each patch its own case', async () => {
    const bench = SlideBench.create(reader)
    const folder = path.join(bench.folder, 'pcam sample')
    cpSync(path.join(SAMPLES, 'patches'), folder, { recursive: true })
    const set = await addFolder(bench, folder)
    expect(set).toMatchObject({
      kind: 'set',
      name: 'pcam sample',
      origin: 'folder',
      patches: 200,
      width: 96,
      height: 96,
      channels: 3,
      mpp: null,
      casesKnown: false,
    })
    expect(labels(bench, set)).toEqual([...new Array(100).fill('normal'), ...new Array(100).fill('tumor')])
    expect(bench.sourceChanges).toEqual([[set]])
    await bench.reopen()
    expect(bench.patches.sources.all()).toEqual([set])
  })

  test('pictures may lie deeper; those directly in the folder have no class; hidden and other files are left out', async () => {
    const bench = SlideBench.create(reader)
    const folder = path.join(bench.folder, 'set')
    for (const name of ['b/deep/er/x.png', 'a/Ä 🔬.png', 'loose.png', '.hidden/y.png', 'a/._z.png'])
      await picture(path.join(folder, name))
    writeFileSync(path.join(folder, 'a', 'notes.txt'), 'hello')
    const set = await addFolder(bench, folder)
    expect(labels(bench, set)).toEqual(['a', 'b', null])
  })

  test.skipIf(process.platform === 'win32')(
    'links to folders and pictures are followed, a link back to a folder above is not, one to nowhere is named',
    async () => {
      const bench = SlideBench.create(reader)
      const [folder, elsewhere] = ['set', 'elsewhere'].map((name) => path.join(bench.folder, name)) as [string, string]
      for (const name of ['1.png', '2.png']) await picture(path.join(elsewhere, 'tumor', name))
      await picture(path.join(folder, 'normal/1.png'))
      symlinkSync(path.join(elsewhere, 'tumor'), path.join(folder, 'tumor'))
      symlinkSync(path.join(elsewhere, 'tumor/1.png'), path.join(folder, 'normal/2.png'))
      symlinkSync(folder, path.join(folder, 'normal', 'loop'))
      expect(labels(bench, await addFolder(bench, folder))).toEqual(['normal', 'normal', 'tumor', 'tumor'])
      symlinkSync(path.join(elsewhere, 'gone.png'), path.join(folder, 'normal/3.png'))
      const set = await addFolder(bench, folder)
      expect(set).toMatchObject({ patches: 5, notes: { unfit: 1 } })
      expect(await unfitOf(bench, set)).toEqual({ 2: 'it can not be read' })
    },
  )

  test('the same folder is one set however often it is added; with another file, scale or label it is another', async () => {
    const bench = SlideBench.create(reader)
    const folder = path.join(bench.folder, 'set')
    for (const name of ['a/1.png', 'a/2.png', 'b/1.png']) await picture(path.join(folder, name))
    const set = await addFolder(bench, folder)
    expect(await addFolder(bench, folder)).toEqual(set)
    const scaled = await bench.patches.handlers['patches.addFolder']({ folder: handle(folder), mpp: micronPerPx(0.5) })
    renameSync(path.join(folder, 'a/2.png'), path.join(folder, 'b/2.png'))
    const relabelled = await addFolder(bench, folder)
    await picture(path.join(folder, 'b/3.png'))
    const grown = await addFolder(bench, folder)
    expect(new Set([set, scaled, relabelled, grown].map((each) => each.id)).size).toBe(4)
    expect(bench.patches.sources.all()).toHaveLength(4)
  })

  test('pictures that are all grey have one channel', async () => {
    const bench = SlideBench.create(reader)
    const folder = path.join(bench.folder, 'set')
    await picture(path.join(folder, 'a/1.png'), { grey: true })
    await picture(path.join(folder, 'a/2.png'), { grey: true })
    expect(await addFolder(bench, folder)).toMatchObject({ channels: 1 })
    await picture(path.join(folder, 'a/3.png'))
    expect(await addFolder(bench, folder)).toMatchObject({ channels: 3 })
  })

  test('pictures of another size, broken ones and those of floating point are kept, and kept from networks', async () => {
    const bench = SlideBench.create(reader)
    const folder = path.join(bench.folder, 'set')
    for (let i = 0; i < 3; i++) await picture(path.join(folder, `a/${i}.png`))
    await picture(path.join(folder, 'b/wide.png'), { width: 9, height: 8 })
    writeFileSync(path.join(folder, 'b/x.png'), 'no picture')
    writeFileSync(path.join(folder, 'b/z.tif'), floatTiff(8))
    const set = await addFolder(bench, folder)
    expect(set).toMatchObject({ patches: 6, width: 8, height: 8, notes: { unfit: 3, alpha: 0, deep: 0, grey: 0 } })
    expect(await unfitOf(bench, set)).toEqual({
      3: 'it has 9 × 8 px',
      4: 'it can not be read',
      5: 'its values have 32 bits, and nothing says which of them is white',
    })
    await bench.reopen()
    expect(bench.patches.sources.all()).toEqual([set])
  })

  test('pictures that are no squares can be looked at', async () => {
    const bench = SlideBench.create(reader)
    const wide = path.join(bench.folder, 'wide')
    await picture(path.join(wide, 'a/1.png'), { width: 40, height: 20 })
    const set = await addFolder(bench, wide)
    expect(set).toMatchObject({ width: 40, height: 20, notes: { unfit: 0 } })
    const [png] = await bench.patches.handlers['patches.pictures']({
      source: set.id,
      patches: Uint32Array.of(0),
      margin: 0,
      edge: 20,
    })
    expect(await sharp(png!).metadata()).toMatchObject({ width: 20, height: 10 })
  })

  test('a folder none of whose pictures can be read is refused by name', async () => {
    const bench = SlideBench.create(reader)
    const broken = path.join(bench.folder, 'broken')
    mkdirSync(path.join(broken, 'a'), { recursive: true })
    for (const name of ['1.png', '2.png']) writeFileSync(path.join(broken, 'a', name), 'no picture')
    await expect(addFolder(bench, broken)).rejects.toMatchObject({
      code: 'PATCH_SET_BROKEN',
      message: expect.stringMatching(/none of its 2 pictures can be read: “1\.png”/),
    })
  })

  test('transparency, 16 bits and grey among colour are counted; of 16 bits the upper 8 are shown, glass is white', async () => {
    const bench = SlideBench.create(reader)
    const folder = path.join(bench.folder, 'set', 'a')
    await picture(path.join(folder, '1.png'), { width: 16 })
    await picture(path.join(folder, '2.png'), { width: 16, grey: true })
    const values = new Uint16Array(16 * 16 * 3).map((_, i) => [0, 0x80ff, 65_535][i % 3]!)
    await sharp(values, { raw: { width: 16, height: 16, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toFile(path.join(folder, '3.png'))
    await sharp({ create: { width: 16, height: 16, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } } })
      .png()
      .toFile(path.join(folder, '4.png'))
    const set = await addFolder(bench, path.dirname(folder))
    expect(set.notes).toEqual({ unfit: 0, alpha: 1, deep: 1, grey: 1 })
    const shown = await bench.patches.handlers['patches.pictures']({
      source: set.id,
      patches: Uint32Array.of(2, 3),
      margin: 0,
      edge: 16,
    })
    const firstPx = async (png: Uint8Array | null | undefined) => [
      ...(await sharp(png!).raw().toBuffer()).subarray(0, 3),
    ]
    expect(await firstPx(shown[0])).toEqual([0, 0x80, 255])
    expect(await firstPx(shown[1])).toEqual([255, 255, 255])
    const facts = await bench.patches.handlers['patches.facts']({ set: set.id, patch: 2 })
    expect(facts).toEqual({
      file: 'a/3.png',
      given: 'a',
      slide: null,
      case: null,
      picture: { width: 16, height: 16, channels: 3, alpha: false, bits: 16, format: 'png' },
    })
  })

  test.each([
    ['empty', [], /it is empty/],
    ['without a picture', ['a/notes.txt', 'b.csv'], /none of its 2 files is a PNG, JPEG or TIFF picture/],
  ])('a folder that is %s is refused', async (_, files, words) => {
    const bench = SlideBench.create(reader)
    const folder = path.join(bench.folder, 'set')
    mkdirSync(path.join(folder, 'a'), { recursive: true })
    for (const name of files) writeFileSync(path.join(folder, name), 'hello')
    await expect(addFolder(bench, folder)).rejects.toMatchObject({
      code: 'PATCH_SET_EMPTY',
      message: expect.stringMatching(words),
    })
  })

  test('a file instead of a folder is refused', async () => {
    const bench = SlideBench.create(reader)
    await expect(addFolder(bench, path.join(SAMPLES, 'pcam_composite_demo_labels.csv'))).rejects.toMatchObject({
      code: 'FILE_NOT_DIRECTORY',
    })
  })
})

describe('a set that is looked at', () => {
  const contentsOf = (bench: SlideBench, set: PatchSet) =>
    Promise.resolve(bench.patches.handlers['patches.contents']({ set: set.id }))

  async function moved(bench: SlideBench): Promise<{ set: PatchSet; to: string }> {
    const folder = path.join(bench.folder, 'set')
    for (const name of ['a/1.png', 'b/1.png', 'b/2.png']) await picture(path.join(folder, name), { width: 16 })
    const set = await addFolder(bench, folder)
    const to = path.join(bench.folder, 'elsewhere')
    renameSync(folder, to)
    return { set, to }
  }

  test('says which class its folders name for each patch', async () => {
    const bench = SlideBench.create(reader)
    const folder = path.join(bench.folder, 'set')
    for (const name of ['a/1.png', 'b/1.png', 'loose.png']) await picture(path.join(folder, name))
    const contents = await contentsOf(bench, await addFolder(bench, folder))
    expect(contents).toMatchObject({ names: ['a', 'b'], given: Uint32Array.of(1, 2, 0), missing: null })
  })

  test('says that its folder is gone, and is found again where all of its files lie', async () => {
    const bench = SlideBench.create(reader)
    const { set, to } = await moved(bench)
    expect(await contentsOf(bench, set)).toMatchObject({ missing: { code: 'FILE_NOT_FOUND' } })
    const pictures = () =>
      bench.patches.handlers['patches.pictures']({ source: set.id, patches: Uint32Array.of(0), margin: 0, edge: 16 })
    expect(await pictures()).toEqual([null])
    expect(await bench.patches.handlers['patches.relocate']({ set: set.id, place: handle(to) })).toEqual(set)
    expect(await contentsOf(bench, set)).toMatchObject({ missing: null })
    expect((await pictures())[0]).toBeInstanceOf(Uint8Array)
    expect(bench.sourceChanges.at(-1)).toEqual([set])
  })

  test('is not taken for a folder that lacks one of its files, which is named', async () => {
    const bench = SlideBench.create(reader)
    const { set, to } = await moved(bench)
    renameSync(path.join(to, 'b/2.png'), path.join(to, 'b/3.png'))
    await expect(
      Promise.resolve(bench.patches.handlers['patches.relocate']({ set: set.id, place: handle(to) })),
    ).rejects.toMatchObject({
      code: 'PATCH_SET_BROKEN',
      message: expect.stringMatching(/1 of the 3 files of “set” are not there: b\/2\.png/),
    })
  })

  test('tells why one picture can not be read', async () => {
    const bench = SlideBench.create(reader)
    const { set } = await moved(bench)
    const facts = await bench.patches.handlers['patches.facts']({ set: set.id, patch: 1 })
    expect(facts).toMatchObject({ file: 'b/1.png', given: 'b', picture: { code: 'FILE_NOT_FOUND' } })
  })
})

describe('a list', () => {
  async function list(bench: SlideBench, csv: string): Promise<string> {
    for (const name of ['1.png', '2.png', 'deep/3.png']) await picture(path.join(bench.folder, 'list', name))
    const file = path.join(bench.folder, 'list', 'patches.csv')
    writeFileSync(file, csv)
    return file
  }

  test.each([
    ['commas', 'file,label,slide,case\n1.png,tumor,S1,P1\n2.png,normal,S2,P1\ndeep/3.png,,S3,P2\n'],
    [
      'tabs, BOM and other names of letters',
      '\ufeffCASE\tSlide\tFile\tLabel\nP1\tS1\t1.png\ttumor\nP1\tS2\t2.png\tnormal\nP2\tS3\tdeep/3.png\t\n',
    ],
    ['semicolons and quotes', 'file;label;slide;case\n"1.png";"tumor";S1;P1\n2.png;normal;S2;P1\ndeep/3.png;;S3;P2\n'],
  ])('with %s: labels, slides and cases', async (_, csv) => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file('a.tif'))
    await bench.slides.handlers['slides.assignCase']({ slides: [slide.id], caseName: 'P1' })
    const set = await addCsv(bench, await list(bench, csv))
    expect(set).toMatchObject({ name: 'patches', origin: 'csv', patches: 3, casesKnown: true })
    const patches = bench.patches.patchesOfSet(set.id)
    expect(patches.map((patch) => [patch.label, patch.slide, patch.case?.name])).toEqual([
      ['tumor', 'S1', 'P1'],
      ['normal', 'S2', 'P1'],
      [null, 'S3', 'P2'],
    ])
    // a patient is one patient, whether slides or patches of him are in the project
    expect(patches[0]!.case!.id).toBe(bench.now(slide).caseId)
  })

  test('cases are not known when a row does not say its own', async () => {
    const bench = SlideBench.create(reader)
    const set = await addCsv(bench, await list(bench, 'file,label,case\n1.png,a,P1\n2.png,b,\n'))
    expect(set.casesKnown).toBe(false)
  })

  test.each([
    ['file;name\n1.png;a\n', /Line 1 of “patches\.csv” .*the column “label” is missing/],
    ['file,label\n1.png,a\nnone.png,b\n', /Line 3 .*there is no file “none\.png”/],
    ['file,label\n1.png,a\n./1.png,b\n', /Line 3 .*“\.\/1\.png” is already in line 2/],
    ['file,label\n,a\n', /Line 2 .*it names no file/],
    ['file,label\n1.png,a,too,many\n', /Line 2 /],
  ])('that is wrong says in which line: %j', async (csv, words) => {
    const bench = SlideBench.create(reader)
    await expect(addCsv(bench, await list(bench, csv))).rejects.toMatchObject({
      code: 'PATCH_SET_BROKEN',
      message: expect.stringMatching(words),
    })
  })

  test('without rows is refused', async () => {
    const bench = SlideBench.create(reader)
    await expect(addCsv(bench, await list(bench, 'file,label\n'))).rejects.toMatchObject({ code: 'PATCH_SET_EMPTY' })
  })
})

describe('an IDX pair', () => {
  const numbers = (...values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length)
    for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i)
    return bytes
  }
  const images = (count = 3, side = 4, magic = 2051) =>
    Buffer.concat([numbers(magic, count, side, side), Buffer.alloc(count * side * side, 7)])
  const labelled = (count = 3, magic = 2049) =>
    Buffer.concat([numbers(magic, count), Buffer.from(Array.from({ length: count }, (_, i) => i))])

  const pair = (bench: SlideBench, a: Buffer, b: Buffer, ending = '') => {
    const files = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'].map((name) =>
      path.join(bench.folder, name + ending),
    )
    writeFileSync(files[0]!, a)
    writeFileSync(files[1]!, b)
    return addIdx(bench, files[0]!, files[1]!)
  }

  test.each(['plain', 'compressed'])('%s: size, channel and labels', async (kind) => {
    const bench = SlideBench.create(reader)
    const set = await (kind === 'plain'
      ? pair(bench, images(), labelled())
      : pair(bench, gzipSync(images()), gzipSync(labelled()), '.gz'))
    expect(set).toMatchObject({ name: 'train', origin: 'idx', patches: 3, width: 4, height: 4, channels: 1 })
    expect(labels(bench, set)).toEqual(['0', '1', '2'])
  })

  test.each([
    ['cut short', images().subarray(0, 50), labelled(), /should hold 48 bytes behind its header, but holds 34/],
    ['with a header cut short', images().subarray(0, 7), labelled(), /has only 7 bytes/],
    ['swapped', labelled(), images(), /begins with 2049 instead of 2051/],
    ['of different lengths', images(4), labelled(3), /has 3 labels for 4 images/],
    ['of 4 billion images', numbers(2051, 0xffffffff, 28, 28), labelled(), /should hold/],
    [
      'of images of 4 billion px',
      numbers(2051, 1, 0xffffffff, 0xffffffff),
      labelled(),
      /images of 4294967295 × 4294967295 px/,
    ],
    ['of no images', images(0), labelled(0), /it is empty/],
    ['that can not be unpacked', gzipSync(images()).subarray(0, 20), labelled(), /can not be unpacked/],
    ['that are no IDX files', Buffer.from('hello, I am a text of some length'), labelled(), /not an IDX file/],
  ])('%s is refused with the reason', async (_, a, b, words) => {
    const bench = SlideBench.create(reader)
    await expect(pair(bench, a, b)).rejects.toMatchObject({
      code: 'PATCH_SET_BROKEN',
      message: expect.stringMatching(words),
    })
  })

  test('a gzip bomb of 2 GB is refused before it fills the memory', { timeout: 60_000 }, async () => {
    const bench = SlideBench.create(reader)
    const megabyte = gzipSync(Buffer.alloc(1 << 20))
    // members of a gzip file follow each other
    const bomb = Buffer.concat(new Array<Buffer>(2048).fill(megabyte))
    await expect(pair(bench, bomb, labelled())).rejects.toMatchObject({
      code: 'PATCH_SET_BROKEN',
      message: expect.stringMatching(/can not be unpacked/),
    })
  })

  testWith('mnist/t10k-images-idx3-ubyte.gz', 'mnist/t10k-labels-idx1-ubyte.gz')('the test half of MNIST', async () => {
    const bench = SlideBench.create(reader)
    const set = await addIdx(
      bench,
      sharedFile('mnist/t10k-images-idx3-ubyte.gz'),
      sharedFile('mnist/t10k-labels-idx1-ubyte.gz'),
    )
    expect(set).toMatchObject({ name: 't10k', patches: 10_000, width: 28, height: 28 })
    expect(labels(bench, set).slice(0, 5)).toEqual(['7', '2', '1', '0', '4'])
  })
})

test('sets and grids stand in one list in the order they were made', async () => {
  const bench = SlideBench.create(reader)
  const slide = await bench.add(bench.file('a.tif'))
  const folder = path.join(bench.folder, 'set', 'a')
  mkdirSync(folder, { recursive: true })
  const [name] = readdirSync(path.join(SAMPLES, 'patches/tumor'))
  copyFileSync(path.join(SAMPLES, 'patches/tumor', name!), path.join(folder, 'x.jpg'))
  const set = await addFolder(bench, path.dirname(folder))
  expect((await bench.patches.handlers['patches.sources']()).map((source) => source.id)).toEqual([
    bench.grids(slide)[0]!.id,
    set.id,
  ])
})
