/** Projects, grids, labels and exports from the command line. */
import { type ChildProcess, fork } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openProject } from '../../../src-main/projects/projectStore.ts'
import type { LabelCount, PatchClass } from '../../../src-shared/labels.ts'
import { MaskParams } from '../../../src-shared/masks.ts'
import { refusal, tessera, told } from '../../fixtures/commandLine.ts'
import { CMU, MOSAIC_FILE, MOSAIC_TRUTH } from '../../fixtures/samples.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const MOSAIC = 'pcam_composite_demo'

const NAME = 'Projekt Ü 😐'

/** Made once and copied: what the tests have in common. */
const template = mkdtempSync(path.join(tmpdir(), 'tessera-test-'))
afterAll(() => rmSync(template, { recursive: true, force: true }))
beforeAll(async () => {
  const folder = path.join(template, NAME)
  expect(await told(['project', 'create', folder])).toMatchObject({ exit: 0, name: NAME })
  expect(await told(['project', 'add-slide', folder, MOSAIC_FILE])).toMatchObject({ exit: 0, refused: [] })
  cpSync(folder, path.join(template, 'labelled'), { recursive: true })
  const imported = ['labels', 'import', path.join(template, 'labelled'), '--csv', MOSAIC_TRUTH, '--create-classes']
  expect(await told([...imported, '--person', 'Anna Ü'])).toMatchObject({ exit: 0, changed: 672 })
})

/** A project with the mosaic, whose first grid is that of its cells; with its true labels, if wanted. */
function mosaicProject(labelled = false): string {
  const folder = path.join(temporaryFolder(), NAME)
  cpSync(path.join(template, labelled ? 'labelled' : NAME), folder, { recursive: true })
  return folder
}

type Info = {
  project: { readOnly: { holder: string } | null }
  classes: PatchClass[]
  counts: LabelCount[]
  slides: { name: string; caseName: string; mppX: number | null }[]
  sources: { columns: number; active: boolean }[]
}
const info = (folder: string) => told<Info>(['project', 'info', folder])

/** Labels of each class, by its name. */
async function labelsOf(folder: string): Promise<Record<string, number>> {
  const { classes, counts } = await info(folder)
  const name = (number: number) => classes.find((each) => each.number === number)!.name
  return Object.fromEntries(counts.map((each) => [name(each.class), each.count]))
}

/** How many gestures the log of a project holds. */
function gesturesIn(folder: string): number {
  const { store, close } = openProject(folder, { who: 'a test', readonly: true })
  try {
    return store.read.get<{ n: number }>('SELECT count(*) AS n FROM gestures')!.n
  } finally {
    close()
  }
}

