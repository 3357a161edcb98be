/** Training, predicting and measuring from the command line, on folders of patches and on IDX pairs. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parse } from 'csv-parse/sync'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CLEAR_LINE } from '../../../src-main/cli/output.ts'
import type { Evaluation } from '../../../src-shared/evaluation.ts'
import type { ModelCard } from '../../../src-shared/models.ts'
import { refusal, tessera, told } from '../../fixtures/commandLine.ts'
import { MOSAIC_FILE, SAMPLE_PATCHES } from '../../fixtures/samples.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'
import { writeTiff } from '../../fixtures/writeTiff.ts'

/** Patches of the sample, class by class. @param link class folders that are links to folders elsewhere */
function patchFolder(
  folder: string,
  from: number,
  count: number,
  names: Record<string, string> = { tumor: 'tumor', normal: 'normal' },
): string {
  for (const [as, name] of Object.entries(names)) {
    mkdirSync(path.join(folder, as), { recursive: true })
    const files = readdirSync(path.join(SAMPLE_PATCHES, name)).toSorted()
    for (const file of files.slice(from, from + count))
      copyFileSync(path.join(SAMPLE_PATCHES, name, file), path.join(folder, as, file))
  }
  return folder
}

const shared = mkdtempSync(path.join(tmpdir(), 'tessera-test-'))
afterAll(() => rmSync(shared, { recursive: true, force: true }))
const data = patchFolder(path.join(shared, 'train'), 0, 12)
const held = patchFolder(path.join(shared, 'valid'), 50, 10)
const model = path.join(shared, 'a model.onnx')
const quick = ['--network', 'small-vgg', '--batch', '8']

const sha256 = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
const cardOf = (file: string) => JSON.parse(readFileSync(file.replace('.onnx', '.card.json'), 'utf8')) as ModelCard

