/** What a script may rely on, whatever the command: exit codes, one object on stdout, errors with their code. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { refusal, tessera, told } from '../../fixtures/commandLine.ts'
import { CMU, MOSAIC_FILE } from '../../fixtures/samples.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

describe('typed wrongly', () => {
  test.each([
    ['an unknown command', ['bogus'], /unknown command 'bogus'/],
    ['an unknown option', ['slide', 'info', CMU, '--colour'], /unknown option '--colour'/],
    ['an option that is missing', ['predict'], /required option '--model <onnx>' not specified/],
    ['nothing to train on', ['train', '--model', 'y.onnx'], /Say what to train on/],
    ['no file for the model', ['train', 'P'], /Say which file to write: --model FILE\.onnx \(or --find-lr/],
    [
      'no member of an ensemble',
      ['models', 'ensemble', '--out', 'y'],
      /required option '--model <onnx>' not specified/,
    ],
    ['an ensemble of one', ['models', 'ensemble', '--model', 'x', '--out', 'y'], /at least two models/],
    ['an argument that is missing', ['slide', 'info'], /missing required argument 'file'/],
    ['a word where a number belongs', ['patches', 'P', '--size', 'large'], /a number was expected/],
    ['a number out of range', ['patches', 'P', '--size', '5000'], /a whole number from 2 to 4096/],
    ['two lengths', ['train', '--folder', 'x', '--model', 'y', '--epochs', '1', '--steps', '1'], /cannot be used with/],
    ['two sources', ['train', 'P', '--folder', 'x', '--model', 'y.onnx'], /Say what to train on/],
    [
      'a preset and layers of one’s own',
      ['train', 'P', '--model', 'y.onnx', '--network', 'small-vgg', '--network-file', 'n.json'],
      /cannot be used with/,
    ],
    ['a network nobody knows', ['train', 'P', '--model', 'y.onnx', '--network', 'lenet'], /Allowed choices are/],
  ])('%s is refused with USAGE', async (_, args, words) => {
    const cwd = temporaryFolder()
    const error = await refusal(args, { cwd })
    expect(error).toMatchObject({ code: 'USAGE', message: expect.stringMatching(words), data: {} })
  })

  test('help and version are no errors, and a command group alone is one that shows its help', async () => {
    expect(await tessera(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
    const help = await tessera(['train', '--help'])
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('--validation'), stderr: '' })
    expect(await tessera(['slide'])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('[USAGE]') })
  })
})

describe('slide info', () => {
  test('says what a slide is, as one object', async () => {
    expect(await told(['slide', 'info', CMU])).toMatchObject({
      exit: 0,
      stderr: '',
      file: CMU,
      format: 'Aperio SVS',
      width: 2220,
      height: 2967,
      mpp: { x: 0.499, y: 0.499 },
    })
  })

  test('for a person it is a table', async () => {
    const { code, stdout } = await tessera(['slide', 'info', MOSAIC_FILE])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^size +2688 × 2304 px$/m)
  })

  test.each([
    ['notes.svs', 'dear diary, today', 'SLIDE_NOT_A_SLIDE'],
    ['Schnitt Ü 😐.svs', '', 'SLIDE_NOT_A_SLIDE'],
    ['scan.dcm', `${'\0'.repeat(128)}DICM`, 'SLIDE_BROKEN'],
    ['scan.vsi', 'II*\0', 'SLIDE_FORMAT_NOT_READ'],
  ])('%s is refused by name', async (name, content, code) => {
    const file = path.join(temporaryFolder(), name)
    writeFileSync(file, content)
    expect(await refusal(['slide', 'info', file])).toMatchObject({ code, message: expect.stringContaining(name) })
  })

  test('a file that is not there, and a folder', async () => {
    const folder = temporaryFolder()
    expect(await refusal(['slide', 'info', path.join(folder, 'no.svs')])).toMatchObject({ code: 'FILE_NOT_FOUND' })
    expect(await refusal(['slide', 'info', folder])).toMatchObject({ code: 'FILE_IS_DIRECTORY' })
  })
})

describe('slide region', () => {
  const where = ['--x', '100', '--y', '200', '--width', '120', '--height', '80']
  const region = (file: string, ...more: string[]) => ['slide', 'region', file, ...where, ...more]

  test('is a PNG of the size asked for, in a folder that is made for it', async () => {
    const out = path.join(temporaryFolder(), 'neu 🔬', 'a.png')
    expect(await told(region(CMU, '--mpp', '1', '--out', out))).toMatchObject({ exit: 0, out, width: 120, height: 80 })
    expect(await sharp(out).metadata()).toMatchObject({ format: 'png', width: 120, height: 80 })
  })

  test.each([
    ['a scale and a level', ['--mpp', '1', '--level', '0'], 'USAGE'],
    ['a level the slide has not', ['--level', '3'], 'SLIDE_REGION_OUTSIDE'],
    ['a place outside the slide', ['--x', '9000'], 'SLIDE_REGION_OUTSIDE'],
  ])('%s is refused, and no file is left', async (_, more, code) => {
    const out = path.join(temporaryFolder(), 'a.png')
    expect(await refusal(region(CMU, ...more, '--out', out))).toMatchObject({ code })
    expect(existsSync(out)).toBe(false)
  })

  test('a place that can not be written is told before anything is read', async () => {
    const folder = temporaryFolder()
    writeFileSync(path.join(folder, 'file'), '')
    mkdirSync(path.join(folder, 'folder'))
    const missing = path.join(folder, 'no.svs')
    const to = (out: string) => refusal(region(missing, '--out', path.join(folder, out)))
    expect(await to('folder')).toMatchObject({ code: 'FILE_IS_DIRECTORY' })
    expect(await to('file/a.png')).toMatchObject({ code: 'FILE_NOT_DIRECTORY' })
  })
})

/** Nobody's rights: as root every file may be read and written. */
const nobody = { uid: 65_534, gid: 65_534 }
const isRoot = process.getuid?.() === 0
const canBeNobody = !isRoot || (await tessera(['--version'], nobody).catch(() => ({ code: null }))).code === 0
if (!canBeNobody) console.warn('Skipped, because this folder can not be read without the rights of root: permissions.')

