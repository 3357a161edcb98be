/** `tessera probe`: how well simple classifiers do on the features of an encoder. */
import path from 'node:path'
import type { Command } from 'commander'
import { tesseraError } from '../../src-shared/errors.ts'
import type { PatchSet } from '../../src-shared/patches.ts'
import type { ProbeName, ProbeResult } from '../../src-shared/probes.ts'
import type { ReadyEncoder } from '../features/extract.ts'
import type { Rooms } from '../host/rooms.ts'
import type { EngineClient } from '../nn/engine.ts'
import { type EncoderOptions, encoderInWords, resizedInWords, withEncoderOptions, wordsOf } from './encoderOptions.ts'
import { encoderFile } from './modelFile.ts'
import { withTemporaryProject } from './openRooms.ts'
import { output, withInterval } from './output.ts'
import { addPatchSet } from './patchInputs.ts'
import { clock, watchWork } from './progress.ts'
import { positive, wholeFrom } from './slideCommands.ts'

type ProbeOptions = EncoderOptions & {
  train?: string
  test?: string
  trainIdx?: string[]
  testIdx?: string[]
  k: number
  weighted?: true
  seed: number
  mpp?: number
  json?: boolean
}

export function addProbeCommand(program: Command): void {
  withEncoderOptions(
    program
      .command('probe')
      .description('fit kNN, a linear classifier, class means and a small network on features, and measure them'),
  )
    .option('--train <dir>', 'fit on this folder with one sub-folder of pictures for each class')
    .option('--test <dir>', 'measure on this folder, with the same classes')
    .option('--train-idx <files...>', 'fit on this IDX pair: images, labels')
    .option('--test-idx <files...>', 'measure on this IDX pair: images, labels')
    .option('--k <n>', 'neighbours that vote', wholeFrom(1, 1000), 20)
    .option('--weighted', 'nearer neighbours count more: each vote is divided by its distance')
    .option('--seed <n>', 'folds, and the weights the small network begins with', wholeFrom(0, 0xffffffff), 1)
    .option('--mpp <µm/px>', 'scale of the pictures', positive)
    .option('--json', 'one JSON object on stdout')
    .action(async (options: ProbeOptions) => {
      if ((options.train === undefined) === (options.trainIdx === undefined))
        throw tesseraError('USAGE', 'Say what to fit on: --train DIR, or --train-idx IMAGES LABELS.', {})
      if ((options.test === undefined) === (options.testIdx === undefined))
        throw tesseraError('USAGE', 'Say what to measure on: --test DIR, or --test-idx IMAGES LABELS.', {})
      const file = await encoderFile(options.encoder)
      await withTemporaryProject(async (session) => {
        const { rooms } = session
        const training = await addPatchSet(session, inputOf(options, 'train'), '--train-idx')
        const test = await addPatchSet(session, inputOf(options, 'test'), '--test-idx')
        if (training.id === test.id)
          throw tesseraError(
            'PROBE_NOT_POSSIBLE',
            `“${training.name}” is to be fitted on and measured on: what was learned by heart would count as found. Take patches of other patients to measure on.`,
            { reason: 'the same patches on both sides' },
          )
        const classes = await classesOf(rooms, training, test)
        const labelled = {
          training: await labelledPatches(rooms, training, classes),
          test: await labelledPatches(rooms, test, classes),
        }
        const { say, result } = output(options.json ?? false)
        for (const [side, set] of [
          ['training', training],
          ['test', test],
        ] as const) {
          const left = set.patches - labelled[side].patches.length
          if (left > 0) say(`Note: ${left} patches of “${set.name}” have no class and are left out.`)
        }
        await rooms.withEncoder(file, wordsOf(options), async (encoder, engine) => {
          say(encoderInWords(encoder.card))
          for (const note of [training, test].flatMap((set) => resizedInWords(encoder.card, set))) say(note)
          const sides = { training: { set: training, ...labelled.training }, test: { set: test, ...labelled.test } }
          const extracted = await extract(rooms, encoder, sides)
          const names = classes.map(({ name }) => name)
          const probed = await probe(engine, { encoder, sides, extracted, classes: names }, options)
          const { card } = encoder
          result(
            {
              encoder: { ...card, sha256: card.weights.sha256 },
              classes: names,
              n: labelled.test.patches.length,
              trainingPatches: labelled.training.patches.length,
              settings: probed.settings,
              folds: probed.folds,
              ...Object.fromEntries(probed.results.map(({ probe: name, ...rest }) => [name, flat(rest)])),
              seconds: { features: extracted.seconds, probes: probed.seconds },
              patchesPerSecond: extracted.patchesPerSecond,
            },
            table(probed.results, labelled, names, probed.folds, extracted),
          )
        })
      })
    })
}

