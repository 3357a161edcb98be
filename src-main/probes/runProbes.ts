/**
 * Four classifiers on the same features, each fitted on the training patches, calibrated on folds of them, and measured on
 * the test patches, which nothing was chosen by.
 */
import type { ProbeName, ProbeNews, ProbeResult, ProbeSettings } from '../../src-shared/probes.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { evaluate } from '../evaluation/evaluate.ts'
import type { Backend } from '../nn/backend.ts'
import { type Folds, probeFolds, sidesOf } from './folds.ts'
import { type FindNeighbours, voteLogits, votes } from './knn.ts'
import { fitLogistic, linearLogits, type LinearParameters } from './logistic.ts'
import {
  centredUnit,
  columnMeans,
  crossEntropy,
  type Matrix,
  rowsOf,
  softmaxRows,
  standardisationOf,
  standardised,
} from './matrix.ts'
import { MLP, trainMlp } from './mlp.ts'
import { classMeans, prototypeLogits } from './prototypes.ts'
import { fitTemperature } from './temperature.ts'

export type Labelled = { features: Matrix; classOf: Uint16Array }

export type ProbeWork = {
  classes: readonly string[]
  training: Labelled & { groupOf: Uint32Array | null }
  test: Labelled
  settings: ProbeSettings
}

export type ProbeEngine = { backend: Backend; neighbours: FindNeighbours }

/** L2 strengths, strongest first. */
const LAMBDAS = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5] as const
/** A weaker L2 must lower the held-out cross-entropy by as much, nats. */
const WORTH_IT = 1e-4
/** While choosing, and of the fit that is kept. */
const ROUGHLY = { gradientNorm: 3e-4, mostIterations: 300 }
const EXACTLY = { gradientNorm: 1e-6, mostIterations: 2000 }

/** What one probe found: logits of the test patches, and logits of training patches that it was not fitted on. */
type Probed = {
  test: Float64Array
  held: Float64Array
  heldClassOf: ArrayLike<number>
  fitted: Record<string, number>
  predictSeconds: number
}

/** Yields whenever a piece of its work is done. */
type Going = AsyncGenerator<void, Probed>

type Probe = {
  name: ProbeName
  phase: string
  /** pieces of work, at most */
  pieces: (folds: number) => number
  run: (engine: ProbeEngine, work: ProbeWork, folds: Folds) => Going
}

const probes: readonly Probe[] = [
  { name: 'knn', phase: 'neighbours', pieces: (folds) => folds + 1, run: probeKnn },
  { name: 'linear', phase: 'linear', pieces: (folds) => folds * LAMBDAS.length + 1, run: probeLinear },
  { name: 'prototypes', phase: 'prototypes', pieces: (folds) => folds + 1, run: probePrototypes },
  { name: 'mlp', phase: 'small network', pieces: () => 2 * MLP.rounds, run: probeMlp },
]

/** @throws {TesseraError} PROBE_NOT_POSSIBLE, EVALUATION_NOT_POSSIBLE, ENGINE_FAILED, CANCELLED */
export async function* runProbes(engine: ProbeEngine, work: ProbeWork, signal: AbortSignal): AsyncGenerator<ProbeNews> {
  const { classes, training, test, settings } = work
  const folds = probeFolds(training.classOf, training.groupOf, classes, settings.seed)
  yield { kind: 'folds', rule: folds.rule, folds: folds.folds }
  const total = probes.reduce((sum, probe) => sum + probe.pieces(folds.folds), 0)
  let before = 0
  for (const { name, phase, pieces, run } of probes) {
    const begun = performance.now()
    const going = run(engine, work, folds)
    try {
      let done = before
      let next = await going.next()
      for (; !next.done; next = await going.next()) {
        if (signal.aborted) throw tesseraError('CANCELLED', 'The probe was cancelled.', {})
        yield { kind: 'progress', phase, done: ++done, total }
      }
      const seconds = (performance.now() - begun) / 1000
      yield { kind: 'result', result: resultOf(name, next.value, test.classOf, classes, seconds) }
    } finally {
      // also when nobody listens any more
      await going.return(undefined as never)
    }
    before += pieces(folds.folds)
  }
}

