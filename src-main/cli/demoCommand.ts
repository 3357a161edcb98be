/**
 * `tessera demo`: the whole job without a window, on the sample mosaic, with its truth kept back from what is measured.
 *
 * 40 + 40 of the mosaic's true labels are imported, a network is trained on them, every tissue patch is predicted, and
 * the figures are taken on the patches whose labels were not imported. Fails when the network is no better than chance.
 */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { tesseraError, toFault } from '../../src-shared/errors.ts'
import type { Evaluation } from '../../src-shared/evaluation.ts'
import { MaskParams } from '../../src-shared/masks.ts'
import type { Grid } from '../../src-shared/patches.ts'
import { TrainingSettings } from '../../src-shared/training.ts'
import { evaluate } from '../evaluation/evaluate.ts'
import { readLabelsCsv } from '../labels/importCsv.ts'
import { sampleFolder } from '../host/resources.ts'
import { fillSampleProject, MOSAIC } from '../host/sampleProject.ts'
import { seeded, shuffled } from '../nn/random.ts'
import { activeGrid, findSlide } from './find.ts'
import { type Session, withNewProject } from './openRooms.ts'
import { output, percent, withInterval } from './output.ts'
import { clock, watchJob } from './progress.ts'
import { wholeFrom } from './slideCommands.ts'

const CLASSES = ['tumor', 'normal'] as const
const SHOWN_PER_CLASS = 40
/** Counts nearly every cell that is not bare glass as tissue, also fat and lumen. */
const TISSUE = MaskParams.parse({ method: 'hsv', leastSaturation: 0.06 })

const TRUTH = path.join(sampleFolder, 'pcam_composite_demo_labels.csv')

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('the whole job on the sample mosaic: label, train, predict, measure, export')
    .option('--out <dir>', 'folder for the project and its exports (default: a new “tessera-demo” here)')
    .option('--seed <n>', 'which labels are shown, and the training', wholeFrom(0), 1)
    .option('--json', 'one JSON object on stdout')
    .action(async (options: { out?: string; seed: number; json?: boolean }) => {
      const folder = path.resolve(options.out ?? freeFolder('tessera-demo'))
      await withNewProject(folder, 'Demo', (session) => demo(session, folder, options.seed, options.json ?? false))
    })
}

function freeFolder(name: string): string {
  for (let n = 1; ; n++) {
    const folder = n === 1 ? name : `${name}-${n}`
    if (!existsSync(folder)) return folder
  }
}

async function demo(session: Session, folder: string, seed: number, json: boolean): Promise<void> {
  const { rooms } = session
  const { say, result } = output(json)
  const started = performance.now()

  say('1. A project with the sample mosaic: real patches (PatchCamelyon, CC0), not a patient’s slide.')
  await fillSampleProject(rooms, folder)
  const slide = await findSlide(rooms, MOSAIC.file)
  const grid = await activeGrid(rooms, slide)
  await rooms.calls['labels.setMask']({ grid: grid.id, params: TISSUE })

  const truth = await readTruth(grid)
  const { shown, hidden } = divide(truth, seed)
  say(`2. ${shown.length} of its ${truth.size} true labels are imported, ${SHOWN_PER_CLASS} of each class.`)
  await importLabels(session, grid, folder, truth, shown)

  say('3. A network is trained on them.')
  const classes = await rooms.calls['labels.classes']()
  const settings = TrainingSettings.parse({
    name: 'demo',
    classes: CLASSES.map((name) => classes.find((each) => each.name === name)!.number),
    sources: [grid.id],
    network: 'small-resnet',
    length: { kind: 'epochs', epochs: DEMO_EPOCHS },
    validation: { kind: 'fraction', fraction: 0.2, rule: 'auto' },
    seed,
  })
  const run = await rooms.calls['training.start'](settings)
  await watchJob(rooms, run.job)
  const [model] = await rooms.calls['models.list']()
  say(`   ${model!.card.split.sentence}`)

  say('4. It predicts every tissue patch.')
  const [predicting] = await rooms.calls['predictions.start']({ model: model!.id, slides: [slide.id], sets: [] })
  await watchJob(rooms, predicting!.job)

  say('5. The exports are written.')
  const to = (name: string) => path.join(folder, name)
  const source = { source: grid.id, run: predicting!.id }
  const files = [
    ...(await rooms.writeExport({ format: 'csv', ...source }, to('demo.csv'))),
    ...(await rooms.writeExport({ format: 'geojson', ...source, shiftByBounds: true }, to('demo.geojson'))),
    ...(await rooms.writeExport({ format: 'png', ...source, class: 0, opacity: 0.6 }, to('demo.png'))),
    ...(await rooms.writeExport({ format: 'model', model: model!.id }, to('demo.onnx'))),
  ]

  const { patch, probabilities } = await rooms.readPredictions(predicting!.id)
  const measured = measure(patch, probabilities, truth, hidden)
  const seconds = (performance.now() - started) / 1000
  const failure = noBetterThanChance(measured.evaluation)
  result(
    {
      ...measured.evaluation,
      notPredicted: measured.notPredicted,
      shown: shown.length,
      seconds,
      folder,
      files,
      ...(failure ? { error: toFault(failure) } : {}),
    },
    report(measured, seconds, folder, files),
  )
  if (failure) throw failure
}