describe('a folder of patches', { timeout: 120_000 }, () => {
  type Trained = {
    steps: number
    sha256: string
    classes: string[]
    split: { rule: string }
    stderr: string
    exit: number
  }
  let trained: Trained
  beforeAll(async () => {
    trained = await told<Trained>([
      'train',
      '--folder',
      data,
      '--model',
      model,
      ...quick,
      '--minutes',
      '0.02',
      '--validation',
      held,
    ])
  }, 120_000)

  test('trains a model: weights, and a card that says what it is, what it was measured on, and what it is not for', () => {
    expect(trained).toMatchObject({ exit: 0, classes: ['tumor', 'normal'], split: { rule: 'given' } })
    expect(trained.sha256).toBe(sha256(model))
    expect(cardOf(model)).toMatchObject({
      name: 'a model',
      notice: expect.stringMatching(/research and teaching only, not for diagnosis/),
      training: { minutes: 0.02, steps: trained.steps, seed: 1 },
      validation: { n: 20 },
      weights: { file: 'a model.onnx', sha256: trained.sha256 },
    })
  })

  test('progress is plain lines on stderr where there is no terminal', () => {
    expect(trained.stderr).toMatch(/^24 patches to train on: 12 tumor, 12 normal\.$/m)
    expect(trained.stderr).toMatch(/^step \d+, epoch [\d.]+: loss [\d.]+, accuracy/m)
    expect(trained.stderr).not.toContain('\u001B')
    expect(trained.stderr).not.toContain('\r')
  })

  const hasTerminal = spawnSync('script', ['--version']).status === 0 && process.platform === 'linux'
  test.skipIf(!hasTerminal)('on a terminal progress is a bar, which is taken away before anything else is said', () => {
    const out = path.join(temporaryFolder(), 'm.onnx')
    const args = ['train', '--folder', data, '--model', out, ...quick, '--steps', '2', '--validation', held]
    const command = [process.execPath, path.resolve('src-main/cli.ts'), ...args].map((each) => `'${each}'`).join(' ')
    const { stdout, status } = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' })
    expect(status).toBe(0)
    expect(stdout).toContain(CLEAR_LINE)
    const shown = stdout.replaceAll(CLEAR_LINE, '\n')
    expect(shown).toMatch(/^\[#+\.*\] Train “m”: \d+ % .*left$/m)
    const said = [...shown.matchAll(/([^\r\n]*)step \d+, epoch [^\r\n]*/g)].map((match) => match[1])
    expect(said.length).toBeGreaterThanOrEqual(2)
    for (const before of said) expect(before).toBe('')
  })

  test('the steps that minutes became, on the card, replay the run to the same file, bit for bit, whatever it is called', async () => {
    const again = path.join(temporaryFolder(), 'other name.onnx')
    const args = ['train', '--folder', data, '--model', again, ...quick, '--validation', held, '--steps']
    const replay = await told<Trained>([...args, String(cardOf(model).training.steps)])
    expect(replay).toMatchObject({ exit: 0, steps: trained.steps, sha256: trained.sha256 })
    expect(sha256(again)).toBe(sha256(model))
    expect(cardOf(again)).toMatchObject({ name: 'other name', training: { minutes: null } })
    const other = await told<Trained>([...args, String(trained.steps), '--seed', '2'])
    expect(other.sha256).not.toBe(trained.sha256)
  })

  test('evaluate gives each figure with a 95 % interval beside it, the counts and the classes, as the card has them', async () => {
    const result = await told<Evaluation>(['evaluate', '--model', model, '--folder', held])
    const { exit: _exit, stderr: _stderr, ...figures } = result
    expect(figures).toEqual(cardOf(model).validation)
    expect(figures).toMatchObject({ n: 20, classes: ['tumor', 'normal'], majorityBaseline: 0.5 })
    for (const name of ['accuracy', 'balancedAccuracy', 'auc'] as const) {
      const [low, high] = figures[`${name}Interval`]!
      expect(low).toBeLessThanOrEqual(figures[name]!)
      expect(high).toBeGreaterThanOrEqual(figures[name]!)
    }
    expect(figures.confusion.map((row) => row.reduce((sum, each) => sum + each, 0))).toEqual([10, 10])
  })

  describe('misread patches', () => {
    type Measured = Evaluation & { misread: { patches: number; csv: string; sheet: string; shown: number } }
    const folder = mkdtempSync(path.join(shared, 'misread'))
    const [csv, sheet] = [path.join(folder, 'wrong.csv'), path.join(folder, 'neu', 'wrong.png')]
    let measured: Measured & { exit: number | null }
    beforeAll(async () => {
      const args = ['evaluate', '--model', model, '--folder', held, '--misread', csv, '--misread-sheet', sheet]
      measured = await told<Measured>(args)
    })

    test('stand in a table, each that the matrix counts beside its diagonal, the surest first', () => {
      const rows = parse(readFileSync(csv), { columns: true }) as Record<string, string>[]
      const wrong = measured.confusion.flatMap((row, k) => row.filter((_, predicted) => predicted !== k))
      expect(rows).toHaveLength(wrong.reduce((sum, each) => sum + each, 0))
      expect(measured).toMatchObject({ exit: 0, misread: { patches: rows.length, csv, sheet, shown: rows.length } })
      const sure = rows.map((row) => Number(row[`prob_${row['predicted']}`]))
      expect(sure).toEqual(sure.toSorted((a, b) => b - a))
      for (const row of rows) {
        expect(row['file']).toMatch(new RegExp(`^${row['truth']}/.+\\.jpg$`))
        expect(row['predicted']).not.toBe(row['truth'])
        expect(Number(row['prob_tumor']) + Number(row['prob_normal'])).toBeCloseTo(1, 5)
        expect(row['notice']).toContain('not for diagnosis')
      }
    })

    test('are drawn on a sheet: the very patch stands where the first of them belongs', async () => {
      const rows = parse(readFileSync(csv), { columns: true }) as Record<string, string>[]
      const columns = Math.min(10, Math.max(4, rows.length))
      expect(await sharp(sheet).metadata()).toMatchObject({ format: 'png', width: 32 + 152 * columns })
      if (rows.length === 0) return
      const at = { left: 16 + (152 - 96) / 2, top: 64, width: 96, height: 96 }
      const drawn = await sharp(sheet).extract(at).removeAlpha().raw().toBuffer()
      const patch = await sharp(path.join(held, rows[0]!['file']!)).raw().toBuffer()
      expect(drawn.equals(patch)).toBe(true)
    })

    test('without the flags nothing is written and nothing said of them; a folder as file is refused before the work', async () => {
      expect(await told(['evaluate', '--model', model, '--folder', held])).not.toHaveProperty('misread')
      expect(
        await refusal(['evaluate', '--model', '/nowhere.onnx', '--folder', held, '--misread', folder]),
      ).toMatchObject({ code: 'FILE_IS_DIRECTORY' })
    })
  })

  test('predict gives every patch its file, its class and its probabilities', async () => {
    const out = path.join(temporaryFolder(), 'p.csv')
    expect(await told(['predict', '--model', model, '--folder', held, '--out', out])).toMatchObject({
      exit: 0,
      patches: 20,
    })
    const rows = parse(readFileSync(out), { columns: true }) as Record<string, string>[]
    expect(rows).toHaveLength(20)
    for (const row of rows) {
      expect(row['file']).toMatch(/^(tumor|normal)\/.+\.jpg$/)
      const [tumor, normal] = [Number(row['prob_tumor']), Number(row['prob_normal'])]
      expect(tumor + normal).toBeCloseTo(1, 5)
      expect(row['predicted']).toBe(tumor >= normal ? 'tumor' : 'normal')
      expect(row['notice']).toContain('not for diagnosis')
    }
  })

  test('predict on a slide says that the scale the model learned at is not known', async () => {
    const out = path.join(temporaryFolder(), 's.csv')
    const result = await told(['predict', '--model', model, '--slide', MOSAIC_FILE, '--tissue', '--out', out])
    expect(result).toMatchObject({
      exit: 0,
      stderr: expect.stringMatching(/does not say at which µm\/px it was trained/),
    })
    const rows = parse(readFileSync(out), { columns: true }) as Record<string, string>[]
    expect(rows).toHaveLength(result['patches'] as number)
    expect(rows.length).toBeLessThan(28 * 24)
    for (const row of rows)
      expect([row['x'], row['y']]).toEqual([row['col'], row['row']].map((each) => String(96 * Number(each))))
  })

  test('class folders may be links to folders elsewhere', async () => {
    const folder = temporaryFolder()
    for (const name of ['tumor', 'normal']) symlinkSync(path.join(data, name), path.join(folder, name), 'junction')
    const out = path.join(folder, 'm.onnx')
    expect(
      await told(['train', '--folder', folder, '--model', out, ...quick, '--steps', '1', '--validation', '0']),
    ).toMatchObject({
      exit: 0,
      split: { rule: 'none', training: { perClass: [12, 12] } },
      validation: null,
    })
  })
})

describe('what can not be trained on, or measured, is refused by name', { timeout: 60_000 }, () => {
  const folderWith = (make: (folder: string) => void): string => {
    const folder = path.join(temporaryFolder(), 'Sätze 😐')
    mkdirSync(folder)
    make(folder)
    return folder
  }
  test.each([
    ['an empty folder', () => undefined, 'PATCH_SET_EMPTY', /it is empty/],
    [
      'one class',
      (folder: string) => patchFolder(folder, 0, 12, { tumor: 'tumor' }),
      'TRAINING_NOT_READY',
      /at least two/,
    ],
    [
      'a class folder without pictures',
      (folder: string) => {
        patchFolder(folder, 0, 12, { tumor: 'tumor' })
        mkdirSync(path.join(folder, 'normal'))
      },
      'TRAINING_NOT_READY',
      /at least two/,
    ],
    [
      'one picture of a class',
      (folder: string) => {
        patchFolder(folder, 0, 12, { tumor: 'tumor' })
        patchFolder(folder, 0, 1, { normal: 'normal' })
      },
      'TRAINING_NOT_READY',
      /“normal” has one label/,
    ],
    [
      'a broken picture',
      (folder: string) => {
        patchFolder(folder, 0, 12)
        writeFileSync(path.join(folder, 'normal/broken 😐.jpg'), 'no picture')
      },
      'PATCH_SET_BROKEN',
      /broken 😐\.jpg/,
    ],
    [
      'a picture of another size',
      (folder: string) => {
        patchFolder(folder, 0, 12)
        const values = new Uint8Array(90 * 96 * 3)
        writeTiff(path.join(folder, 'normal/odd.tif'), [
          { width: 90, height: 96, tile: 96, bits: 8, samples: 3, values },
        ])
      },
      'PATCH_SET_BROKEN',
      /1 of 25 can not go to a network: normal\/odd\.tif \(it has 90 × 96 px\)/,
    ],
    [
      'a picture cut short',
      (folder: string) => {
        patchFolder(folder, 0, 12)
        const [file] = readdirSync(path.join(folder, 'tumor'))
        const bytes = readFileSync(path.join(folder, 'tumor', file!))
        writeFileSync(path.join(folder, 'tumor', file!), bytes.subarray(0, bytes.length >> 1))
      },
      'PATCH_SET_BROKEN',
      /tumor|\.jpg/,
    ],
  ] as [string, (folder: string) => void, string, RegExp][])('%s', async (_, make, code, words) => {
    const folder = folderWith(make)
    const out = path.join(path.dirname(folder), 'm.onnx')
    const error = await refusal([
      'train',
      '--folder',
      folder,
      '--model',
      out,
      ...quick,
      '--steps',
      '2',
      '--validation',
      '0',
    ])
    expect(error).toMatchObject({ code, message: expect.stringMatching(words) })
    expect(readdirSync(path.dirname(folder))).toEqual([path.basename(folder)])
  })

  test('held-out classes that are not trained on, often misspelt', async () => {
    const folder = patchFolder(path.join(temporaryFolder(), 'v'), 0, 5, { tumour: 'tumor', normal: 'normal' })
    const args = ['train', '--folder', data, '--model', path.join(folder, 'm.onnx'), ...quick, '--steps', '1']
    expect(await refusal([...args, '--validation', folder])).toMatchObject({
      code: 'CLASS_UNKNOWN',
      message: expect.stringMatching(/not trained on: tumour\. Trained on are: tumor, normal/),
    })
  })

  test('a model with a text for weights, and classes it does not know', async () => {
    const folder = temporaryFolder()
    const weights = path.join(folder, 'text.onnx')
    writeFileSync(weights, 'dear diary')
    expect(await refusal(['evaluate', '--model', weights, '--folder', held])).toMatchObject({
      code: 'MODEL_FILE_BROKEN',
    })
    const others = patchFolder(path.join(folder, 'o'), 0, 3, { mucosa: 'tumor', normal: 'normal' })
    expect(await refusal(['evaluate', '--model', model, '--folder', others])).toMatchObject({
      code: 'MODEL_CLASSES_MISMATCH',
      data: { actual: ['mucosa'] },
    })
  })
})

/** Digits as MNIST has them: labels begin with 5, then 0. Each digit is grey of its own in its upper half. */
function idxPair(folder: string, count: number, name = 'train'): [string, string] {
  const images = Buffer.alloc(16 + count * 28 * 28)
  for (const [i, value] of [0x803, count, 28, 28].entries()) images.writeUInt32BE(value, 4 * i)
  const labels = Buffer.alloc(8 + count)
  labels.writeUInt32BE(0x801, 0)
  labels.writeUInt32BE(count, 4)
  for (let i = 0; i < count; i++) {
    const digit = (i * 7 + 5) % 10
    labels[8 + i] = digit
    images.fill(25 * digit, 16 + i * 784, 16 + i * 784 + 392)
  }
  const files: [string, string] = [
    path.join(folder, `${name}-images-idx3-ubyte`),
    path.join(folder, `${name}-labels-idx1-ubyte`),
  ]
  writeFileSync(files[0], images)
  writeFileSync(files[1], labels)
  return files
}

test('an IDX pair trains a model of ten digits in their order', { timeout: 60_000 }, async () => {
  const folder = temporaryFolder()
  const pair = idxPair(folder, 100)
  const out = path.join(folder, 'digits.onnx')
  const trained = await told<{ classes: string[] }>([
    'train',
    '--idx',
    ...pair,
    '--model',
    out,
    '--network',
    'small-vgg',
    '--steps',
    '2',
  ])
  const digits = Array.from({ length: 10 }, (_, digit) => String(digit))
  expect(trained).toMatchObject({ exit: 0, classes: digits })
  expect(cardOf(out)).toMatchObject({
    input: { edgePx: 28, channels: 1, mpp: null },
    training: { augmentation: { flips: false, turns: false } },
  })
  const measured = await told<Evaluation>(['evaluate', '--model', out, '--idx', ...pair])
  expect(measured).toMatchObject({ exit: 0, n: 100, classes: digits })
  expect(measured.confusion.map((row) => row.reduce((sum, each) => sum + each, 0))).toEqual(digits.map(() => 10))
  expect(await refusal(['evaluate', '--model', out, '--idx', pair[0]])).toMatchObject({ code: 'USAGE' })
  expect(await refusal(['evaluate', '--model', out, '--folder', held])).toMatchObject({
    code: 'MODEL_CLASSES_MISMATCH',
  })
})

describe('--validation-idx', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(path.join(shared, 'idx'))
  const pair = idxPair(folder, 100)
  const other = idxPair(folder, 40, 'held')
  const out = path.join(folder, 'digits.onnx')
  const train = ['train', '--idx', ...pair, '--model', out, '--network', 'small-vgg', '--steps', '2']

  test('measures on that pair: all of it, and none of what is trained on', async () => {
    const trained = await told<{ split: ModelCard['split']; validation: Evaluation }>([
      ...train,
      '--validation-idx',
      ...other,
    ])
    expect(trained).toMatchObject({
      exit: 0,
      split: { rule: 'given', training: { patches: 100 }, validation: { patches: 40 } },
      validation: { n: 40 },
    })
    const { exit: _exit, stderr: _stderr, ...again } = await told(['evaluate', '--model', out, '--idx', ...other])
    expect(again).toEqual(trained.validation)
  })

  test('takes two files, not together with --validation, and no classes that are not trained on', async () => {
    expect(await refusal([...train, '--validation-idx', other[0]])).toMatchObject({
      code: 'USAGE',
      message: '--validation-idx takes two files: the images, then the labels.',
    })
    expect(await refusal([...train, '--validation', '0.3', '--validation-idx', ...other])).toMatchObject({
      code: 'USAGE',
    })
    const few = idxPair(folder, 2, 'few')
    const ofFew = ['train', '--idx', ...few, '--model', out, '--steps', '2', '--validation-idx', ...other]
    expect(await refusal(ofFew)).toMatchObject({
      code: 'CLASS_UNKNOWN',
      message: expect.stringMatching(
        /^--validation-idx .+held-labels-idx1-ubyte has classes that are not trained on: /,
      ),
    })
  })
})
test(
  'presets train digits: their settings, what was changed, and three networks as one',
  { timeout: 120_000 },
  async () => {
    const folder = temporaryFolder()
    const pair = idxPair(folder, 100)
    const out = path.join(folder, 'digits.onnx')
    const train = ['train', '--idx', ...pair, '--model', out]
    expect(await refusal([...train, '--preset', 'balanced'])).toMatchObject({
      code: 'PRESET_UNAVAILABLE',
      data: { available: ['fast', 'accurate', 'competition'] },
    })
    const trained = await told([...train, '--preset', 'competition', '--steps', '2', '--batch', '32', '--seed', '3'])
    expect(trained).toMatchObject({
      exit: 0,
      preset: 'competition, changed: length, patches per step',
      members: 3,
      stderr: expect.stringMatching(/^member 3, step 6, epoch/m),
    })
    const card = cardOf(out)
    expect(card.training.preset).toEqual({ name: 'competition', changed: ['length', 'patches per step'] })
    expect(card.members.map(({ name, seed }) => [name, seed])).toEqual([
      ['digits, member 1 (Digits 3 × 3)', 3],
      ['digits, member 2 (Digits 5 × 5)', 4],
      ['digits, member 3 (Digits 7 × 7)', 5],
    ])
    expect(card).toMatchObject({ network: { preset: 'ensemble' }, validation: { n: card.split.validation.patches } })
  },
)

test.skipIf(process.platform === 'win32')(
  'nothing is kept to be sent: training and measuring leave no identity, no report and no other file behind',
  { timeout: 60_000 },
  async () => {
    const folder = temporaryFolder()
    const [home, temporary] = ['home', 'tmp'].map((name) => path.join(folder, name)) as [string, string]
    for (const each of [home, temporary]) mkdirSync(each)
    const out = path.join(folder, 'm.onnx')
    const env = { HOME: home, TMPDIR: temporary, XDG_CACHE_HOME: path.join(home, '.cache'), ORT_DISABLE_TELEMETRY: '' }
    const args = ['train', '--folder', data, '--model', out, ...quick, '--steps', '2', '--validation', held]
    expect(await told(args, { env })).toMatchObject({ exit: 0 })
    expect(await told(['evaluate', '--model', out, '--folder', held], { env })).toMatchObject({ exit: 0 })
    expect([readdirSync(home), readdirSync(temporary)]).toEqual([[], []])
  },
)

describe.skipIf(process.platform === 'win32')('told to end in mid-work', { timeout: 60_000 }, () => {
  test.each([
    ['SIGINT', 'while it trains', /step \d+/],
    ['SIGTERM', 'while it trains', /step \d+/],
    ['SIGINT', 'before it trains', /patches to train on/],
  ] as const)('by %s %s, it leaves no model and no temporary files', async (signal, _, when) => {
    const folder = temporaryFolder()
    const temporary = path.join(folder, 'tmp')
    mkdirSync(temporary)
    const out = path.join(folder, 'out', 'm.onnx')
    let isTold = false
    const args = ['train', '--folder', data, '--model', out, ...quick, '--steps', '400', '--validation', held]
    const { code } = await tessera(args, {
      env: { TMPDIR: temporary },
      onProgress(child, said) {
        if (isTold || !when.test(said)) return
        isTold = true
        child.kill(signal)
      },
    })
    expect(isTold).toBe(true)
    expect(code).toBeGreaterThan(0)
    expect(readdirSync(temporary)).toEqual([])
    expect(readdirSync(path.dirname(out))).toEqual([])
  })

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s while it looks for a rate, it says so with a code',
    async (signal) => {
      const temporary = temporaryFolder()
      let isTold = false
      // patches as many as a search can use: it lasts longer than the signal needs
      const search = ['train', '--folder', SAMPLE_PATCHES, '--network', 'small-resnet', '--batch', '100', '--find-lr']
      const error = await refusal(search, {
        env: { TMPDIR: temporary },
        onProgress(child, said) {
          if (isTold || !/^Trying/m.test(said)) return
          isTold = true
          child.kill(signal)
        },
      })
      expect(error).toMatchObject({ code: 'CANCELLED' })
      expect(readdirSync(temporary)).toEqual([])
    },
  )
})

