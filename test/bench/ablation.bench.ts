/**
 * What matters when a network learns tissue: the same short training many times, each with one thing changed, measured on
 * slides it has not seen and on the same patches in other colours (otherColours.ts). One seed each: differences of a point
 * are noise.
 *
 * `npm run bench -- ablation --data=FOLDER`: a folder with `train` and `valid`, each with a folder for each class, as of
 * PatchCamelyon. --only=WORD: rows whose name begins so. An hour and a half on two cores.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { presetNetwork } from '../../src-main/models/presets.ts'
import { emptyStack } from '../../src-main/models/presets/stack.ts'
import type { Layer, LayerInput } from '../../src-shared/networks.ts'
import type { Evaluation } from '../../src-shared/evaluation.ts'
import { options } from './bench.ts'
import { inOtherColours } from './otherColours.ts'

const STEPS = 1000
const COLOUR_SEED = 1
const EDGE = 96

const data = process.argv.find((word) => word.startsWith('--data='))?.slice('--data='.length)
if (!data) throw new Error('Say where the patches are: --data=FOLDER, with “train” and “valid” in it.')

const tesseraS = () => presetNetwork('tessera-s', 3, EDGE, 2).layers

/** Group norm where the network has batch norm. */
const groupNorm = (layers: readonly Layer[]): LayerInput[] =>
  layers.map((layer) =>
    layer.kind === 'batch-norm' ? { kind: 'group-norm', id: layer.id, inputs: layer.inputs, groups: 8 } : layer,
  )

/** The mean over a third of the map at a time instead of over all of it: the dense layer then knows what is in the middle. */
function meanOfNinths(layers: readonly Layer[]): LayerInput[] {
  return layers.flatMap((layer): LayerInput[] =>
    layer.kind === 'global-average-pool'
      ? [
          { kind: 'average-pool', id: 'ninths', inputs: layer.inputs, kernel: 4, stride: 4 },
          { kind: 'flatten', id: layer.id },
        ]
      : [layer],
  )
}

/** Residual blocks of group convolutions over p4m, with about the multiply-adds of Tessera S: an eighth of its weights. */
function equivariant(): LayerInput[] {
  const stack = emptyStack()
  const fields = [3, 6, 12]
  const convolve = (id: string, filters: number, kernel: number, from = stack.last()): string => {
    const padding = (kernel - 1) >> 1
    stack.add({ kind: 'group-convolution', id, group: 'p4m', filters, kernel, padding, bias: false, inputs: [from] })
    return stack.add({ kind: 'batch-norm', id: `${id}_norm`, orientations: 8 })
  }
  const bend = (id: string) => stack.add({ kind: 'relu', id: `${id}_relu` })
  const halve = (id: string) => stack.add({ kind: 'average-pool', id, kernel: 2, stride: 2 })
  convolve('stem', fields[0]!, 3)
  bend('stem')
  halve('stem_pool')
  for (const [stage, width] of fields.entries()) {
    if (stage > 0) halve(`stage${stage + 1}_pool`)
    for (let block = 1; block <= [1, 2, 1][stage]!; block++) {
      const name = `stage${stage + 1}_${block}`
      const from = stack.last()
      const shortcut = stage > 0 && block === 1 ? convolve(`${name}_shortcut`, width, 1, from) : from
      convolve(`${name}_a`, width, 3, from)
      bend(`${name}_a`)
      const learned = convolve(`${name}_b`, width, 3)
      stack.add({ kind: 'add', id: `${name}_sum`, inputs: [shortcut, learned] })
      bend(name)
    }
  }
  stack.add({ kind: 'orientation-pool', id: 'orientations', take: 'mean' })
  stack.add({ kind: 'global-average-pool', id: 'mean' })
  stack.add({ kind: 'dropout', id: 'dropout', rate: 0.1 })
  stack.add({ kind: 'dense', id: 'classes', units: 2 })
  return stack.layers
}

type Row = { name: string; what: string; layers?: () => readonly LayerInput[]; flags?: string[] }
const rows: Row[] = [
  { name: 'base', what: 'Tessera S: D4, stain 0.05, colour 0.15, AdamW, cosine' },
  { name: 'no-augmentation', what: 'no augmentation', flags: ['--no-flips', '--no-turns', '--stain=0', '--colour=0'] },
  { name: 'd4-only', what: 'D4 only, colours as they are', flags: ['--stain=0', '--colour=0'] },
  { name: 'strong-colour', what: 'stain 0.15, colour 0.25', flags: ['--stain=0.15', '--colour=0.25'] },
  { name: 'strongest-colour', what: 'stain 0.3, colour 0.4', flags: ['--stain=0.3', '--colour=0.4'] },
  { name: 'equivariant', what: 'p4m group convolutions, as many multiply-adds', layers: equivariant },
  { name: 'group-norm', what: 'group norm for batch norm', layers: () => groupNorm(tesseraS()) },
  { name: 'ninths', what: 'mean of ninths for the mean of the map', layers: () => meanOfNinths(tesseraS()) },
  { name: 'constant', what: 'constant rate for cosine', flags: ['--schedule=constant'] },
  { name: 'average', what: 'moving average of the weights, 0.995', flags: ['--average=0.995'] },
]

const folder = mkdtempSync(path.join(tmpdir(), 'tessera-ablation-'))
const recoloured = path.join(folder, 'other-colours')
await inOtherColours(path.join(data, 'valid'), recoloured, COLOUR_SEED)

try {
  const chosen = rows.filter(({ name }) => name.startsWith(options.only))
  for (const { name, what, layers, flags = [] } of chosen) {
    const model = path.join(folder, `${name}.onnx`)
    const file = path.join(folder, `${name}.json`)
    const network = layers?.() ?? tesseraS()
    writeFileSync(file, JSON.stringify({ name: what, input: [3, EDGE, EDGE], layers: network }))
    const patches = ['--folder', path.join(data, 'train'), '--validation', path.join(data, 'valid')]
    const how = ['--network-file', file, '--steps', String(STEPS), ...flags]
    const { validation } = tessera<{ validation: Evaluation }>('train', [...patches, ...how, '--model', model])
    const other = tessera<Evaluation>('evaluate', ['--model', model, '--folder', recoloured])
    const figures = [validation, other].map(
      ({ accuracy, auc }) => `${(100 * accuracy).toFixed(1)} % | ${auc?.toFixed(3) ?? '–'}`,
    )
    console.log(`| ${name} | ${what} | ${figures.join(' | ')} |`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Runs a command of the program and reads the object it prints. */
function tessera<T>(command: string, args: readonly string[]): T {
  const program = path.resolve(import.meta.dirname, '../../src-main/cli.ts')
  const result = spawnSync(process.execPath, [program, command, ...args, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (result.status !== 0) throw new Error(`tessera ${command} ended with ${result.status ?? result.signal}.`)
  return JSON.parse(result.stdout) as T
}