function noBetterThanChance({ aucInterval }: Evaluation): Error | null {
  const lower = aucInterval?.[0] ?? 0
  if (lower > 0.5) return null
  return tesseraError(
    'EVALUATION_NOT_POSSIBLE',
    `The lower bound of the AUC is ${lower.toFixed(3)}: no better than chance. Something is wrong with this build.`,
    { reason: `AUC lower bound ${lower}` },
  )
}

/** Enough steps for so few labels to be learned, in about a minute on two processors. */
const DEMO_EPOCHS = 40

/** The true class of each patch of the mosaic, as an index into CLASSES; background cells are left out. */
async function readTruth(grid: Grid): Promise<Map<number, number>> {
  const { patch, name } = await readLabelsCsv(TRUTH, grid)
  const known = [...patch].map((each, i) => [each, CLASSES.findIndex((label) => label === name[i])] as const)
  return new Map(known.filter(([, label]) => label >= 0))
}

function divide(truth: ReadonlyMap<number, number>, seed: number): { shown: number[]; hidden: number[] } {
  const random = seeded(seed)
  const shown = CLASSES.flatMap((_, label) => {
    const patches = [...truth].filter(([, each]) => each === label).map(([patch]) => patch)
    return [...shuffled(patches.length, random)].slice(0, SHOWN_PER_CLASS).map((i) => patches[i]!)
  })
  const isShown = new Set(shown)
  return { shown, hidden: [...truth.keys()].filter((patch) => !isShown.has(patch)) }
}

/** By a CSV file, as a person would bring labels from elsewhere. */
async function importLabels(
  { rooms, handles }: Session,
  grid: Grid,
  folder: string,
  truth: ReadonlyMap<number, number>,
  shown: readonly number[],
): Promise<void> {
  const file = path.join(folder, 'shown-labels.csv')
  const lines = shown.map(
    (patch) => `${patch % grid.columns},${Math.floor(patch / grid.columns)},${CLASSES[truth.get(patch)!]}`,
  )
  await writeFile(file, ['col,row,label', ...lines, ''].join('\n'))
  await rooms.calls['labels.importCsv']({
    source: grid.id,
    file: handles.handleOf(file),
    map: {},
    createClasses: false,
    shiftByBounds: false,
  })
}

type Measured = { evaluation: Evaluation; notPredicted: number }

/** On the patches that were not shown. One that was not predicted, because it is no tissue, is counted and left out. */
function measure(
  patch: Uint32Array,
  probabilities: Float32Array,
  truth: ReadonlyMap<number, number>,
  hidden: readonly number[],
): Measured {
  const rowOf = new Map([...patch].map((each, row) => [each, row]))
  const seen = hidden.filter((each) => rowOf.has(each))
  const values = Float32Array.from(
    seen.flatMap((each) => CLASSES.map((_, k) => probabilities[rowOf.get(each)! * CLASSES.length + k]!)),
  )
  const labels = Uint16Array.from(seen, (each) => truth.get(each)!)
  return { evaluation: evaluate(values, labels, CLASSES), notPredicted: hidden.length - seen.length }
}

function report(
  { evaluation, notPredicted }: Measured,
  seconds: number,
  folder: string,
  files: readonly string[],
): string {
  const counts = evaluation.confusion.map((row) => row.reduce((sum, each) => sum + each, 0))
  return [
    '',
    `On the ${evaluation.n} patches it was not shown (${counts.map((count, k) => `${count} ${CLASSES[k]}`).join(', ')})${notPredicted > 0 ? `; ${notPredicted} more are outside the tissue mask and were not predicted` : ''}:`,
    `  balanced accuracy  ${withInterval(evaluation.balancedAccuracy, evaluation.balancedAccuracyInterval)}`,
    `  AUC                ${withInterval(evaluation.auc, evaluation.aucInterval)}`,
    `  accuracy           ${withInterval(evaluation.accuracy, evaluation.accuracyInterval)}`,
    `  always “normal”    ${percent(evaluation.majorityBaseline)} accuracy, 0.500 balanced accuracy and AUC`,
    `These are ${SHOWN_PER_CLASS} + ${SHOWN_PER_CLASS} labels and a small network: a demonstration, not a benchmark.`,
    '',
    `Done in ${clock(seconds)}. Everything is in ${folder}:`,
    ...files.map((file) => `  ${path.basename(file)}`),
  ].join('\n')
}
