/** What the engine is told of a training: its settings, with the network, the files and the earlier model worked out. */
import type { Normalisation } from '../../src-shared/models.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { TrainingSettings } from '../../src-shared/training.ts'
import type { TrainingOrder } from '../nn/engineContract.ts'

/** The network of a run, and where its weights come from. */
export type Beginning = {
  network: NetworkDescription
  /** null = fresh weights */
  start: TrainingOrder['start']
  /** null = measured on the patches trained on */
  normalisation: Normalisation | null
}

type Files = Pick<TrainingOrder, 'training' | 'validation' | 'folder'>

export const orderOf = (
  settings: TrainingSettings,
  classes: readonly string[],
  beginning: Beginning,
  files: Files,
): TrainingOrder => ({
  ...beginning,
  ...files,
  classes: [...classes],
  length: settings.length,
  learningRate: settings.learningRate,
  recipe: settings.recipe,
  batchSize: settings.batchSize,
  augmentation: settings.augmentation,
  balanced: settings.balanced,
  testTime: settings.testTime,
  seed: settings.seed,
  checkpointSeconds: settings.checkpointSeconds,
})
