/** Classifiers on features from the command line. */
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Dataset, File, ready } from 'h5wasm/node'
import { afterAll, describe, expect, test } from 'vitest'
import type { EncoderCard } from '../../../src-shared/encoders.ts'
import type { Evaluation } from '../../../src-shared/evaluation.ts'
import { readFeatureH5 } from '../../../src-main/features/featureH5.ts'
import { graphWriter } from '../../../src-main/nn/graph/graphWriter.ts'
import { encodeModel } from '../../../src-main/nn/graph/onnx.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import { refusal, tessera, told } from '../../fixtures/commandLine.ts'
import { MOSAIC_FILE, SAMPLE_PATCHES } from '../../fixtures/samples.ts'

const shared = mkdtempSync(path.join(tmpdir(), 'tessera-test-'))
afterAll(() => rmSync(shared, { recursive: true, force: true }))

function patchFolder(name: string, from: number, count: number, classes = ['tumor', 'normal']): string {
  const folder = path.join(shared, name)
  for (const each of classes) {
    mkdirSync(path.join(folder, each), { recursive: true })
    for (const file of readdirSync(path.join(SAMPLE_PATCHES, each))
      .toSorted()
      .slice(from, from + count))
      copyFileSync(path.join(SAMPLE_PATCHES, each, file), path.join(folder, each, file))
  }
  return folder
}

const train = patchFolder('train', 0, 12)
const held = patchFolder('test', 50, 10)
const probe = ['probe', '--encoder', 'lymph-node', '--train', train, '--test', held]

type Figures = Evaluation & { logLoss: number; temperature: number; fitted: Record<string, number> }
type Probed = {
  encoder: EncoderCard & { sha256: string }
  classes: string[]
  n: number
  trainingPatches: number
  folds: { rule: string; folds: number }
  knn: Figures
  linear: Figures
  prototypes: Figures
  mlp: Figures
  seconds: { features: number; probes: number }
}