function resultOf(
  probe: ProbeName,
  { test, held, heldClassOf, fitted, predictSeconds }: Probed,
  classOf: Uint16Array,
  classes: readonly string[],
  seconds: number,
): ProbeResult {
  const temperature = fitTemperature(held, heldClassOf, classes.length)
  const probabilities = Float32Array.from(softmaxRows(test, classes.length, temperature))
  return {
    probe,
    evaluation: evaluate(probabilities, classOf, classes),
    logLoss: crossEntropy(test, classOf, classes.length, temperature),
    temperature,
    fitted,
    seconds: { fit: seconds - predictSeconds, predict: predictSeconds },
  }
}

/** Other programs' work must get a turn: a fit is long and has no pause of its own. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Logits of every training patch from a fit that did not see it. */
async function* outOfFold(
  { features, classOf }: Labelled,
  classes: number,
  folds: Folds,
  fitAndSay: (fitted: Labelled, held: Matrix) => Promise<Float64Array> | Float64Array,
): AsyncGenerator<void, Float64Array> {
  const logits = new Float64Array(features.rows * classes)
  for (let fold = 0; fold < folds.folds; fold++) {
    const sides = sidesOf(folds, fold)
    const found = await fitAndSay(labelledRows({ features, classOf }, sides.fitted), rowsOf(features, sides.held))
    for (const [i, row] of sides.held.entries())
      logits.set(found.subarray(i * classes, (i + 1) * classes), row * classes)
    yield
    await breathe()
  }
  return logits
}

const labelledRows = ({ features, classOf }: Labelled, rows: Uint32Array): Labelled => ({
  features: rowsOf(features, rows),
  classOf: Uint16Array.from(rows, (row) => classOf[row]!),
})

async function timed<T>(work: () => Promise<T> | T): Promise<{ result: T; seconds: number }> {
  const begun = performance.now()
  const result = await work()
  return { result, seconds: (performance.now() - begun) / 1000 }
}

async function* probeKnn(
  { neighbours }: ProbeEngine,
  { classes, training, test, settings }: ProbeWork,
  folds: Folds,
): Going {
  const say = async ({ features, classOf }: Labelled, queries: Matrix): Promise<Float64Array> => {
    const mean = columnMeans(features)
    // A class of few patches may leave fewer than k.
    const k = Math.min(settings.k, features.rows)
    const found = await neighbours(centredUnit(features, mean), centredUnit(queries, mean), k)
    return voteLogits(votes(found, classOf, classes.length, settings.weighted), k)
  }
  const held = yield* outOfFold(training, classes.length, folds, say)
  const { result, seconds } = await timed(() => say(training, test.features))
  yield
  return {
    test: result,
    held,
    heldClassOf: training.classOf,
    fitted: { k: Math.min(settings.k, training.features.rows) },
    predictSeconds: seconds,
  }
}

async function* probePrototypes(_engine: ProbeEngine, { classes, training, test }: ProbeWork, folds: Folds): Going {
  const fit = ({ features, classOf }: Labelled) => {
    const mean = columnMeans(features)
    const means = classMeans(centredUnit(features, mean), classOf, classes.length)
    return (queries: Matrix) => prototypeLogits(centredUnit(queries, mean), means, classes.length)
  }
  const held = yield* outOfFold(training, classes.length, folds, (fitted, some) => fit(fitted)(some))
  const say = fit(training)
  const { result, seconds } = await timed(() => say(test.features))
  yield
  return { test: result, held, heldClassOf: training.classOf, fitted: {}, predictSeconds: seconds }
}

/**
 * The strength of L2 goes from strong to weak, each fit beginning where the last one ended, as long as weaker is better on
 * the held-out folds. Weaker ones take the longest to fit, and where nothing is gained the stronger is the safer.
 */