describe('project', { timeout: 60_000 }, () => {
  test('slides that can be read are added, those that can not are named, and the exit code says that not all went well', async () => {
    const folder = path.join(temporaryFolder(), 'p')
    await told(['project', 'create', folder])
    const text = path.join(path.dirname(folder), 'notes.svs')
    writeFileSync(text, 'dear diary')
    const args = ['project', 'add-slide', folder, CMU, text, CMU.replace('.svs', '.none'), '--case', 'patient 1']
    const result = await told<{ added: { name: string }[]; refused: { name: string; fault: { code: string } }[] }>(args)
    expect(result).toMatchObject({
      exit: 1,
      added: [{ name: 'CMU-1-Small-Region', caseName: 'patient 1' }],
      refused: [
        { name: 'notes.svs', fault: { code: 'SLIDE_NOT_A_SLIDE' } },
        { name: 'CMU-1-Small-Region.none', fault: { code: 'FILE_NOT_FOUND' } },
      ],
      error: { code: 'SLIDE_NOT_A_SLIDE' },
    })
    expect(await info(folder)).toMatchObject({ slides: [{ name: 'CMU-1-Small-Region', caseName: 'patient 1' }] })
    expect(await refusal(['project', 'add-slide', folder, CMU])).toMatchObject({ code: 'SLIDE_ALREADY_ADDED' })
  })

  test('what no window could send never reaches the database', async () => {
    const folder = mosaicProject()
    const args = ['project', 'add-slide', folder, CMU, '--case', 'x'.repeat(121)]
    expect(await refusal(args)).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('caseName'),
    })
    for (const wrong of [
      ['--size', '96', '--mpp', '1e-300'],
      ['--size', '96', '--mpp', '500'],
    ])
      expect((await refusal(['patches', folder, '--slide', MOSAIC, ...wrong])).code).toMatch(/^GRID_(TOO_LARGE|EMPTY)$/)
    expect(await info(folder)).toMatchObject({ exit: 0, slides: [{ name: MOSAIC }, { name: 'CMU-1-Small-Region' }] })
  })

  test('a folder that holds something, and one that holds no project, are refused', async () => {
    const folder = temporaryFolder()
    writeFileSync(path.join(folder, 'thesis.doc'), 'mine')
    expect(await refusal(['project', 'create', folder])).toMatchObject({ code: 'FILE_EXISTS' })
    expect(await refusal(['project', 'info', folder])).toMatchObject({ code: 'PROJECT_NOT_FOUND' })
    expect(readdirSync(folder)).toEqual(['thesis.doc'])
  })

  test('a broken database is named when it is looked at, and set aside only by a command that changes the project', async () => {
    const folder = mosaicProject()
    await info(folder) // nothing is backed up by looking
    writeFileSync(path.join(folder, 'project.sqlite'), 'dear diary '.repeat(1000))
    expect(await refusal(['project', 'info', folder])).toMatchObject({
      code: 'PROJECT_BROKEN',
      data: { setAside: null },
    })
    expect(existsSync(path.join(folder, 'project.sqlite'))).toBe(true)
    expect(await refusal(['project', 'add-slide', folder, CMU])).toMatchObject({
      code: 'PROJECT_BROKEN',
      data: { setAside: expect.stringContaining('project.broken-') },
    })
    expect(await told(['project', 'restore', folder])).toMatchObject({ exit: 0, name: 'Projekt Ü 😐' })
  })
})