const inputOf = (options: ProbeOptions, side: 'train' | 'test') => {
  const idx = side === 'train' ? options.trainIdx : options.testIdx
  const folder = options[side]
  return {
    ...(folder !== undefined && { folder }),
    ...(idx !== undefined && { idx }),
    ...(options.mpp !== undefined && { mpp: options.mpp }),
  }
}

type NamedClass = { number: number; name: string }

/** The classes of what is fitted on, in the order of the project. @throws {TesseraError} CLASS_UNKNOWN, PROBE_NOT_POSSIBLE */
async function classesOf(rooms: Rooms, training: PatchSet, test: PatchSet): Promise<NamedClass[]> {
  const [all, fitted, measured] = await Promise.all([
    rooms.calls['labels.classes'](),
    rooms.calls['labels.of']({ source: training.id }),
    rooms.calls['labels.of']({ source: test.id }),
  ])
  const used = new Set<number>(fitted.class)
  const classes = all.filter(({ number }) => used.has(number))
  if (classes.length < 2)
    throw tesseraError(
      'PROBE_NOT_POSSIBLE',
      `“${training.name}” has ${classes.length === 0 ? 'no classes' : `one class, “${classes[0]!.name}”`}; at least two are needed. Its sub-folders are the classes.`,
      { reason: `${classes.length} classes, at least 2 expected` },
    )
  const strangers = all.filter(({ number }) => !used.has(number) && measured.class.includes(number))
  if (strangers.length > 0)
    throw tesseraError(
      'CLASS_UNKNOWN',
      `“${test.name}” has classes that are not fitted on: ${strangers.map(({ name }) => name).join(', ')}. Fitted on are: ${classes.map(({ name }) => name).join(', ')}. Give both the same names.`,
      { class: strangers.map(({ name }) => name).join(', ') },
    )
  return classes
}

type LabelledSide = { patches: Uint32Array; classOf: Uint16Array }

async function labelledPatches(rooms: Rooms, set: PatchSet, classes: readonly NamedClass[]): Promise<LabelledSide> {
  const labels = await rooms.calls['labels.of']({ source: set.id })
  const target = new Map(classes.map(({ number }, place) => [number, place]))
  const rows = [...labels.patch.keys()].toSorted((a, b) => labels.patch[a]! - labels.patch[b]!)
  if (rows.length === 0)
    throw tesseraError(
      'EVALUATION_NOT_POSSIBLE',
      `No patch of “${set.name}” has a class. Put every picture into a class folder.`,
      { reason: 'unlabelled patches' },
    )
  return {
    patches: Uint32Array.from(rows, (row) => labels.patch[row]!),
    classOf: Uint16Array.from(rows, (row) => target.get(labels.class[row]!)!),
  }
}

type Sides = Record<'training' | 'test', LabelledSide & { set: PatchSet }>
type Extracted = { files: Record<'training' | 'test', string>; seconds: number; patchesPerSecond: number }

