/** The card of a model a run has made: everything needed to use it, to judge it, and to make it again. */
import { RESEARCH_NOTICE } from '../../src-shared/app.ts'
import type { ModelId } from '../../src-shared/ids.ts'
import type { PatchClass } from '../../src-shared/labels.ts'
import type { ModelCard, Normalisation } from '../../src-shared/models.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { TrainingPoint, TrainingRun } from '../../src-shared/training.ts'
import { micronPerPx } from '../../src-shared/units.ts'
import type { CommonInput } from './labelledPatches.ts'
import { RECIPE } from './recipe.ts'

export type CardFacts = {
  model: ModelId
  run: TrainingRun
  classes: readonly PatchClass[]
  input: CommonInput
  normalisation: Normalisation
  network: { description: NetworkDescription; parameters: number; receptiveFieldPx: number }
  data: { hash: string; sources: string[] }
  steps: number
  bestStep: number
  seconds: number
  points: readonly TrainingPoint[]
  versions: ModelCard['versions']
}

/** The card before its weights are written, whose checksum it does not know yet. */
export function cardOf(facts: CardFacts): ModelCard {
  const { run, input, steps } = facts
  const { settings } = run
  const best = facts.points.find((point) => point.kind === 'validation' && point.step === facts.bestStep)
  return {
    format: 'tessera-model-card',
    version: 1,
    id: facts.model,
    name: settings.name,
    createdAt: new Date().toISOString(),
    notice: RESEARCH_NOTICE,
    classes: settings.classes.map((number, k) => ({
      name: run.classNames[k]!,
      colour: facts.classes.find((each) => each.number === number)?.colour ?? '#808080',
    })),
    input: { edgePx: input.edgePx, channels: input.channels, mpp: input.mpp === null ? null : micronPerPx(input.mpp) },
    normalisation: facts.normalisation,
    network: { preset: settings.network, ...facts.network },
    data: facts.data,
    split: run.split,
    training: {
      ...RECIPE,
      learningRate: settings.learningRate,
      batchSize: settings.batchSize,
      steps,
      epochs: (steps * settings.batchSize) / run.split.training.patches,
      minutes: settings.length.kind === 'minutes' ? settings.length.minutes : null,
      bestStep: facts.bestStep,
      augmentation: settings.augmentation,
      balanced: settings.balanced,
      seed: settings.seed,
      seconds: facts.seconds,
    },
    validation: best?.kind === 'validation' ? best.evaluation : null,
    weights: { file: 'model.onnx', sha256: '', bytes: 0 },
    versions: facts.versions,
  }
}