describe('patches', { timeout: 60_000 }, () => {
  test('a grid is made once, and the one made or found is shown', async () => {
    const folder = mosaicProject()
    const grid = ['patches', folder, '--slide', `${MOSAIC}.tif`, '--size']
    const fine = await told(['patches', folder, '--size', '48', '--stride', '24', '--offset-x', '12'])
    expect(fine).toMatchObject({ exit: 0, edgeX: 48, strideX: 24, offsetX: 12, offsetY: 0, active: true })
    const cells = await told([...grid, '96'])
    expect(cells).toMatchObject({ exit: 0, columns: 28, rows: 24, patches: 672 })
    expect((await told([...grid, '96']))['id']).toBe(cells['id'])
    const tissue = await told<{ patches: number; mask: string | null }>([...grid, '96', '--tissue'])
    expect(tissue.mask).not.toBeNull()
    expect(tissue.patches).toBeLessThan(672)
  })

  test('tissue is told from glass as the options say, and an option of another method is refused', async () => {
    const grid = ['patches', mosaicProject(), '--size', '96']
    const counting = async (...options: string[]) => (await told<{ patches: number }>([...grid, ...options])).patches
    const none = ['--tissue-holes', '0', '--tissue-area', '0']
    const pale = ['--tissue-method', 'hsv', '--tissue-saturation', '0.06', ...none]
    expect(await counting(...pale)).toBe(399)
    const [all, large] = [await counting(...none), await counting('--tissue')]
    expect(large).not.toBe(all)
    // every piece of the mosaic is smaller than a square centimetre
    expect(await refusal([...grid, '--tissue-area', '100000000'])).toMatchObject({ code: 'MASK_EMPTY' })
    // one black edge of a scan, one lake of blood
    expect(await counting(...pale, '--leave-out-ink', 'black,red')).toBe(397)
    const sharp = await counting('--tissue', '--leave-out-blurred')
    expect(sharp).toBeLessThanOrEqual(large)
    expect(sharp).toBeGreaterThan(0.8 * large)
    for (const [options, flag] of [
      [['--tissue-hue', '200,20'], '--tissue-hue'],
      [['--tissue-darkness', '0.2', '--tissue-method', 'hsv'], '--tissue-darkness'],
      [['--tissue', '0.5', '--tissue-method', 'hsv'], '--tissue'],
      [['--leave-out-ink', 'purple'], '--leave-out-ink'],
    ] as const)
      expect(await refusal([...grid, ...options])).toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining(flag),
      })
  })

  test('tissue by settings that the project keeps; a name it has not is refused with those it has', async () => {
    const folder = mosaicProject()
    const grid = ['patches', folder, '--size', '96']
    const preset = (name: string) => [...grid, '--tissue-preset', name]
    expect(await refusal(preset('Pale'))).toMatchObject({
      code: 'MASK_PRESET_UNKNOWN',
      message: expect.stringContaining('“Pale”; it has none'),
    })
    const sqlite = new Database(path.join(folder, 'project.sqlite'))
    const pale = MaskParams.parse({ method: 'hsv', leastSaturation: 0.06, largestHole: 0, leastArea: 0 })
    sqlite
      .prepare('INSERT INTO mask_presets (name, params, is_default) VALUES (?, ?, 0)')
      .run('Pale tissue', JSON.stringify(pale))
    sqlite.close()
    expect(await told(preset('pale TISSUE'))).toMatchObject({ exit: 0, patches: 399 })
    expect(await refusal(preset('Pale'))).toMatchObject({ message: expect.stringContaining('it has Pale tissue') })
    expect(await refusal([...preset('Pale tissue'), '--tissue-closing', '3'])).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('--tissue-preset'),
    })
  })

  test('a slide that is not there, or not named among several, is refused with the names there are', async () => {
    const folder = mosaicProject()
    await told(['project', 'add-slide', folder, CMU])
    const names = expect.stringContaining('pcam_composite_demo, CMU-1-Small-Region')
    expect(await refusal(['patches', folder, '--size', '96'])).toMatchObject({ code: 'USAGE', message: names })
    const other = ['patches', folder, '--size', '96', '--slide', 'other']
    expect(await refusal(other)).toMatchObject({ code: 'USAGE', message: names })
  })
})

describe('labels import', { timeout: 60_000 }, () => {
  const imports = (folder: string, csv: string, ...more: string[]) => {
    const file = path.join(path.dirname(folder), 'labels.csv')
    writeFileSync(file, csv)
    return ['labels', 'import', folder, '--slide', MOSAIC, '--csv', file, ...more]
  }

  test('every true label of the mosaic, as one gesture; its third name mapped or made', async () => {
    const folder = mosaicProject()
    const args = ['labels', 'import', folder, '--slide', MOSAIC, '--csv', MOSAIC_TRUTH]
    expect(await refusal(args)).toMatchObject({ code: 'LABELS_CLASS_UNKNOWN', data: { names: ['background'] } })
    expect(await labelsOf(folder)).toEqual({})
    const mapped = await told([...args, '--map', 'Background=NORMAL', '--person', 'Anna'])
    expect(mapped).toMatchObject({ exit: 0, read: 672, changed: 672 })
    expect(gesturesIn(folder)).toBe(2) // the first began the project
    expect(await labelsOf(folder)).toEqual({ tumor: 67, normal: 605 })
    expect(await told([...args, '--create-classes'])).toMatchObject({ exit: 0, read: 672, changed: 264 })
    expect(await labelsOf(folder)).toEqual({ tumor: 67, normal: 341, background: 264 })
    expect(gesturesIn(folder)).toBe(3)
  })

  test('a wrong line is named, and nothing is imported', async () => {
    const folder = mosaicProject()
    const wrong = imports(folder, '\uFEFFCol,Row,X,Y,Label\r\n0,0,0,0,Tumor\r\n1,0,0,0,tumor\r\n')
    expect(await refusal(wrong)).toMatchObject({
      code: 'LABELS_FILE_INVALID',
      data: { line: 3 },
      message: expect.stringMatching(/begins at 96, 0 px in this grid.*Nothing was imported/),
    })
    expect(await labelsOf(folder)).toEqual({})
    for (const map of ['tumor', '=tumor', 'tumor='])
      expect(await refusal(imports(folder, '', '--map', map))).toMatchObject({ code: 'USAGE' })
  })
})