describe.skipIf(process.platform === 'win32' || !canBeNobody)('without permission', { timeout: 60_000 }, () => {
  const as = isRoot ? nobody : {}

  /** A folder in which everybody may read, and only everybody's own files be written. */
  function readableFolder(): string {
    const folder = temporaryFolder()
    chmodSync(folder, 0o755)
    return folder
  }

  test('a slide is refused by name', async () => {
    const file = path.join(readableFolder(), 'secret.svs')
    copyFileSync(CMU, file)
    chmodSync(file, 0)
    expect(await refusal(['slide', 'info', file], as)).toMatchObject({
      code: 'FILE_NO_PERMISSION',
      message: expect.stringContaining('secret.svs'),
    })
  })

  test('a folder to write into is refused before the work', async () => {
    const folder = readableFolder()
    if (!isRoot) chmodSync(folder, 0o555)
    const out = path.join(folder, 'a.png')
    const args = ['slide', 'region', CMU, '--x', '0', '--y', '0', '--width', '9', '--height', '9', '--out', out]
    expect(await refusal(args, as)).toMatchObject({ code: 'FILE_NO_PERMISSION', data: { file: folder } })
  })

  test('a project that may only be read is refused when something is to be changed, and its database stays as it is', async () => {
    const folder = path.join(readableFolder(), 'project')
    await told(['project', 'create', folder])
    chmodSync(folder, 0o555)
    for (const name of ['project.sqlite', 'lock.sqlite']) chmodSync(path.join(folder, name), 0o444)
    const before = readFileSync(path.join(folder, 'project.sqlite'))
    expect(await refusal(['project', 'add-slide', folder, CMU], as)).toMatchObject({ code: 'FILE_NO_PERMISSION' })
    expect(readFileSync(path.join(folder, 'project.sqlite')).equals(before)).toBe(true)
    chmodSync(folder, 0o755)
  })
})
