/**
 * Lays a fuzzy graph out in the plane: neighbours pull each other, patches met by chance push each other away.
 *
 *   φ(d) = 1 / (1 + a d^{2b})      pull: ∇ log φ      push: ∇ log(1 − φ), with 0.001 added to d² where it would be 0
 *
 * An edge is met as often as its weight says, the surest in every round; each time, NEGATIVES others push. Steps shrink
 * from 1 to 0 over the rounds. Same graph, start and seed: same layout, number by number.
 *
 * @see McInnes, Healy, Melville, UMAP, arXiv:1802.03426 (2018), algorithm 5, and umap-learn's layouts.py
 */
import { seeded } from '../../nn/random.ts'
import type { FuzzyGraph } from './fuzzyGraph.ts'

/** Least squares fit of φ to a curve that is 1 up to a distance of 0.1 and falls as exp(−(d − 0.1)) after it. */
export const CURVE = { a: 1.5769434603113077, b: 0.8950608779109733 } as const

const NEGATIVES = 5
/** No step along an axis is longer. */
const LONGEST = 4

/** As umap-learn chooses them. */
export const roundsFor = (points: number): number => (points <= 10_000 ? 500 : 200)

/**
 * @param positions [point, 2], changed in place
 * @yields rounds done, after each
 */
export function* layOut(graph: FuzzyGraph, positions: Float32Array, rounds: number, seed: number): Generator<number> {
  const { a, b } = CURVE
  const points = positions.length / 2
  const random = seeded(seed)
  let surest = 0
  for (const each of graph.weight) surest = Math.max(surest, each)
  // What would be met less than once is left out.
  const kept = Uint32Array.from(
    (function* () {
      for (let i = 0; i < graph.weight.length; i++) if (graph.weight[i]! >= surest / rounds) yield i
    })(),
  )
  // Each pair is met from both ends: whoever is first is pushed by the others.
  const edges = kept.length * 2
  const head = new Uint32Array(edges)
  const tail = new Uint32Array(edges)
  const every = new Float64Array(edges)
  for (const [place, i] of kept.entries()) {
    head[2 * place] = tail[2 * place + 1] = graph.from[i]!
    tail[2 * place] = head[2 * place + 1] = graph.to[i]!
    every[2 * place] = every[2 * place + 1] = surest / graph.weight[i]!
  }
  const next = every.slice()
  const nextPush = every.map((each) => each / NEGATIVES)

  for (let round = 0; round < rounds; round++) {
    const step = 1 - round / rounds
    for (let edge = 0; edge < edges; edge++) {
      if (next[edge]! > round) continue
      const one = 2 * head[edge]!
      const other = 2 * tail[edge]!
      let x = positions[one]!
      let y = positions[one + 1]!
      let dx = x - positions[other]!
      let dy = y - positions[other + 1]!
      let squared = dx * dx + dy * dy
      if (squared > 0) {
        const power = Math.pow(squared, b)
        const pull = (-2 * a * b * power) / (squared * (1 + a * power))
        const alongX = step * limited(pull * dx)
        const alongY = step * limited(pull * dy)
        x += alongX
        y += alongY
        positions[other]! -= alongX
        positions[other + 1]! -= alongY
      }
      next[edge]! += every[edge]!

      const pushes = Math.floor(((round - nextPush[edge]!) * NEGATIVES) / every[edge]!)
      for (let i = 0; i < pushes; i++) {
        const stranger = 2 * random.below(points)
        if (stranger === one) continue
        dx = x - positions[stranger]!
        dy = y - positions[stranger + 1]!
        squared = dx * dx + dy * dy
        if (squared > 0) {
          const push = (2 * b) / ((0.001 + squared) * (1 + a * Math.pow(squared, b)))
          x += step * limited(push * dx)
          y += step * limited(push * dy)
        }
      }
      nextPush[edge]! += (Math.max(0, pushes) * every[edge]!) / NEGATIVES
      positions[one] = x
      positions[one + 1] = y
    }
    yield round + 1
  }
}

const limited = (step: number): number => (step > LONGEST ? LONGEST : step < -LONGEST ? -LONGEST : step)