/** Another program that has a project open. */
async function holder(folder: string): Promise<ChildProcess> {
  const child = fork(path.join(import.meta.dirname, '../projects/holder.process.ts'), [folder])
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve) => child.once('message', resolve))
  return child
}

describe('a project that is open in another program', { timeout: 60_000 }, () => {
  test('is refused with the name of that program, can be looked at and exported, and is free when it is killed', async () => {
    const folder = mosaicProject(true)
    const out = path.join(path.dirname(folder), 'a.csv')
    const other = await holder(folder)
    const name = /^a program that will be killed \(process \d+ of .+\)$/
    for (const args of [
      ['patches', folder, '--size', '48'],
      ['project', 'add-slide', folder, CMU],
      ['labels', 'import', folder, '--csv', MOSAIC_TRUTH, '--create-classes'],
      ['train', folder, '--model', `${out}.onnx`],
    ])
      expect(await refusal(args)).toMatchObject({
        code: 'PROJECT_LOCKED',
        data: { holder: expect.stringMatching(name) },
        message: expect.stringContaining('is open in a program that will be killed'),
      })
    expect((await info(folder)).project.readOnly!.holder).toMatch(name)
    expect(await told(['export', folder, '--format', 'csv', '--out', out])).toMatchObject({ exit: 0, files: [out] })

    const gone = new Promise((resolve) => other.once('exit', resolve))
    other.kill('SIGKILL')
    await gone
    // its note still lies there, but the lock is the truth
    expect((await info(folder)).project.readOnly!.holder).toBe('the command line, to look only')
    expect(await told(['patches', folder, '--size', '48'])).toMatchObject({ exit: 0 })
  })

  test('of two that begin at once one is refused, and nothing is lost', async () => {
    const folder = mosaicProject()
    const file = path.join(path.dirname(folder), 'labels.csv')
    writeFileSync(file, 'col,row,label\n0,0,tumor\n')
    const both = await Promise.all(
      ['a', 'b', 'c'].map(() => tessera(['labels', 'import', folder, '--csv', file, '--json'])),
    )
    const codes = both.map(({ code, stdout }) =>
      code === 0 ? 'ok' : (JSON.parse(stdout) as { error: { code: string } }).error.code,
    )
    expect(codes).toContain('ok')
    expect(codes.every((code) => code === 'ok' || code === 'PROJECT_LOCKED')).toBe(true)
    expect(await labelsOf(folder)).toEqual({ tumor: 1 })
  })
})

async function exported(folder: string): Promise<Buffer> {
  const out = path.join(path.dirname(folder), 'all.csv')
  await told(['export', folder, '--format', 'csv', '--out', out])
  return readFileSync(out)
}

