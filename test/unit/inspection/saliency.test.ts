/**
 * Saliency maps of a trained network are checked as maps should be: they depend on what was learned (Adebayo et al., Sanity
 * Checks for Saliency Maps, NeurIPS 2018), and what they mark matters to the answer more than what they do not.
 */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { SaliencyMap, SaliencyMethod } from '../../../src-shared/inspection.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { inMemory } from '../../../src-main/features/pixelFile.ts'
import { inspectionServer } from '../../../src-main/host/inspectionServer.ts'
import { withSquare } from '../../../src-main/inspection/occlusion.ts'
import { openInspection } from '../../../src-main/nn/backendInspection.ts'
import { forwardModel } from '../../../src-main/nn/graph/forwardGraph.ts'
import { parameterLayout, type Weights } from '../../../src-main/nn/graph/parameters.ts'
import { initialWeights } from '../../../src-main/nn/initialise.ts'
import type { OpenInspectionId } from '../../../src-main/nn/inspectionContract.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import type { LabelledPixels } from '../../../src-main/training/batches.ts'
import { modelCheckpoint } from '../../../src-main/training/checkpoint.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterAll } from 'vitest'
import { network } from '../nn/randomNetworks.ts'
import { anOrder, runTraining } from '../training/trainingBench.ts'

const EDGE = 24
const SHAPE = { channels: 3, height: EDGE, width: EDGE } as const
const BYTES = 3 * EDGE * EDGE
const RADIUS = 4

const net = network(
  'discs',
  [3, EDGE, EDGE],
  [
    { kind: 'convolution', id: 'c1', filters: 8, kernel: 3, padding: 1, bias: false },
    { kind: 'batch-norm', id: 'b1' },
    { kind: 'relu', id: 'r1' },
    { kind: 'max-pool', id: 'p1', kernel: 2, stride: 2 },
    { kind: 'convolution', id: 'c2', filters: 12, kernel: 3, padding: 1, bias: false },
    { kind: 'batch-norm', id: 'b2' },
    { kind: 'relu', id: 'r2' },
    { kind: 'global-average-pool', id: 'mean' },
    { kind: 'dense', id: 'classes', units: 2 },
  ],
)

/** Pink with noise; every second one has a dark disc somewhere, and is of class 1. */
function discs(count: number, seed: number): LabelledPixels {
  const random = seeded(seed, 17)
  const pixels = new Uint8Array(count * BYTES)
  const classOf = Uint16Array.from({ length: count }, (_, patch) => patch % 2)
  for (const [patch, of] of classOf.entries()) {
    const [y, x] = [random.between(RADIUS, EDGE - RADIUS), random.between(RADIUS, EDGE - RADIUS)]
    for (let at = 0; at < BYTES; at++) {
      const [row, column] = [Math.floor(at / 3 / EDGE), Math.floor(at / 3) % EDGE]
      const inDisc = of === 1 && Math.hypot(row - y, column - x) <= RADIUS
      const base = (inDisc ? [110, 70, 140] : [225, 160, 200])[at % 3]!
      pixels[patch * BYTES + at] = Math.min(255, Math.max(0, base + 25 * random.normal()))
    }
  }
  return { pixels: inMemory(pixels, count, SHAPE), classOf }
}

