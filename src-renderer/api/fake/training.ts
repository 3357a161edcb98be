/** Made-up training: curves that look like learning, figures with intervals, a card. */
import type { Api } from '../../../src-shared/api.ts'
import { RESEARCH_NOTICE } from '../../../src-shared/app.ts'
import type { Evaluation } from '../../../src-shared/evaluation.ts'
import type { PatchClass } from '../../../src-shared/labels.ts'
import type { Model, ModelCard, SplitSummary } from '../../../src-shared/models.ts'
import { NetworkDescription, type LayerInput } from '../../../src-shared/networks.ts'
import type { Grid } from '../../../src-shared/patches.ts'
import { Recipe } from '../../../src-shared/recipe.ts'
import type {
  HeldOutPatches,
  RateSearchNews,
  TrainingPlan,
  TrainingPoint,
  TrainingRun,
  TrainingSettings,
} from '../../../src-shared/training.ts'
import { presetUsed } from '../../../src-shared/trainingPresets.ts'
import type { CallInput, CallOutput } from '../../../src-shared/wire/contract.ts'
import { chance, newId } from './ids.ts'
import { networks, usableNetwork } from './networks.ts'

export const STEPS = 240

export interface Labelled {
  /** per chosen class */
  counts: number[]
  slides: number
  grid: Grid | undefined
}

export function planOf(settings: TrainingSettings, chosen: readonly PatchClass[], labelled: Labelled): TrainingPlan {
  const { counts, slides, grid } = labelled
  const enough = counts.filter((count) => count >= 10).length >= 2
  const held = counts.map((count) => Math.round(count * 0.2))
  const split: SplitSummary = {
    rule: settings.validation.kind === 'none' ? 'none' : slides > 1 ? 'slide' : 'blocks',
    sentence:
      slides > 1
        ? 'Held out by slide: no slide gives both training and held-out patches. Cases are not known.'
        : 'All labels lie on one slide, so blocks of it are held out with a gap of one patch between.',
    training: {
      patches: total(counts) - total(held),
      perClass: counts.map((n, i) => n - held[i]!),
      slides,
      cases: slides,
    },
    validation: { patches: total(held), perClass: held, slides: 1, cases: 1 },
    leftOut: slides > 1 ? 0 : 7,
  }
  return {
    ready: enough,
    reasons: enough
      ? []
      : [
          `Label 10 patches of two classes to train: ${chosen.map((each, i) => `${counts[i]} ${each.name}`).join(', ')} so far.`,
        ],
    warnings: enough && total(held) < 50 ? [`Only ${total(held)} patches are held out: the figures will be wide.`] : [],
    classNames: chosen.map((each) => each.name),
    split: enough ? split : null,
    edgePx: grid?.params.edgePx ?? null,
    mpp: grid?.params.mpp ?? null,
    data: grid ? 'tissue' : null,
    networks,
  }
}

const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0)

export function runOf(settings: TrainingSettings, plan: TrainingPlan, job: TrainingRun['job']): TrainingRun {
  return {
    id: newId(),
    job,
    settings,
    classNames: plan.classNames,
    split: plan.split!,
    steps: STEPS,
    stepsPerEpoch: 12,
    model: null,
    heldOutKept: false,
    fault: null,
    createdAt: Date.now(),
  }
}

/** The points between two steps. */
export function pointsOf(run: TrainingRun, from: number, to: number): TrainingPoint[] {
  const points: TrainingPoint[] = []
  const noise = (step: number, k: number) => (chance(step, k) - 0.5) * 0.08
  for (let step = from + 1; step <= to; step++) {
    const learned = 1 - Math.exp(-step / 60)
    if (step % 4 === 0)
      points.push({
        kind: 'training',
        step,
        epoch: step / run.stepsPerEpoch,
        loss: 0.72 - 0.56 * learned + noise(step, 1),
        accuracy: 0.52 + 0.42 * learned + noise(step, 2) / 2,
        learningRate: 0.002 * (1 - step / STEPS),
        imagesPerSecond: 214 + 20 * noise(step, 3),
      })
    if (step % 24 === 0)
      points.push({
        kind: 'validation',
        step,
        epoch: step / run.stepsPerEpoch,
        loss: 0.71 - 0.42 * learned + 0.12 * Math.max(0, step / STEPS - 0.6) + noise(step, 4),
        evaluation: evaluationOf(run, 0.52 + 0.35 * learned - 0.03 * Math.max(0, step / STEPS - 0.6)),
        best: step <= 168,
      })
  }
  return points
}

