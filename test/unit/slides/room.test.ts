/** Slides of a project: added, sampled, sorted into cases, lost and found; a real database and a real reading process. */
import { appendFileSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { handle, SlideBench } from '../../fixtures/slideBench.ts'
import { sharedReader } from '../../fixtures/slideReaders.ts'
import { sharedFile, testWith } from '../../fixtures/sharedData.ts'
import { svsSample, tiffSample, writeTinySlide } from '../../fixtures/tinySlides.ts'

const reader = sharedReader()
const call = (bench: SlideBench) => bench.slides.handlers

/** Slides with the same picture and different files. */
const another = (bench: SlideBench, name: string) => {
  const file = bench.file(name)
  appendFileSync(file, name)
  return file
}

/** An open file is looked at again after half a second. */
const lookAgain = () => wait(600)

describe('adding', () => {
  test('a slide has the name of its file, a case of its own, and the µm/px its file states', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file('CMU-1.svs', svsSample))
    expect(slide).toMatchObject({
      name: 'CMU-1',
      caseName: 'CMU-1',
      width: 2220,
      mppX: 0.499,
      mppY: 0.499,
      mppSource: { kind: 'file', tag: 'aperio.MPP' },
      note: null,
      state: { kind: 'ready' },
    })
    expect(bench.changes).toEqual([{ changed: [slide], removed: [] }])
    await bench.reopen()
    expect(await call(bench)['slides.list']()).toEqual([slide])
  })

  test('with a note, which is shown with it', async () => {
    const bench = SlideBench.create(reader)
    expect((await bench.slides.add(bench.file('a.tif'), 'A mosaic.')).note).toBe('A mosaic.')
  })

  test('files that can not be read are named with their reason and do not stop the others', async () => {
    const bench = SlideBench.create(reader)
    const text = path.join(bench.folder, 'notes.svs')
    writeFileSync(text, 'hello')
    const files = [text, bench.file('größe 🔬.tif'), path.join(bench.folder, 'none.tif')].map(handle)
    const { added, refused } = await call(bench)['slides.add']({ files })
    expect(added.map((slide) => slide.name)).toEqual(['größe 🔬'])
    expect(refused.map(({ name, fault }) => [name, fault.code])).toEqual([
      ['notes.svs', 'SLIDE_NOT_A_SLIDE'],
      ['none.tif', 'FILE_NOT_FOUND'],
    ])
  })

  test('the same content is refused, whatever the file is called', async () => {
    const bench = SlideBench.create(reader)
    await bench.add(bench.file('a.tif'))
    await expect(bench.add(bench.file('b.tif'))).rejects.toMatchObject({
      code: 'SLIDE_ALREADY_ADDED',
      message: expect.stringMatching(/“b\.tif” is already in this project, as “a”/),
    })
  })

  test('two files of one name are two slides of two cases', async () => {
    const bench = SlideBench.create(reader)
    await bench.add(another(bench, 'one/a.tif'))
    const second = await bench.add(another(bench, 'two/a.tif'))
    expect([second.name, second.caseName]).toEqual(['a (2)', 'a (2)'])
  })
})

describe('removing', () => {
  test('a removed slide is gone with its grids, and comes back with its id when it is added again', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file('a.tif'))
    await call(bench)['slides.remove']({ slide: slide.id })
    expect(bench.changes.at(-1)).toEqual({ changed: [], removed: [slide.id] })
    expect([await call(bench)['slides.list'](), bench.patches.sources.all()]).toEqual([[], []])
    expect(() => bench.slides.byId(slide.id)).toThrow(expect.objectContaining({ code: 'SLIDE_UNKNOWN' }))
    const back = await bench.add(bench.file('b.tif'))
    expect([back.id, bench.grids(back).length]).toEqual([slide.id, 1])
  })

  test('is refused while its patches carry labels', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file('a.tif'))
    const [grid] = bench.grids(slide)
    bench.project.store.transaction('a label', (db) => {
      db.run(`INSERT INTO people VALUES (1, 'p', 'Anna', 0)`)
      db.run(`INSERT INTO classes (number, id, name, colour, deleted) VALUES (1, 'c', 'tumor', '#c80000', 0)`)
      db.run(`INSERT INTO gestures (sequence, id, kind, text, person, at) VALUES (1, 'g', 'label', '', 1, 0)`)
      db.run('INSERT INTO labels VALUES (@source, 7, 1, 1)', { source: bench.patches.sources.seqOf(grid!.id) })
    })
    expect(() => call(bench)['slides.remove']({ slide: slide.id })).toThrow(
      expect.objectContaining({ code: 'SLIDE_IN_USE', data: { slide: 'a', labels: 1 } }),
    )
  })
})

