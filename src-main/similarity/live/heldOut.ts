/**
 * How well a live classifier does on labels it has not seen: each group (case, slide or block) of labelled patches is held
 * out in turn and predicted from the labels of all others.
 */
import { MOST_K } from '../../../src-shared/live.ts'
import { sidesOf, type Folds } from '../../probes/folds.ts'
import { voteLogits, voteOf } from '../../probes/knn.ts'
import { linearLogits } from '../../probes/logistic.ts'
import { centredUnit, columnMeans, crossEntropy, type Matrix, rowsOf } from '../../probes/matrix.ts'
import { classMeans, prototypeLogits } from '../../probes/prototypes.ts'
import { shuffled, seeded } from '../../nn/random.ts'
import { fitFolded, type FoldedLinear } from './linearFit.ts'
import { productsWithOne } from './productColumns.ts'
import { areNear, type LiveGroups, type LiveTraining, mostVotes } from './training.ts'

/** Labels that are measured: the products of each with each other are in memory. */
export const MOST_MEASURED = 2000
/** L2 strengths, strongest first. */
export const LIVE_L2 = [1, 1e-1, 1e-2, 1e-3, 1e-4] as const
/** A weaker L2 must lower the held-out cross-entropy by as much, nats. */
const WORTH_IT = 1e-4
/** Squared distance of opposite unit vectors. */
const FARTHEST = 4
const ROUGHLY = { gradientNorm: 3e-4, mostIterations: 300 }

/** Between pieces of work, so that a new label need not wait: throws when there is one. */
export type Breathe = () => Promise<void>

/** Logits of labelled patches, each from labels of other groups; `measured` are their rows. */
export type HeldOut = { measured: Uint32Array; logits: Float64Array }

/** The labelled patches that are measured: all, or MOST_MEASURED drawn at random, with a seed that never changes. */
export function measuredPart(
  training: LiveTraining,
  groups: LiveGroups,
): { training: LiveTraining; groups: LiveGroups } {
  const count = training.keys.length
  if (count <= MOST_MEASURED) return { training, groups }
  const chosen = shuffled(count, seeded(1)).slice(0, MOST_MEASURED).toSorted()
  const { place } = groups
  return {
    training: {
      keys: [...chosen].map((i) => training.keys[i]!),
      features: rowsOf(training.features, chosen),
      classOf: Uint16Array.from(chosen, (i) => training.classOf[i]!),
      classes: training.classes,
    },
    groups: {
      groupOf: Uint32Array.from(chosen, (i) => groups.groupOf[i]!),
      place: place && {
        slideOf: Uint32Array.from(chosen, (i) => place.slideOf[i]!),
        x: Float64Array.from(chosen, (i) => place.x[i]!),
        y: Float64Array.from(chosen, (i) => place.y[i]!),
      },
    },
  }
}

/** [labelled, MOST_K] the nearest labelled patches of other groups, nearest first. */
export type HeldOutNeighbours = {
  /** [labelled] how many of them there are */
  counts: Int32Array
  /** [labelled] how many may vote, see mostVotes */
  most: Int32Array
  index: Int32Array
  product: Float32Array
}

/**
 * By the products of all with all, so that leaving a group out, and with it its share of the mean, is algebra:
 *
 *   x·μ_g = (Σ_j x·y_j − Σ_{j ∈ g} x·y_j) / n_g
 */
export async function heldOutNeighbours(
  { features, classOf, classes }: LiveTraining,
  { groupOf, place }: LiveGroups,
  breathe: Breathe,
): Promise<HeldOutNeighbours> {
  const { rows, columns } = features
  const mean = columnMeans(features)
  const products = new Float64Array(rows * rows)
  const y = new Float64Array(columns)
  const shifted: Matrix = { values: features.values.map((value, at) => value - mean[at % columns]!), rows, columns }
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) y[j] = shifted.values[i * columns + j]!
    const upTo = { ...shifted, rows: i + 1 }
    const own = productsWithOne(upTo, y)
    for (let j = 0; j <= i; j++) products[i * rows + j] = products[j * rows + i] = own[j]!
    if (i % 64 === 63) await breathe()
  }
  const counts = new Int32Array(rows)
  const most = new Int32Array(rows)
  const index = new Int32Array(rows * MOST_K)
  const product = new Float32Array(rows * MOST_K)
  const byGroup = Map.groupBy(groupOf.keys(), (row) => groupOf[row]!)
  const toMean = new Float64Array(rows)
  const all = new Float64Array(rows)
  for (let i = 0; i < rows; i++) for (let j = 0; j < rows; j++) all[i]! += products[i * rows + j]!
  for (const [group, members] of byGroup) {
    const left = rows - members.length
    if (left === 0) continue
    for (let i = 0; i < rows; i++) {
      let sum = all[i]!
      for (const j of members) sum -= products[i * rows + j]!
      toMean[i] = sum / left
    }
    const votes = mostVotes(
      classOf.filter((_, j) => groupOf[j] !== group),
      classes,
    )
    for (const i of members) most[i] = votes
    let meanSquare = 0
    for (let j = 0; j < rows; j++) if (groupOf[j] !== group) meanSquare += toMean[j]! / left
    const lengths = toMean.map((to, j) => Math.sqrt(Math.max(0, products[j * rows + j]! - 2 * to + meanSquare)))
    for (const i of members) {
      const own = lengths[i]!
      const others: { j: number; cosine: number }[] = []
      for (let j = 0; j < rows; j++) {
        if (groupOf[j] === group || areNear(place, i, j)) continue
        const both = own * lengths[j]!
        const cosine = both > 0 ? (products[i * rows + j]! - toMean[i]! - toMean[j]! + meanSquare) / both : 0
        others.push({ j, cosine })
      }
      others.sort((a, b) => b.cosine - a.cosine || a.j - b.j)
      counts[i] = Math.min(MOST_K, others.length)
      for (let n = 0; n < counts[i]; n++) {
        index[i * MOST_K + n] = others[n]!.j
        product[i * MOST_K + n] = others[n]!.cosine
      }
    }
    await breathe()
  }
  return { counts, most, index, product }
}