function evaluationOf(run: TrainingRun, right: number): Evaluation {
  const classes = run.classNames
  const truth = run.split.validation.perClass
  const confusion = truth.map((n, i) => {
    const hits = Math.round(n * Math.min(0.99, right + (i % 3) * 0.02))
    const row = classes.map((_, k) => (k === i ? hits : Math.floor((n - hits) / Math.max(1, classes.length - 1))))
    row[(i + 1) % classes.length]! += n - total(row)
    return row
  })
  const n = total(truth)
  const accuracy = n === 0 ? 0 : confusion.reduce((sum, row, i) => sum + row[i]!, 0) / n
  const spread = 1.96 * Math.sqrt((accuracy * (1 - accuracy)) / Math.max(1, n))
  const around = (value: number): [number, number] => [Math.max(0, value - spread), Math.min(1, value + spread)]
  return {
    n,
    classes,
    accuracy,
    accuracyInterval: around(accuracy),
    balancedAccuracy: accuracy - 0.01,
    balancedAccuracyInterval: around(accuracy - 0.01),
    auc: Math.min(0.99, accuracy + 0.05),
    aucInterval: around(Math.min(0.97, accuracy + 0.05)),
    confusion,
    majorityBaseline: Math.max(...truth) / Math.max(1, n),
  }
}

/** The figures of the step that is kept. */
function bestOf(run: TrainingRun): Evaluation {
  const best = pointsOf(run, 0, STEPS).findLast((point) => point.kind === 'validation' && point.best)
  return best?.kind === 'validation' ? best.evaluation : evaluationOf(run, 0.86)
}

/** Patches of one source that make the matrix of a figure, one cell after the other. */
export function heldOutOf(source: HeldOutPatches['source'], { confusion, n }: Evaluation): HeldOutPatches {
  const classes = confusion.length
  const probabilities = new Float32Array(n * classes)
  const truth = new Uint16Array(n)
  let row = 0
  for (const [of, counts] of confusion.entries())
    for (const [predicted, count] of counts.entries())
      for (let i = 0; i < count; i++, row++) {
        truth[row] = of
        const sure = 0.55 + 0.44 * chance(row, 5)
        for (let k = 0; k < classes; k++)
          probabilities[row * classes + k] = k === predicted ? sure : (1 - sure) / (classes - 1)
      }
  return { source, patch: Uint32Array.from({ length: n }, (_, i) => 3 * i), truth, probabilities }
}

const layers: LayerInput[] = [1, 2, 3].flatMap((block): LayerInput[] => [
  { kind: 'convolution', id: `conv${block}`, filters: 16 * 2 ** block, kernel: 3, stride: 1, padding: 1, bias: false },
  { kind: 'batch-norm', id: `norm${block}`, epsilon: 1e-5 },
  { kind: 'relu', id: `relu${block}` },
  { kind: 'max-pool', id: `pool${block}`, kernel: 2, stride: 2, padding: 0 },
])

/** The layers of a training with these settings; every preset has the same ones here. */
export function networkOf({ network, classes }: TrainingSettings, edgePx: number): NetworkDescription {
  if (typeof network !== 'string') return network
  return NetworkDescription.parse({
    name: networks.find((each) => each.preset === network)?.title,
    input: [3, edgePx, edgePx],
    layers: [
      ...layers,
      { kind: 'global-average-pool', id: 'mean' },
      { kind: 'dropout', id: 'drop', rate: 0.2 },
      { kind: 'dense', id: 'classes', units: Math.max(2, classes.length) },
    ],
  })
}