test('a search for a rate ends with its curve and a rate that lies on it, and writes no file', async () => {
  const folder = temporaryFolder()
  const model = path.join(folder, 'm.onnx')
  const found = await told<{ suggestion: number; sentence: string; curve: { rate: number; smoothed: number }[] }>([
    'train',
    '--folder',
    SAMPLE_PATCHES,
    ...quick,
    '--find-lr',
    '--model',
    model,
  ])
  expect(found).toMatchObject({ exit: 0, stderr: expect.stringMatching(/^Trying up to 80 learning rates/m) })
  expect(found.curve.length).toBeGreaterThan(20)
  expect(found.curve[0]!.rate).toBeCloseTo(1e-6, 9)
  expect(found.suggestion).toBeGreaterThan(found.curve[0]!.rate)
  expect(found.suggestion).toBeLessThan(found.curve.at(-1)!.rate)
  expect(found.sentence).toContain(String(found.suggestion))
  expect(readdirSync(folder)).toEqual([])
}, 60_000)

test(
  'a set measured on in a project is added once, and never trained on in the same run',
  { timeout: 90_000 },
  async () => {
    const folder = temporaryFolder()
    const project = path.join(folder, 'p')
    const labels = path.join(folder, 'labels.csv')
    cpSync(MOSAIC_FILE, path.join(folder, 'mosaic.tif'))
    await told(['project', 'create', project])
    await told(['project', 'add-slide', project, path.join(folder, 'mosaic.tif')])
    await told(['patches', project, '--size', '96'])
    const cells = Array.from({ length: 24 }, (_, i) => `${i},${10 + (i % 3)},${i % 2 === 0 ? 'tumor' : 'normal'}`)
    writeFileSync(labels, ['col,row,label', ...cells, ''].join('\n'))
    await told(['labels', 'import', project, '--csv', labels])
    const args = [
      'train',
      project,
      '--model',
      path.join(folder, 'm.onnx'),
      ...quick,
      '--steps',
      '1',
      '--validation',
      held,
    ]
    for (let time = 1; time <= 2; time++)
      expect(await told(args)).toMatchObject({
        exit: 0,
        split: { rule: 'given', training: { patches: 24 }, validation: { patches: 20 } },
        stderr: expect.stringContaining('They are from “mosaic”.'),
      })
    const { sources, models } = await told<{ sources: unknown[]; models: unknown[] }>(['project', 'info', project])
    expect([sources.length, models.length]).toEqual([2, 2])
  },
)