async function extract(rooms: Rooms, encoder: ReadyEncoder, sides: Sides): Promise<Extracted> {
  const total = sides.training.patches.length + sides.test.patches.length
  const begun = performance.now()
  const files = { training: '', test: '' }
  let before = 0
  for (const side of ['training', 'test'] as const) {
    const { set, patches } = sides[side]
    files[side] = path.join(rooms.featuresFolder, `${side}.f32`)
    await watchWork('Features', 'patches', (report, signal) =>
      encoder.extract({
        source: set,
        patches,
        file: files[side],
        signal,
        onProgress: (done) => report(before + done, total, `of the ${side} patches`),
      }),
    )
    before += patches.length
  }
  const seconds = (performance.now() - begun) / 1000
  return { files, seconds, patchesPerSecond: total / seconds }
}

type Work = { encoder: ReadyEncoder; sides: Sides; extracted: Extracted; classes: string[] }

async function probe(engine: EngineClient, { encoder, sides, extracted, classes }: Work, options: ProbeOptions) {
  const settings = { k: options.k, weighted: options.weighted ?? false, seed: options.seed }
  const begun = performance.now()
  const results: ProbeResult[] = []
  let folds: { rule: string; folds: number } = { rule: 'none', folds: 0 }
  await watchWork('Classifiers', 'steps', async (report, signal) => {
    const order = {
      dimensions: encoder.card.dimensions,
      classes,
      // Neither a folder nor an IDX pair says which slide a patch is of.
      training: { file: extracted.files.training, classOf: sides.training.classOf, groupOf: null },
      test: { file: extracted.files.test, classOf: sides.test.classOf },
      settings,
    }
    for await (const news of engine.stream('engine.probe', order)) {
      if (signal.aborted) throw tesseraError('CANCELLED', 'The probe was cancelled.', {})
      if (news.kind === 'folds') folds = { rule: news.rule, folds: news.folds }
      if (news.kind === 'progress') report(news.done, news.total, news.phase)
      if (news.kind === 'result') results.push(news.result)
    }
  })
  return { settings, folds, results, seconds: (performance.now() - begun) / 1000 }
}

const flat = ({ evaluation, ...rest }: Omit<ProbeResult, 'probe'>) => ({ ...evaluation, ...rest })

const titles: Record<ProbeName, string> = {
  knn: 'k nearest neighbours',
  linear: 'linear',
  prototypes: 'class means',
  mlp: 'small network',
}

const fittedInWords = ({ probe: name, fitted }: ProbeResult): string => {
  if (name === 'knn') return `k ${fitted['k']}`
  if (name === 'linear') return `L2 ${fitted['l2']}`
  if (name === 'mlp') return `${fitted['steps']} steps`
  return ''
}

function table(
  results: readonly ProbeResult[],
  labelled: Record<'training' | 'test', LabelledSide>,
  classes: readonly string[],
  { rule, folds }: { rule: string; folds: number },
  { seconds, patchesPerSecond }: Extracted,
): string {
  const lines = [
    `fitted on ${labelled.training.patches.length} patches, measured on ${labelled.test.patches.length}; classes: ${classes.join(', ')}`,
    `features in ${clock(seconds)}, ${Math.round(patchesPerSecond)} patches/s`,
    `chosen and calibrated on ${folds} ${rule === 'group' ? 'folds of whole slides' : 'random folds of the training patches, as nothing says which slide each is of'}`,
  ]
  for (const found of results) {
    const { evaluation, logLoss, temperature } = found
    lines.push(
      '',
      [titles[found.probe], fittedInWords(found)].filter((text) => text !== '').join(', '),
      `  accuracy           ${withInterval(evaluation.accuracy, evaluation.accuracyInterval)}`,
      `  balanced accuracy  ${withInterval(evaluation.balancedAccuracy, evaluation.balancedAccuracyInterval)}`,
      `  AUC                ${withInterval(evaluation.auc, evaluation.aucInterval)}`,
      `  log loss           ${logLoss.toFixed(3)} nats at temperature ${temperature.toPrecision(3)}`,
      `  fitted in ${found.seconds.fit.toFixed(1)} s`,
    )
  }
  return lines.join('\n')
}