export function modelOf(
  run: TrainingRun,
  classes: readonly PatchClass[],
  edgePx: number,
  mpp: ModelCard['input']['mpp'],
): Model {
  const { network: asked } = run.settings
  const network = usableNetwork(typeof asked === 'string' ? asked : 'small-vgg')
  const id: Model['id'] = newId()
  const now = Date.now()
  return {
    id,
    name: run.settings.name,
    run: run.id,
    stale: null,
    createdAt: now,
    card: {
      format: 'tessera-model-card',
      version: 2,
      id,
      name: run.settings.name,
      createdAt: new Date(now).toISOString(),
      notice: RESEARCH_NOTICE,
      classes: classes.map(({ name, colour }) => ({ name, colour })),
      input: { edgePx, channels: 3, mpp },
      normalisation: { mean: [0.702, 0.546, 0.696], std: [0.239, 0.282, 0.216] },
      network: {
        preset: network.preset,
        parameters: network.parameters,
        receptiveFieldPx: network.receptiveFieldPx,
        description: networkOf(run.settings, edgePx),
      },
      data: { hash: '5f2b9c0e4a1d7c33e8f0', sources: ['pcam_composite_demo.tif, 96 px at 0.97 µm/px'] },
      split: run.split,
      training: {
        preset: presetUsed(run.settings, 'tissue'),
        recipe: Recipe.parse({}),
        learningRate: run.settings.learningRate,
        batchSize: run.settings.batchSize,
        normPatches: run.settings.batchSize / 2,
        steps: STEPS,
        epochs: 20,
        minutes: run.settings.length.kind === 'minutes' ? run.settings.length.minutes : null,
        stoppedAt: null,
        bestStep: 168,
        augmentation: run.settings.augmentation,
        balanced: run.settings.balanced,
        seed: run.settings.seed,
        seconds: 132,
        start: null,
      },
      testTime: run.settings.testTime,
      members: [],
      validation: run.settings.validation.kind === 'none' ? null : bestOf(run),
      weights: { file: `${id}.onnx`, sha256: 'c0ffee'.repeat(10), bytes: 1_166_000 },
      versions: {
        tessera: '0.1.0',
        engine: 'onnxruntime 1.30.0',
        device: 'CPU (CPUExecutionProvider)',
        node: '24.21.0',
        threads: 2,
      },
    },
  }
}

/** A search for a learning rate as it should look: flat, a fall, a rise. */
export function* rateSearch(): Generator<RateSearchNews> {
  const steps = 60
  for (let step = 0; step < steps; step++) {
    const rate = 1e-6 * 10 ** ((6 * step) / (steps - 1))
    const smoothed = 0.69 - 0.4 / (1 + Math.exp(-4 * (Math.log10(rate) + 3))) + 30 * rate ** 2
    yield { kind: 'point', rate, loss: smoothed + (chance(step, 9) - 0.5) * 0.06, smoothed }
  }
  yield {
    kind: 'found',
    suggestion: 0.001,
    steepest: 0.001,
    least: 0.02,
    sentence: 'The loss falls fastest at 0.001 and is least at 0.02: 0.001 is a good rate to begin with.',
  }
}

const PREVIEW_EDGE = 48

/** Cells on pink, turned and tinted from version to version as far as is asked for. */
export function previewOf({
  patches,
  versions,
  augmentation,
}: CallInput<Api, 'training.previewAugmentation'>): CallOutput<Api, 'training.previewAugmentation'> {
  const pixelsOf = (patch: number, version: number): Uint8Array => {
    const tint = 1 + augmentation.colour * (chance(patch, version, 5) - 0.5)
    const mirrored = augmentation.flips && chance(patch, version, 6) > 0.5
    return Uint8Array.from({ length: PREVIEW_EDGE ** 2 * 3 }, (_, i) => {
      const [at, channel] = [Math.floor(i / 3), i % 3]
      const [row, across] = [Math.floor(at / PREVIEW_EDGE), at % PREVIEW_EDGE]
      const column = mirrored ? PREVIEW_EDGE - 1 - across : across
      const nucleus = (row % 16) ** 2 + ((column + patch) % 13) ** 2 < 40 - column / 3
      const colour = (nucleus ? [92, 62, 140] : [226, 176, 206])[channel]!
      return Math.min(255, colour * tint + augmentation.noise * 255 * (chance(at, version, channel) - 0.5))
    })
  }
  return {
    edgePx: PREVIEW_EDGE,
    patches,
    pictures: Array.from(patches, (patch) =>
      Array.from({ length: versions }, (_, version) => pixelsOf(patch, version)),
    ),
  }
}

/** One model that says the mean of what others say. */
export function ensembleOf(members: readonly Model[], name: string): Model {
  const [first] = members
  const id: Model['id'] = newId()
  const card: ModelCard = {
    ...first!.card,
    id,
    name,
    members: members.map((each) => ({
      id: each.id,
      name: each.name,
      sha256: each.card.weights.sha256,
      validation: each.card.validation,
      steps: each.card.training.steps,
      seed: each.card.training.seed,
      description: each.card.network.description,
    })),
    validation: null,
  }
  return { ...first!, id, name, run: null, card, createdAt: Date.now() }
}