describe('µm per pixel', () => {
  test('an implausible statement is kept but not believed; what a person says is, with who said it', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(await writeTinySlide(path.join(bench.folder, 'a.tif')))
    expect(slide).toMatchObject({ mppX: null, mppY: null, mppSource: null })
    expect(slide.fileMpp?.x).toBeCloseTo(352.8, 1)
    const said = await call(bench)['slides.setMpp']({ slide: slide.id, mppX: 0.25 as never, mppY: 0.26 as never })
    expect(said).toMatchObject({ mppX: 0.25, mppY: 0.26, mppSource: { kind: 'person', person: 'Anna' } })
    await bench.reopen()
    expect(bench.now(slide)).toEqual(said)
  })

  test.each([0.01, 400])('%d µm/px is refused from a person too', async (mpp) => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file('a.tif'))
    expect(() => call(bench)['slides.setMpp']({ slide: slide.id, mppX: mpp as never, mppY: mpp as never })).toThrow(
      expect.objectContaining({ code: 'SLIDE_MPP_IMPLAUSIBLE' }),
    )
  })

  testWith('wsi/TCGA-XK-AAJU-01A-01-TS1_prad_corrected.tif')(
    'a TCGA slide that says 72 dpi is asked about',
    async () => {
      const bench = SlideBench.create(reader)
      const slide = await bench.add(sharedFile('wsi/TCGA-XK-AAJU-01A-01-TS1_prad_corrected.tif'))
      expect(slide.mppX).toBeNull()
      const params = { edgePx: 96, mpp: 1 as never, stridePx: 96, offsetXPx: 0, offsetYPx: 0 }
      expect(() => bench.patches.handlers['patches.createGrid']({ slide: slide.id, params })).toThrow(
        expect.objectContaining({
          code: 'SLIDE_MPP_NEEDED',
          message: expect.stringMatching(/its file says 352\.9 µm\/px/),
        }),
      )
    },
  )
})

describe('cases', () => {
  test('slides are put into a case by hand', async () => {
    const bench = SlideBench.create(reader)
    const slides = [await bench.add(another(bench, 'a.tif')), await bench.add(another(bench, 'b.tif'))]
    await call(bench)['slides.assignCase']({ slides: slides.map((slide) => slide.id), caseName: 'Patient 7' })
    const [a, b] = slides.map((slide) => bench.now(slide))
    expect([a!.caseName, b!.caseName, a!.caseId === b!.caseId]).toEqual(['Patient 7', 'Patient 7', true])
  })

  test.each([
    ['commas', 'slide,case\na,P1\nB.tif,P1\nc,P2\n'],
    ['semicolons, BOM, other columns and cases of letters', '\ufeffCase;age;SLIDE\nP1;40;A\nP1;41;b\nP2;9;c\n'],
  ])('or by a list with %s', async (_, csv) => {
    const bench = SlideBench.create(reader)
    const slides = [await bench.add(another(bench, 'a.tif')), await bench.add(another(bench, 'b.tif'))]
    const list = path.join(bench.folder, 'cases.csv')
    writeFileSync(list, csv)
    expect(await call(bench)['slides.importCases']({ file: handle(list) })).toEqual({ changed: 2, unknown: ['c'] })
    expect(slides.map((slide) => bench.now(slide).caseName)).toEqual(['P1', 'P1'])
    expect(await call(bench)['slides.importCases']({ file: handle(list) })).toMatchObject({ changed: 0 })
  })

  test.each([
    ['slide,patient\na,P1\n', /the column “case” is missing/],
    ['slide,case\na,P1\nb,\n', /line 3, can not be used: it names no case/],
    ['slide,case\n', /it holds no slides/],
    ['slide,case\na,P1,x\n', /line 2/],
  ])('a list that is wrong says where: %j', async (csv, words) => {
    const bench = SlideBench.create(reader)
    const list = path.join(bench.folder, 'cases.csv')
    writeFileSync(list, csv)
    await expect(call(bench)['slides.importCases']({ file: handle(list) })).rejects.toMatchObject({
      code: 'FILE_BROKEN',
      message: expect.stringMatching(words),
    })
  })
})