describe('probe', { timeout: 120_000 }, () => {
  test('says of each classifier its figures with intervals, and of the encoder what was used, as one object', async () => {
    const found = await told<Probed>([...probe, '--k', '5'])
    expect(found).toMatchObject({
      exit: 0,
      classes: ['tumor', 'normal'],
      n: 20,
      trainingPatches: 24,
      folds: { rule: 'stratified', folds: 5 },
      encoder: { layer: 'mean', dimensions: 64, kind: 'tessera', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      knn: { fitted: { k: 5 } },
    })
    for (const name of ['knn', 'linear', 'prototypes', 'mlp'] as const) {
      const { n, accuracy, accuracyInterval, balancedAccuracy, balancedAccuracyInterval, auc, aucInterval } =
        found[name]
      expect(n, name).toBe(20)
      for (const [figure, interval] of [
        [accuracy, accuracyInterval],
        [balancedAccuracy, balancedAccuracyInterval],
        [auc!, aucInterval!],
      ] as const) {
        expect(interval[0], name).toBeLessThanOrEqual(figure)
        expect(interval[1], name).toBeGreaterThanOrEqual(figure)
      }
      // The encoder has seen this tissue: whoever does no better than chance has mixed something up.
      expect(auc, name).toBeGreaterThan(0.65)
      expect(found[name].temperature).toBeGreaterThan(0)
    }
    const again = await told<Probed>([...probe, '--k', '5'])
    for (const name of ['knn', 'linear', 'prototypes', 'mlp'] as const)
      expect({ ...again[name], seconds: null }).toEqual({ ...found[name], seconds: null })
  })

  test('for a person it is a table, and what it is of goes to stderr', async () => {
    const { code, stdout, stderr } = await tessera([...probe, '--layer', 'stem1'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^linear, L2 [\d.e-]+$/m)
    expect(stdout).toMatch(/^ {2}AUC {16}0\.\d+/m)
    expect(stderr).toMatch(/means over the places of layer “stem1”: 16 features of patches of 96 px/)
  })

  test('any ONNX file is an encoder once it is said how its input is normalised', async () => {
    const writer = graphWriter('other')
    writer.input('pixels', ['n', 3, 'h', 'w'])
    const filters = writer.constant([8, 3, 5, 5], Float32Array.from({ length: 600 }, seeded(2).normal))
    const maps = writer.op('Relu', [writer.op('Conv', ['pixels', filters])])
    writer.output('vector', writer.op('Flatten', [writer.op('GlobalAveragePool', [maps])]), ['n', 8])
    const file = path.join(shared, 'other.onnx')
    writeFileSync(file, encodeModel(writer.graph(), { text: '' }))
    const args = ['probe', '--encoder', file, '--train', train, '--test', held]
    expect(await refusal(args)).toMatchObject({ code: 'ENCODER_INCOMPLETE' })
    const words = ['--input-size', '64', '--mean', '0.7,0.5,0.7', '--std', '0.2,0.2,0.2', '--encoder-mpp', '1.5']
    const found = await told<Probed>([...args, ...words, '--mpp', '0.97'])
    expect(found).toMatchObject({
      exit: 0,
      encoder: { kind: 'onnx', dimensions: 8, input: { edgePx: 64, mpp: 1.5 }, saidBy: { normalisation: 'flag' } },
    })
    // 96 px at 0.5 µm/px shown as 64 px are at 0.75 µm/px
    expect(await refusal([...args, ...words, '--mpp', '0.5'])).toMatchObject({
      code: 'MODEL_SPACING_MISMATCH',
      data: { expected: 1.5, actual: 0.75 },
    })
  })

  test.each([
    ['nothing to fit on', ['probe', '--encoder', 'lymph-node', '--test', held], 'USAGE', /--train DIR/],
    ['nothing to measure on', ['probe', '--encoder', 'lymph-node', '--train', train], 'USAGE', /--test DIR/],
    ['an encoder nobody has', ['probe', '--encoder', 'uni', '--train', train, '--test', held], 'MODEL_UNKNOWN', /uni/],
    ['a layer it does not have', [...probe, '--layer', 'fc7'], 'ENCODER_LAYER_UNKNOWN', /stem1_relu.*mean/],
    ['normalisation of one’s own for a model with a card', [...probe, '--mean', '0,0,0'], 'USAGE', /its card says/],
    ['the same patches on both sides', [...probe.slice(0, -1), train], 'PROBE_NOT_POSSIBLE', /learned by heart/],
    [
      'one class',
      [...probe.slice(0, -3), patchFolder('one', 0, 3, ['tumor']), '--test', held],
      'PROBE_NOT_POSSIBLE',
      /one class, “tumor”/,
    ],
    [
      'a class that is not fitted on',
      [...probe.slice(0, -1), strangeFolder()],
      'CLASS_UNKNOWN',
      /not fitted on: stroma/,
    ],
  ])('%s is refused', async (_, args, code, words) => {
    expect(await refusal(args)).toMatchObject({ code, message: expect.stringMatching(words) })
  })
})

describe('features extract', { timeout: 120_000 }, () => {
  test('writes a row for each picture of a folder, in the order of their names, and says what made it', async () => {
    const out = path.join(shared, 'new folder', 'train.h5')
    const args = ['features', 'extract', '--encoder', 'lymph-node', '--folder', train, '--out', out]
    const found = await told<{ patches: number; dimensions: number; encoder: EncoderCard }>(args)
    expect(found).toMatchObject({ exit: 0, out, patches: 24, dimensions: 64, encoder: { layer: 'mean' } })
    const { features, coords } = await readFeatureH5(out)
    expect(features).toHaveLength(24 * 64)
    expect(new Set(coords)).toEqual(new Set([-1n]))
    await ready
    const file = new File(out, 'r')
    const names = (file.get('files') as Dataset).value as string[]
    const labels = (file.get('labels') as Dataset).value as string[]
    file.close()
    expect(names).toEqual(names.toSorted())
    expect(names.map((name) => name.split('/')[0])).toEqual(labels)
  })

  test('a project keeps the features of its slides; asked again, only the files are written', async () => {
    const copy = path.join(shared, 'second.tif')
    copyFileSync(MOSAIC_FILE, copy)
    appendFileSync(copy, 'another file') // else it would be the same slide
    const project = path.join(shared, 'project')
    await told(['project', 'create', project, '--name', 'two'])
    await told(['project', 'add-slide', project, MOSAIC_FILE, copy])
    const out = path.join(shared, 'features of a project')
    const args = ['features', 'extract', project, '--encoder', 'lymph-node', '--out', out]
    type Told = { sets: { name: string; out: string; patches: number; new: number }[] }
    const first = await told<Told>(args)
    expect(first.sets.map((set) => set.new)).toEqual(first.sets.map((set) => set.patches))
    expect(first.sets).toHaveLength(2)
    const again = await told<Told>(args)
    expect(again.sets).toEqual(first.sets.map((set) => ({ ...set, new: 0 })))
    for (const set of again.sets) expect((await readFeatureH5(set.out)).patches).toBe(set.patches)
    const other = path.join(shared, 'other project')
    await told(['project', 'create', other, '--name', 'other'])
    await told(['project', 'add-slide', other, MOSAIC_FILE])
    const [slide] = first.sets
    const taken = await told<{ set: { rows: number } }>(['features', 'import', other, slide!.out])
    expect(taken.set.rows).toBe(slide!.patches)
  })

  test.each([
    ['nothing to take features of', ['--out', 'x.h5'], 'USAGE'],
    ['a place that is a folder', ['--folder', train, '--out', shared], 'FILE_IS_DIRECTORY'],
  ])('%s is refused before any work', async (_, args, code) => {
    expect(await refusal(['features', 'extract', '--encoder', 'lymph-node', ...args])).toMatchObject({ code })
  })
})

function strangeFolder(): string {
  const folder = patchFolder('strange', 60, 3)
  mkdirSync(path.join(folder, 'stroma'), { recursive: true })
  const [file] = readdirSync(path.join(SAMPLE_PATCHES, 'normal'))
  copyFileSync(path.join(SAMPLE_PATCHES, 'normal', file!), path.join(folder, 'stroma', file!))
  return folder
}