async function* probeLinear(_engine: ProbeEngine, { classes, training, test }: ProbeWork, folds: Folds): Going {
  const { length: count } = classes
  const parts = Array.from({ length: folds.folds }, (_, fold) => {
    const { held, fitted } = sidesOf(folds, fold)
    const own = labelledRows(training, fitted)
    const scaling = standardisationOf(own.features)
    const at: LinearParameters = new Float64Array(count * (training.features.columns + 1))
    return {
      held,
      features: standardised(own.features, scaling),
      classOf: own.classOf,
      heldFeatures: standardised(rowsOf(training.features, held), scaling),
      at,
    }
  })
  let best: { lambda: number; loss: number; logits: Float64Array } | null = null
  for (const lambda of LAMBDAS) {
    const logits = new Float64Array(training.features.rows * count)
    for (const part of parts) {
      part.at = fitLogistic(part.features, part.classOf, count, lambda, ROUGHLY, part.at).at
      const found = linearLogits(part.heldFeatures, part.at, count)
      for (const [place, row] of part.held.entries())
        logits.set(found.subarray(place * count, (place + 1) * count), row * count)
      yield
      await breathe()
    }
    const loss = crossEntropy(logits, training.classOf, count)
    if (best && loss > best.loss - WORTH_IT) break
    best = { lambda, loss, logits }
  }
  if (!best) throw new Error('No strength of L2 was tried.')
  const scaling = standardisationOf(training.features)
  const features = standardised(training.features, scaling)
  const fitted = fitLogistic(features, training.classOf, count, best.lambda, EXACTLY)
  const { at, gradientNorm, iterations, converged } = fitted
  if (!converged)
    throw tesseraError(
      'PROBE_NOT_POSSIBLE',
      `The linear probe did not converge: its gradient is ${gradientNorm} after ${iterations} iterations, ${EXACTLY.gradientNorm} was expected. Are there features that are far larger than the others?`,
      { reason: `gradient ${gradientNorm}` },
    )
  const { result, seconds } = await timed(() => linearLogits(standardised(test.features, scaling), at, count))
  yield
  return {
    test: result,
    held: best.logits,
    heldClassOf: training.classOf,
    fitted: { l2: best.lambda, iterations, gradientNorm },
    predictSeconds: seconds,
  }
}

async function* probeMlp(
  { backend }: ProbeEngine,
  { classes, training, test, settings }: ProbeWork,
  folds: Folds,
): Going {
  const { length: count } = classes
  const shape = { classes: count, seed: settings.seed }
  const sides = sidesOf(folds, 0)
  const fitted = labelledRows(training, sides.fitted)
  const held = labelledRows(training, sides.held)
  const looked = standardisationOf(fitted.features)
  const heldFeatures = standardised(held.features, looked)
  const search = await trainMlp(backend, standardised(fitted.features, looked), fitted.classOf, shape)
  let best: { rounds: number; loss: number; logits: Float64Array } = {
    rounds: 0,
    loss: Infinity,
    logits: new Float64Array(),
  }
  try {
    for (let rounds = 1; rounds <= MLP.rounds; rounds++) {
      await search.round()
      const logits = await search.logits(heldFeatures)
      const loss = crossEntropy(logits, held.classOf, count)
      if (loss < best.loss) best = { rounds, loss, logits }
      yield
    }
  } finally {
    await search.dispose()
  }
  if (best.rounds === 0)
    throw tesseraError(
      'TRAINING_DIVERGED',
      'The small network on the features gives no numbers. Its features may be far too large.',
      {
        step: 0,
        loss: 'NaN',
      },
    )
  const scaling = standardisationOf(training.features)
  const whole = await trainMlp(backend, standardised(training.features, scaling), training.classOf, shape)
  try {
    for (let round = 1; round <= best.rounds; round++) {
      await whole.round()
      yield
    }
    const { result, seconds } = await timed(() => whole.logits(standardised(test.features, scaling)))
    return {
      test: result,
      held: best.logits,
      heldClassOf: held.classOf,
      fitted: { hidden: MLP.hidden, steps: best.rounds * whole.steps },
      predictSeconds: seconds,
    }
  } finally {
    await whole.dispose()
  }
}
