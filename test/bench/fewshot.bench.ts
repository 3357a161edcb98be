/**
 * How few labels are enough: classifiers on features of an encoder that were extracted once, fitted on 5, 10, 20, 50 and 100
 * patches of each class, 20 draws each, and on all patches; measured on patches of other slides.
 *
 * `npm run bench -- fewshot --data=FOLDER`: a folder with `train` and `valid`, each with a folder for each class, as of
 * PatchCamelyon. --encoder=NAME (default: embedded). --features=FOLDER keeps the features and takes them from there the
 * next time. With n labels of each class min(n, 20) neighbours vote: with 20 of 10 patches all would.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { File, ready } from 'h5wasm/node'
import { readFeatureH5 } from '../../src-main/features/featureH5.ts'
import { onnxBackend } from '../../src-main/nn/backendOnnx.ts'
import { nearestRows } from '../../src-main/nn/backendSearch.ts'
import { ENGINE_THREADS } from '../../src-main/nn/engineFacts.ts'
import { seeded, shuffled } from '../../src-main/nn/random.ts'
import type { FindNeighbours } from '../../src-main/probes/knn.ts'
import { rowsOf } from '../../src-main/probes/matrix.ts'
import { type Labelled, runProbes } from '../../src-main/probes/runProbes.ts'
import { ProbeName, type ProbeResult } from '../../src-shared/probes.ts'
import { options } from './bench.ts'

const LABELS = [5, 10, 20, 50, 100]
const DRAWS = 20
const MOST_NEIGHBOURS = 20

const flag = (name: string): string | undefined =>
  process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
const data = flag('data')
if (data === undefined) throw new Error('Say where the patches are: --data=FOLDER, with “train” and “valid” in it.')
const encoder = flag('encoder') ?? 'embedded'
const kept = flag('features')
const folder = kept ?? mkdtempSync(path.join(tmpdir(), 'tessera-fewshot-'))

function extracted(side: 'train' | 'valid'): string {
  const file = path.join(folder, `${encoder}-${side}.h5`)
  if (existsSync(file)) return file
  const program = path.resolve(import.meta.dirname, '../../out/main/cli.js')
  const words = ['features', 'extract', '--encoder', encoder, '--folder', path.join(data!, side), '--out', file]
  const result = spawnSync(process.execPath, [program, ...words], { stdio: ['ignore', 'ignore', 'inherit'] })
  if (result.status !== 0) throw new Error(`tessera features extract ended with ${result.status ?? result.signal}.`)
  return file
}

type Side = Labelled & { names: string[] }

async function sideOf(side: 'train' | 'valid'): Promise<Side> {
  const file = extracted(side)
  const { features, patches, dimensions } = await readFeatureH5(file)
  await ready
  const h5 = new File(file, 'r')
  const labels = (h5.get('labels') as unknown as { value: string[] }).value
  h5.close()
  const names = [...new Set(labels)].toSorted()
  return {
    features: { values: features, rows: patches, columns: dimensions },
    classOf: Uint16Array.from(labels, (label) => names.indexOf(label)),
    names,
  }
}

/** So many of each class, at random. */
function drawn({ features, classOf, names }: Side, each: number, seed: number): Labelled {
  const rows = names.flatMap((_, c) => {
    const members = [...classOf.keys()].filter((row) => classOf[row] === c)
    return [...shuffled(members.length, seeded(seed, c)).subarray(0, each)].map((place) => members[place]!)
  })
  return { features: rowsOf(features, rows), classOf: Uint16Array.from(rows, (row) => classOf[row]!) }
}

const engine = {
  backend: onnxBackend(1),
  neighbours: (...[base, queries, k]: Parameters<FindNeighbours>) => nearestRows(base, queries, k, ENGINE_THREADS),
}

async function probed(training: Labelled, test: Side, k: number, seed: number): Promise<ProbeResult[]> {
  const work = {
    classes: test.names,
    training: { ...training, groupOf: null },
    test,
    settings: { k, weighted: false, seed },
  }
  const results: ProbeResult[] = []
  for await (const news of runProbes(engine, work, new AbortController().signal))
    if (news.kind === 'result') results.push(news.result)
  return results
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const deviation = (values: readonly number[]) => {
  const middle = mean(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1))
}
const percent = (share: number) => (100 * share).toFixed(1)

try {
  const [train, valid] = [await sideOf('train'), await sideOf('valid')]
  if (train.names.join() !== valid.names.join())
    throw new Error(`“train” has the classes ${train.names.join()}, “valid” ${valid.names.join()}.`)
  const rows = []
  for (const each of LABELS) {
    const found: ProbeResult[][] = []
    for (let seed = 1; seed <= DRAWS; seed++)
      found.push(await probed(drawn(train, each, seed), valid, Math.min(each, MOST_NEIGHBOURS), seed))
    const probes = ProbeName.options.map((probe) => {
      const own = found.map((results) => results.find((result) => result.probe === probe)!.evaluation)
      const accuracies = own.map(({ accuracy }) => accuracy)
      const auc = mean(own.map((evaluation) => evaluation.auc!))
      return { probe, accuracy: mean(accuracies), accuracyDeviation: deviation(accuracies), auc }
    })
    rows.push({ labels: each, probes })
  }
  const all = await probed(train, valid, MOST_NEIGHBOURS, 1)
  if (options.json) console.log(JSON.stringify({ name: 'fewshot', encoder, draws: DRAWS, rows, all }))
  else {
    console.log(`| labels of each class | ${ProbeName.options.join(' | ')} |`)
    for (const row of rows) {
      const cells = row.probes.map(
        ({ accuracy, accuracyDeviation, auc }) =>
          `${percent(accuracy)} ± ${percent(accuracyDeviation)}, ${auc.toFixed(3)}`,
      )
      console.log(`| ${row.labels} | ${cells.join(' | ')} |`)
    }
    for (const { probe, evaluation, logLoss, temperature, fitted, seconds } of all) {
      const { accuracy, accuracyInterval, auc, aucInterval } = evaluation
      console.log(
        `| all: ${probe} ${JSON.stringify(fitted)} | ${percent(accuracy)} % (${accuracyInterval.map(percent).join(' to ')}) | ${auc!.toFixed(3)} (${aucInterval!.map((value) => value.toFixed(3)).join(' to ')}) | ${logLoss.toFixed(3)} at ${temperature.toFixed(2)} | ${seconds.fit.toFixed(0)} s |`,
      )
    }
  }
} finally {
  if (kept === undefined) rmSync(folder, { recursive: true, force: true })
}
