/**
 * A simulated annotator: labels come from the truth, in the order that random, uncertainty, diversity or the suggestions of
 * the gallery (both, src-shared/nextBatch.ts) ask for them; after each ten the classifier is fitted anew and measured.
 *
 * Classifier: logistic regression on standardised features of the embedded encoder. Two pools:
 *
 * - `pcam/train`, measured on `pcam/valid`. The encoder was trained on the labels of just these patches, so that its
 *   features tell them apart better than any it has not seen: this says what labelling costs on tissue the encoder knows.
 * - one half of `pcam/valid`, measured on the other half: the encoder has seen neither.
 *
 * The mosaic of the sample project is left out, because the encoder was trained on its slides.
 *
 * Features are extracted once, by the program's own command line, and kept beside the temporary files.
 * PCam lies in ../shared/data/pcam, see test/fixtures/sharedData.ts.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { median, options } from './bench.ts'
import { readFeatureH5 } from '../../src-main/features/featureH5.ts'
import { kCentre } from '../../src-main/similarity/kCentre.ts'
import { fitLogistic, linearLogits } from '../../src-main/probes/logistic.ts'
import {
  centredUnit,
  columnMeans,
  type Matrix,
  rowsOf,
  softmaxRows,
  standardisationOf,
  standardised,
} from '../../src-main/probes/matrix.ts'
import { leastCertain, POOL } from '../../src-shared/nextBatch.ts'
import { seeded } from '../fixtures/random.ts'

const root = path.resolve(import.meta.dirname, '../..')
const data = path.resolve(root, '../shared/data/pcam')
const CLASSES = ['normal', 'tumor'] as const
const STEP = 10
const MOST_LABELS = 300
const SEEDS = Array.from({ length: 10 }, (_, i) => i + 1)
const WANTED = 0.85
const SHOWN = [10, 20, 30, 50, 100, 200, 300]
/** strength of L2; with few labels the choice by cross-validation has nothing to choose by */
const LAMBDA = 1e-2

const ORDERS = ['random', 'uncertain', 'diverse', 'mixed'] as const
type Order = (typeof ORDERS)[number]

type Labelled = { features: Matrix; classOf: Uint16Array }

async function featuresOf(split: 'train' | 'valid'): Promise<Labelled> {
  const folder = path.join(data, split)
  if (!existsSync(folder)) {
    process.stderr.write(`PCam is needed for this measurement and is not in ${data}.\n`)
    process.exit(2)
  }
  const card = JSON.parse(readFileSync(path.join(root, 'resources/encoders/embedded.card.json'), 'utf8')) as {
    weights: { sha256: string }
  }
  const kept = path.join(tmpdir(), `tessera-annotator-${card.weights.sha256.slice(0, 12)}`)
  const file = path.join(kept, `${split}.h5`)
  if (!existsSync(file)) {
    mkdirSync(kept, { recursive: true })
    const command = ['features', 'extract', '--encoder', 'embedded', '--folder', folder, '--out', file]
    const run = spawnSync(process.execPath, [path.join(root, 'out/main/cli.js'), ...command], { stdio: 'inherit' })
    if (run.status !== 0) throw new Error(`The features of ${folder} could not be extracted.`)
  }
  const { features, patches, dimensions } = await readFeatureH5(file)
  return {
    features: { values: features, rows: patches, columns: dimensions },
    classOf: Uint16Array.from(await labelsIn(file), (label) => CLASSES.indexOf(label as (typeof CLASSES)[number])),
  }
}

/** The class of each patch, in the order of the rows. */
async function labelsIn(file: string): Promise<string[]> {
  const h5 = await import('h5wasm/node')
  await h5.ready
  const opened = new h5.File(file, 'r')
  try {
    const labels = opened.get('labels')
    if (!(labels instanceof h5.Dataset)) throw new Error(`${file} names no classes.`)
    return labels.value as string[]
  } finally {
    opened.close()
  }
}

/** What does not change while labels come. */
function prepared(pool: Labelled, test: Labelled) {
  const scaling = standardisationOf(pool.features)
  return {
    pool: { ...pool, scaled: standardised(pool.features, scaling) },
    unit: centredUnit(pool.features, columnMeans(pool.features)),
    test: { ...test, scaled: standardised(test.features, scaling) },
  }
}
type Prepared = ReturnType<typeof prepared>

function shuffled(count: number, seed: number): Uint32Array {
  const random = seeded(seed)
  const order = Uint32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[order[i], order[j]] = [order[j]!, order[i]!]
  }
  return order
}

type Next = (labelled: readonly number[], probabilities: Float32Array) => Uint32Array