/** Votes of the k nearest of other groups, as logits; rows without any neighbour are not measured. */
export function heldOutVotes(
  { counts, most, index, product }: HeldOutNeighbours,
  { classOf, classes }: LiveTraining,
  k: number,
  weighted: boolean,
): HeldOut {
  const measured = Uint32Array.from([...counts.keys()].filter((row) => counts[row]! > 0))
  const logits = new Float64Array(measured.length * classes)
  for (const [place, row] of measured.entries()) {
    const votes = new Float64Array(classes)
    const here = Math.min(k, counts[row]!, most[row]!)
    let all = 0
    for (let n = 0; n < here; n++) {
      const at = row * MOST_K + n
      const vote = voteOf(product[at]!, weighted)
      votes[classOf[index[at]!]!]! += vote
      all += vote
    }
    logits.set(
      voteLogits(
        votes.map((vote) => vote / all),
        here,
      ),
      place * classes,
    )
  }
  return { measured, logits }
}

/** Each fold from a nearest class mean that did not see it. */
export async function heldOutPrototypes(
  training: LiveTraining,
  groups: LiveGroups,
  folds: Folds,
  breathe: Breathe,
): Promise<HeldOut> {
  const { classes } = training
  const logits = new Float64Array(training.keys.length * classes)
  for (let fold = 0; fold < folds.folds; fold++) {
    const { held, features, classOf } = part(training, groups, folds, fold)
    const mean = columnMeans(features)
    const means = classMeans(centredUnit(features, mean), classOf, classes)
    const found = prototypeLogits(centredUnit(rowsOf(training.features, held), mean), means, classes)
    // A class of which nothing is left to fit on is as far away as a unit vector can be.
    const known = found.map((logit) => (Number.isNaN(logit) ? -FARTHEST : logit))
    place(known, held, classes, logits)
    await breathe()
  }
  return { measured: Uint32Array.from(training.keys.keys()), logits }
}

/** One strength of L2 after the other, from strong to weak, as long as weaker is better on what is held out. */
export async function* heldOutLinear(
  training: LiveTraining,
  groups: LiveGroups,
  folds: Folds,
  strengths: readonly number[],
  breathe: Breathe,
): AsyncGenerator<HeldOut & { l2: number; loss: number }> {
  const { classes } = training
  const parts = Array.from({ length: folds.folds }, (_, fold) => part(training, groups, folds, fold))
  const fits: (FoldedLinear | null)[] = parts.map(() => null)
  let least = Infinity
  for (const l2 of strengths) {
    const logits = new Float64Array(training.keys.length * classes)
    for (const [i, { held, features, classOf }] of parts.entries()) {
      const fit = (fits[i] = fitFolded(features, classOf, classes, l2, fits[i]!, ROUGHLY))
      place(foldedLogits(rowsOf(training.features, held), fit), held, classes, logits)
      await breathe()
    }
    const loss = crossEntropy(logits, training.classOf, classes)
    yield { l2, loss, logits, measured: Uint32Array.from(training.keys.keys()) }
    if (loss > least - WORTH_IT) return
    least = loss
  }
}

/** logits [row, class] of raw features. */
export function foldedLogits(rows: Matrix, { weights, biases, columns, classes }: FoldedLinear): Float64Array {
  const parameters = new Float64Array(classes * (columns + 1))
  for (let c = 0; c < classes; c++) {
    parameters.set(weights.subarray(c * columns, (c + 1) * columns), c * (columns + 1))
    parameters[c * (columns + 1) + columns] = biases[c]!
  }
  return linearLogits(rows, parameters, classes)
}

/** What is held out in a fold, and what is fitted on: nothing that lies beside what is held out. */
function part({ features, classOf }: LiveTraining, { place: at }: LiveGroups, folds: Folds, fold: number) {
  const { held, fitted } = sidesOf(folds, fold)
  const kept = at ? fitted.filter((row) => !held.some((other) => areNear(at, row, other))) : fitted
  return { held, features: rowsOf(features, kept), classOf: Uint16Array.from(kept, (row) => classOf[row]!) }
}

function place(found: Float64Array, rows: Uint32Array, classes: number, into: Float64Array): void {
  for (const [i, row] of rows.entries()) into.set(found.subarray(i * classes, (i + 1) * classes), row * classes)
}

/** Share of the measured patches whose class has the largest logit; the first of equals. */
export function heldOutAccuracy({ measured, logits }: HeldOut, { classOf, classes }: LiveTraining): number {
  let right = 0
  for (const [i, row] of measured.entries()) {
    let best = 0
    for (let c = 1; c < classes; c++) if (logits[i * classes + c]! > logits[i * classes + best]!) best = c
    if (best === classOf[row]) right++
  }
  return right / measured.length
}