describe('export', { timeout: 60_000 }, () => {
  test('CSV and GeoJSON of labels, said to be for research, which import reads back as it was', async () => {
    const folder = mosaicProject(true)
    const to = (name: string) => path.join(path.dirname(folder), 'aus', name)
    const write = (format: string, out: string) => told(['export', folder, '--format', format, '--out', out])
    expect(await write('csv', to('a.csv'))).toMatchObject({ exit: 0, files: [to('a.csv')] })
    const rows = parse(readFileSync(to('a.csv')), { columns: true }) as Record<string, string>[]
    expect(rows).toHaveLength(672)
    expect(rows[0]).toMatchObject({ slide: MOSAIC, col: '0', row: '0', x: '0', y: '0', label: 'background' })
    for (const row of rows)
      expect(row).toMatchObject({ labelled_by: 'Anna Ü', notice: expect.stringContaining('not for diagnosis') })
    expect(await told(['labels', 'import', folder, '--csv', to('a.csv')])).toMatchObject({ read: 672, changed: 0 })

    await write('geojson', to('a.geojson'))
    await write('geojson', to('b.geojson'))
    expect(readFileSync(to('b.geojson')).equals(readFileSync(to('a.geojson')))).toBe(true)
    const { features } = JSON.parse(readFileSync(to('a.geojson'), 'utf8')) as { features: { id: string }[] }
    expect(new Set(features.map((each) => each.id)).size).toBe(672)
  })

  test('of a slide with bounds, GeoJSON counts from their corner, or from level 0 where that is asked for; so does import', async () => {
    const folder = mosaicProject(true)
    const project = openProject(folder, { who: 'a test' })
    project.store.transaction('as a MIRAX slide', (db) =>
      db.run(`UPDATE slides SET header = json_set(header, '$.bounds', json(@bounds))`, {
        bounds: JSON.stringify({ x: 96, y: 192, width: 960, height: 960 }),
      }),
    )
    project.close()
    const written = async (...more: string[]) => {
      const out = path.join(path.dirname(folder), 'out.geojson')
      await told(['export', folder, '--format', 'geojson', '--out', out, ...more])
      const file = JSON.parse(readFileSync(out, 'utf8')) as {
        tessera: { origin: object }
        features: { geometry: { coordinates: number[][][] } }[]
      }
      return { origin: file.tessera.origin, corner: file.features[0]!.geometry.coordinates[0]![0] }
    }
    expect(await written()).toEqual({ origin: { x: 96, y: 192 }, corner: [-96, -192] })
    expect(await written('--no-shift-by-bounds')).toEqual({ origin: { x: 0, y: 0 }, corner: [0, 0] })
    const csv = path.join(path.dirname(folder), 'cropped.csv')
    writeFileSync(csv, 'x,y,label\n0,0,\n')
    expect(await told(['labels', 'import', folder, '--csv', csv, '--shift-by-bounds'])).toMatchObject({ changed: 1 })
    const rows = parse(await exported(folder), { columns: true }) as Record<string, string>[]
    expect(
      rows.some(({ x, y }) => x === '96' && y === '192'),
      'the patch at the corner of the bounds was cleared',
    ).toBe(false)
    expect(rows).toHaveLength(671)
  })

  test('what there is nothing of, or no such format, is refused by name', async () => {
    const folder = mosaicProject()
    const out = path.join(path.dirname(folder), 'a')
    const write = (...more: string[]) => refusal(['export', folder, '--out', out, ...more])
    expect(await write('--format', 'csv')).toMatchObject({ code: 'NOTHING_TO_EXPORT' })
    expect(await write('--format', 'png')).toMatchObject({ code: 'NOTHING_TO_EXPORT' })
    expect(await write('--format', 'model')).toMatchObject({ code: 'MODEL_UNKNOWN' })
    expect(await write('--format', 'docx')).toMatchObject({ code: 'USAGE' })
    expect(await write('--format', 'csv', '--run', 'x')).toMatchObject({ code: 'PREDICTION_RUN_UNKNOWN' })
    expect(existsSync(out)).toBe(false)
  })

  test.skipIf(process.platform === 'win32')(
    'a disk that is full is named; the export of yesterday stays, and no half of the new one',
    async () => {
      const folder = mosaicProject(true)
      const files = path.join(path.dirname(folder), 'files')
      const out = path.join(files, 'a.geojson')
      await told(['export', folder, '--format', 'csv', '--out', out])
      const before = readFileSync(out)
      const args = ['export', folder, '--format', 'geojson', '--out', out]
      expect(await refusal(args, { mostKilobytes: 64 })).toMatchObject({ code: 'DISK_FULL', data: { file: out } })
      expect(readdirSync(files)).toEqual(['a.geojson'])
      expect(readFileSync(out).equals(before)).toBe(true)
    },
  )
})