/** Who says which ten rows are labelled next. @param mixedUp the rows of the pool in an order without meaning */
function asker(order: Order, { unit }: Prepared, mixedUp: Uint32Array): Next {
  const freeOf = (labelled: readonly number[]): Uint32Array => {
    const known = new Set(labelled)
    return mixedUp.filter((row) => !known.has(row))
  }
  if (order === 'random') return (labelled) => freeOf(labelled).slice(0, STEP)
  if (order === 'uncertain')
    return (labelled, probabilities) => leastCertain(freeOf(labelled), probabilities, CLASSES.length, STEP)
  if (order === 'diverse') {
    // what was taken stays a centre: one walk for all batches
    const rows = mixedUp.slice(STEP)
    const centres = kCentre(unit, rows)
    for (const row of mixedUp.subarray(0, STEP)) centres.cover(row)
    return () => Uint32Array.from({ length: STEP }, () => rows[centres.next()!]!)
  }
  return (labelled, probabilities) => {
    const candidates = leastCertain(freeOf(labelled), probabilities, CLASSES.length, POOL * STEP)
    const centres = kCentre(
      rowsOf(unit, [...candidates, ...labelled]),
      candidates.map((_, i) => i),
    )
    for (let i = 0; i < labelled.length; i++) centres.cover(candidates.length + i)
    return Uint32Array.from({ length: STEP }, () => candidates[centres.next()!]!)
  }
}

/** Accuracy on the test patches after each ten labels. All orders of a seed begin with the same ten at random. */
function curve(order: Order, work: Prepared, seed: number): number[] {
  const { pool, test } = work
  const mixedUp = shuffled(pool.classOf.length, seed)
  const next = asker(order, work, mixedUp)
  const labelled = [...mixedUp.subarray(0, STEP)]
  const accuracies: number[] = []
  while (true) {
    const classOf = Uint16Array.from(labelled, (row) => pool.classOf[row]!)
    const { at } = fitLogistic(rowsOf(pool.scaled, labelled), classOf, CLASSES.length, LAMBDA, {
      gradientNorm: 1e-4,
      mostIterations: 300,
    })
    accuracies.push(accuracyOf(linearLogits(test.scaled, at, CLASSES.length), test.classOf))
    if (labelled.length >= Math.min(MOST_LABELS, pool.classOf.length - STEP)) return accuracies
    const probabilities = Float32Array.from(softmaxRows(linearLogits(pool.scaled, at, CLASSES.length), CLASSES.length))
    labelled.push(...next(labelled, probabilities))
  }
}

function accuracyOf(logits: Float64Array, classOf: Uint16Array): number {
  let right = 0
  for (let row = 0; row < classOf.length; row++) {
    const said = logits[row * 2 + 1]! > logits[row * 2]! ? 1 : 0
    if (said === classOf[row]) right++
  }
  return right / classOf.length
}

const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length
const deviation = (values: readonly number[]): number => {
  const middle = mean(values)
  return Math.sqrt(values.reduce((sum, each) => sum + (each - middle) ** 2, 0) / (values.length - 1))
}

/**
 * Labels needed: from where on the mean of all seeds stays at or above what is wanted, and when a seed first touches it,
 * which luck with the first ten labels decides.
 */
function needed(curves: readonly number[][]) {
  const means = curves[0]!.map((_, i) => mean(curves.map((each) => each[i]!)))
  const last = means.findLastIndex((accuracy) => accuracy < WANTED)
  const touched = curves.map((each) => each.findIndex((accuracy) => accuracy >= WANTED)).filter((at) => at >= 0)
  return {
    stays: last + 1 < means.length ? (last + 2) * STEP : null,
    touched: touched.length > curves.length / 2 ? median(touched.map((at) => (at + 1) * STEP)) : null,
  }
}

function measure(name: string, pool: Labelled, test: Labelled) {
  const work = prepared(pool, test)
  return ORDERS.map((order) => {
    const curves = SEEDS.map((seed) => curve(order, work, seed))
    const at = SHOWN.map((labels) => labels / STEP - 1).map((i) => curves.map((each) => each[i]!))
    return {
      pool: name,
      order,
      accuracy: at.map((each) => mean(each)),
      deviation: at.map((each) => deviation(each)),
      needed: needed(curves),
    }
  })
}

const half = ({ features, classOf }: Labelled, which: 0 | 1): Labelled => {
  const order = shuffled(classOf.length, 2026)
  const rows = order.filter((_, i) => i % 2 === which)
  return { features: rowsOf(features, rows), classOf: Uint16Array.from(rows, (row) => classOf[row]!) }
}

const [train, valid] = [await featuresOf('train'), await featuresOf('valid')]
const found = [
  ...measure('pcam/train, measured on pcam/valid', train, valid),
  ...measure('half of pcam/valid, measured on the other half', half(valid, 0), half(valid, 1)),
]
if (options.json) console.log(JSON.stringify({ labels: SHOWN, found }))
else
  for (const [pool, rows] of Map.groupBy(found, (row) => row.pool)) {
    console.log(`\n${pool}: accuracy in %, mean of ${SEEDS.length} seeds ± deviation between them\n`)
    console.log(
      `| order | ${SHOWN.join(' | ')} labels | mean stays at ${100 * WANTED} % from | a seed touches it at (median) |`,
    )
    console.log(`|---|${SHOWN.map(() => '---:').join('|')}|---:|---:|`)
    for (const { order, accuracy, deviation: spread, needed: labels } of rows)
      console.log(
        `| ${order} | ${accuracy.map((each, i) => `${(100 * each).toFixed(1)} ± ${(100 * spread[i]!).toFixed(1)}`).join(' | ')} | ${labels.stays ?? '–'} | ${labels.touched ?? '–'} |`,
      )
  }
