/** The card of a model a run has made: everything needed to use it, to judge it, and to make it again. */
import { normBatchOf } from '../../src-shared/network/parts.ts'
import { RESEARCH_NOTICE } from '../../src-shared/app.ts'
import type { ModelId } from '../../src-shared/ids.ts'
import type { PatchClass } from '../../src-shared/labels.ts'
import type { ModelCard, Normalisation } from '../../src-shared/models.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { TrainingRun } from '../../src-shared/training.ts'
import { dataKindOf, presetUsed } from '../../src-shared/trainingPresets.ts'
import { micronPerPx } from '../../src-shared/units.ts'
import type { TrainingNews } from '../nn/engineContract.ts'
import type { CommonInput } from './labelledPatches.ts'

export type CardFacts = {
  model: ModelId
  run: TrainingRun
  classes: readonly PatchClass[]
  input: CommonInput
  normalisation: Normalisation
  network: { description: NetworkDescription; parameters: number; receptiveFieldPx: number }
  data: { hash: string; sources: string[] }
  steps: number
  news: Pick<Extract<TrainingNews, { kind: 'finished' }>, 'step' | 'early' | 'bestStep' | 'seconds'>
  /** times its patches were seen, on average; of folds: of the one that was seen most often */
  epochs: number
  start: ModelCard['training']['start']
  validation: ModelCard['validation']
  members: ModelCard['members']
  versions: ModelCard['versions']
}

/** Of an ensemble as of models that are put together. */
const nameOfNetwork = ({ network, members }: TrainingRun['settings']): string =>
  members !== null ? 'ensemble' : typeof network === 'string' ? network : network.name

/** The card before its weights are written, whose checksum it does not know yet. */
export function cardOf(facts: CardFacts): ModelCard {
  const { run, input, steps, news } = facts
  const { settings } = run
  return {
    format: 'tessera-model-card',
    version: 2,
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
    network: { preset: facts.start?.name ?? nameOfNetwork(settings), ...facts.network },
    data: facts.data,
    split: run.split,
    training: {
      preset: presetUsed(settings, dataKindOf(input)),
      recipe: settings.recipe,
      learningRate: settings.learningRate,
      batchSize: settings.batchSize,
      normPatches: normBatchOf(settings.batchSize, facts.versions.threads),
      steps,
      epochs: facts.epochs,
      minutes: settings.length.kind === 'minutes' ? settings.length.minutes : null,
      stoppedAt: news.early ? news.step : null,
      bestStep: news.bestStep,
      augmentation: settings.augmentation,
      balanced: settings.balanced,
      seed: settings.seed,
      seconds: news.seconds,
      start: facts.start,
    },
    testTime: settings.testTime,
    members: facts.members,
    validation: facts.validation,
    weights: { file: 'model.onnx', sha256: '', bytes: 0 },
    versions: facts.versions,
  }
}