const folder = mkdtempSync(path.join(tmpdir(), 'tessera-saliency-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const server = inspectionServer(1)
let trained: { weights: Weights; normalisation: { mean: number[]; std: number[] } }
let learned: OpenInspectionId
/** Patches with a disc, not seen in training; a file for each. */
const shown = discs(16, 99)
const withDisc = [...shown.classOf.keys()].filter((patch) => shown.classOf[patch] === 1)
const fileOf = (patch: number): string => path.join(folder, `${patch}.pixels`)

async function inspected(name: string, weights: Weights): Promise<OpenInspectionId> {
  const file = path.join(folder, `${name}.onnx`)
  writeFileSync(file, forwardModel(net, weights))
  const { normalisation } = trained
  const order = { file, member: 0, description: net, normalisation, input: net.input, answer: null }
  return (await server.calls['engine.inspect'](order)).inspection
}

async function mapOf(inspection: OpenInspectionId, patch: number, method: SaliencyMethod): Promise<SaliencyMap> {
  const order = { inspection, pixels: fileOf(patch), method, class: 1, layer: null, square: 6, step: 2 }
  for await (const news of server.streams['engine.saliency'](order, new AbortController().signal))
    if (news.kind === 'map') return news
  throw new Error('no map came')
}

/** The value of a map at a px of the patch. */
const valueAt = ({ height, width, values }: SaliencyMap, row: number, column: number): number =>
  values[Math.floor((row * height) / EDGE) * width + Math.floor((column * width) / EDGE)]!

/** Correlation of two maps of one size by the ranks of their values (Spearman). */
function rankCorrelation(a: Float32Array, b: Float32Array): number {
  const ranks = (values: Float32Array) => {
    const order = [...values.keys()].toSorted((i, j) => values[i]! - values[j]!)
    const rank = new Float64Array(values.length)
    for (const [place, at] of order.entries()) rank[at] = place
    return rank
  }
  const [ra, rb] = [ranks(a), ranks(b)]
  const mean = (a.length - 1) / 2
  let [ab, aa, bb] = [0, 0, 0]
  for (const [i, x] of ra.entries()) {
    ab += (x - mean) * (rb[i]! - mean)
    aa += (x - mean) ** 2
    bb += (rb[i]! - mean) ** 2
  }
  return ab / Math.sqrt(aa * bb)
}
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

beforeAll(async () => {
  const runs = path.join(folder, 'run')
  const order = anOrder(runs, {
    network: net,
    classes: ['stroma', 'disc'],
    length: { kind: 'steps', steps: 120 },
    learningRate: 0.02,
    batchSize: 16,
    seed: 5,
  })
  await runTraining(order, { training: discs(120, 1), validation: discs(40, 2) })
  const checkpoint = await modelCheckpoint(runs)
  trained = { weights: checkpoint!.weights, normalisation: checkpoint!.normalisation }
  for (const patch of withDisc) writeFileSync(fileOf(patch), shown.pixels.range(patch, 1))
  learned = await inspected('trained', trained.weights)
}, 120_000)

const METHODS = ['occlusion', 'grad-cam', 'gradient-input'] as const

test('the network has learned its task, or its maps would show nothing (training seed 5)', async () => {
  for (const patch of withDisc) {
    const answer = await server.calls['engine.inspectAnswer']({ inspection: learned, pixels: fileOf(patch) })
    expect(answer.answer[1], `patch ${patch}`).toBeGreaterThan(0.8)
  }
})

describe.each(METHODS)('%s', (method) => {
  test('with random weights gives another map: it shows what was learned, not what is in the picture', async () => {
    const layout = parameterLayout(networkShapes(net))
    const correlations = []
    for (const seed of [1, 2, 3]) {
      const random = await inspected(`random ${seed}`, initialWeights(layout, seed))
      for (const patch of withDisc) {
        const [a, b] = [await mapOf(learned, patch, method), await mapOf(random, patch, method)]
        correlations.push(rankCorrelation(a.values, b.values))
      }
    }
    expect(Math.abs(mean(correlations))).toBeLessThan(0.5)
  })

  test('the same weights give the same map', async () => {
    const again = await inspected('again', trained.weights)
    const [a, b] = [await mapOf(learned, withDisc[0]!, method), await mapOf(again, withDisc[0]!, method)]
    expect(rankCorrelation(a.values, b.values)).toBeGreaterThan(0.999)
  })

  test('covering what it marks lowers the probability more than covering other parts (patch seed 99)', async () => {
    const network_ = await openInspection(
      {
        file: path.join(folder, 'trained.onnx'),
        member: 0,
        description: net,
        normalisation: trained.normalisation,
        input: net.input,
        answer: null,
      },
      1,
    )
    const SQUARE = 8
    const drops = { marked: [] as number[], elsewhere: [] as number[] }
    for (const patch of withDisc) {
      const map = await mapOf(learned, patch, method)
      const pixels = shown.pixels.range(patch, 1)
      const { mean: centre, std } = trained.normalisation
      const input = Float32Array.from({ length: BYTES }, (_, at) => {
        const [channel, place] = [Math.floor(at / EDGE ** 2), at % EDGE ** 2]
        return (pixels[3 * place + channel]! / 255 - centre[channel]!) / std[channel]!
      })
      const whole = (await network_.answer(input, 1))[1]!
      const squares = []
      for (let top = 0; top <= EDGE - SQUARE; top += 4)
        for (let left = 0; left <= EDGE - SQUARE; left += 4) {
          let marked = 0
          for (let row = top; row < top + SQUARE; row++)
            for (let column = left; column < left + SQUARE; column++) marked += valueAt(map, row, column)
          const covered = withSquare(input, [3, EDGE, EDGE], { top, left }, SQUARE)
          squares.push({ marked, drop: whole - (await network_.answer(covered, 1))[1]! })
        }
      squares.sort((a, b) => b.marked - a.marked)
      drops.marked.push(squares[0]!.drop)
      drops.elsewhere.push(mean(squares.slice(1).map(({ drop }) => drop)))
    }
    await network_.dispose()
    for (const [i, drop] of drops.marked.entries())
      expect(drop, `patch ${withDisc[i]}`).toBeGreaterThan(drops.elsewhere[i]!)
    expect(mean(drops.marked)).toBeGreaterThan(3 * Math.max(0.01, mean(drops.elsewhere)))
  })
})

test('occlusion can be left in the middle', async () => {
  const stop = new AbortController()
  const order = {
    inspection: learned,
    pixels: fileOf(withDisc[0]!),
    class: 1,
    layer: null,
    square: 3,
    step: 1,
  } as const
  const kinds = []
  for await (const { kind } of server.streams['engine.saliency']({ ...order, method: 'occlusion' }, stop.signal)) {
    kinds.push(kind)
    stop.abort()
  }
  expect(kinds).toEqual(['progress'])
})