describe('files that move', () => {
  test('the project and its slides may move together', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file('slides/a.tif'))
    const absolute = bench.slides.byId(slide.id).absolutePath
    const moved = path.join(bench.folder, 'elsewhere')
    mkdirSync(moved)
    // the relative path leads there, the absolute one nowhere
    bench.project.store.transaction('as if moved', (db) =>
      db.run(`UPDATE slides SET relative_path = '../elsewhere/a.tif', absolute_path = '/gone/a.tif'`),
    )
    renameSync(absolute, path.join(moved, 'a.tif'))
    await bench.reopen()
    expect(bench.now(slide).state).toEqual({ kind: 'ready' })
    expect(await bench.slides.pathOf(slide.id)).toBe(path.join(moved, 'a.tif'))
  })

  test('a missing file is said, does not hold up the list, and is found by its content with others beside it', async () => {
    const bench = SlideBench.create(reader)
    const slides = [await bench.add(another(bench, 'a.tif')), await bench.add(another(bench, 'b.tif'))]
    const moved = path.join(bench.folder, 'moved')
    mkdirSync(moved)
    renameSync(path.join(bench.folder, 'a.tif'), path.join(moved, 'renamed.tif'))
    renameSync(path.join(bench.folder, 'b.tif'), path.join(moved, 'b.tif'))
    bench.file('moved/another.tif', svsSample)
    await bench.reopen()
    expect(slides.map((slide) => bench.now(slide).state.kind)).toEqual(['missing', 'missing'])
    await expect(bench.slides.fileOf(slides[0]!.id)).rejects.toMatchObject({ code: 'SLIDE_FILE_MISSING' })

    const wrong = { slide: slides[0]!.id, file: handle(path.join(moved, 'another.tif')) }
    await expect(call(bench)['slides.relocate'](wrong)).rejects.toMatchObject({ code: 'SLIDE_FILE_DIFFERS' })

    const right = { slide: slides[0]!.id, file: handle(path.join(moved, 'renamed.tif')) }
    const { found } = await call(bench)['slides.relocate'](right)
    expect(new Set(found)).toEqual(new Set(slides.map((slide) => slide.id)))
    expect(slides.map((slide) => bench.now(slide).state.kind)).toEqual(['ready', 'ready'])
    await bench.reopen()
    expect(slides.map((slide) => bench.now(slide).state.kind)).toEqual(['ready', 'ready'])
  })

  test('a file removed while it is open makes the slide missing; when it is back, trying again is enough', async () => {
    const bench = SlideBench.create(reader)
    const file = bench.file('a.tif')
    const slide = await bench.add(file)
    const tiles = () => bench.slides.tiles({ slide: slide.id, level: 0, tiles: [[0, 0]] })
    expect((await tiles())[0]).toBeInstanceOf(Uint8Array)
    rmSync(file)
    await lookAgain()
    await expect(tiles()).rejects.toMatchObject({ code: 'SLIDE_FILE_MISSING' })
    expect(bench.now(slide).state).toEqual({ kind: 'missing', file })
    expect(bench.changes.at(-1)?.changed[0]?.state.kind).toBe('missing')
    bench.file('a.tif')
    expect((await call(bench)['slides.retry']({ slide: slide.id })).state).toEqual({ kind: 'ready' })
    expect((await tiles())[0]).toBeInstanceOf(Uint8Array)
  })

  test('a file of another content at the same place is not taken for the slide', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file('a.tif'))
    bench.file('a.tif', svsSample)
    await bench.reopen()
    expect(bench.now(slide).state.kind).toBe('missing')
  })

  test('nor is one of the same size', async () => {
    const bench = SlideBench.create(reader)
    const file = bench.file('a.tif')
    const slide = await bench.add(file)
    writeFileSync(file, Buffer.alloc(statSync(file).size))
    await bench.reopen()
    await lookAgain()
    const tried = await call(bench)['slides.retry']({ slide: slide.id })
    expect(tried.state.kind).toBe('unreadable')
  })

  test('a project that is open for reading only shows its slides', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file('a.tif'))
    await bench.reopen(true)
    expect(bench.now(slide).state.kind).toBe('ready')
    await expect(bench.add(another(bench, 'b.tif'))).rejects.toMatchObject({ code: 'PROJECT_READ_ONLY' })
  })
})

describe('pictures', () => {
  test('a thumbnail is a JPEG of the asked-for size that looks like the slide', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file('a.tif'))
    const { jpeg } = await call(bench)['slides.thumbnail']({ slide: slide.id, edge: 200 })
    const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true })
    expect([info.width, info.height]).toEqual([200, 171])
    const theirs = await sharp(tiffSample, { page: 3 }).resize(200, 171, { fit: 'fill' }).raw().toBuffer()
    const mean = data.reduce((sum, value, i) => sum + Math.abs(value - theirs[i]!), 0) / data.length
    expect(mean).toBeLessThan(6)
  })

  test('a thumbnail is never larger than the slide', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(await writeTinySlide(path.join(bench.folder, 'a.tif'), { width: 120, height: 80 }))
    const { jpeg } = await call(bench)['slides.thumbnail']({ slide: slide.id, edge: 500 })
    expect(await sharp(jpeg).metadata()).toMatchObject({ width: 120, height: 80 })
  })

  test('label, macro and thumbnail images are PNG, and properties are listed', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file('a.svs', svsSample))
    for (const { name, width, height } of slide.associatedImages) {
      const { png } = await call(bench)['slides.associatedImage']({ slide: slide.id, name })
      expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width, height })
    }
    const properties = await call(bench)['slides.properties']({ slide: slide.id })
    expect(properties).toContainEqual({ name: 'aperio.AppMag', value: '20' })
  })

  test('an image the slide does not have is refused', async () => {
    const bench = SlideBench.create(reader)
    const slide = await bench.add(bench.file('a.tif'))
    await expect(call(bench)['slides.associatedImage']({ slide: slide.id, name: 'label' })).rejects.toMatchObject({
      code: 'SLIDE_BROKEN',
      message: expect.stringMatching(/it has no label image/),
    })
  })
})
