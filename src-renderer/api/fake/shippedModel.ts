/** The one model that comes with the made-up program. */
import type { PatchClass } from '../../../src-shared/labels.ts'
import type { Model } from '../../../src-shared/models.ts'
import { type TrainingRun, TrainingSettings } from '../../../src-shared/training.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { newId } from './ids.ts'
import { modelOf, STEPS } from './training.ts'

/** Its key, as the command line takes it. */
export const SHIPPED = 'lymph-node'

/** A model that was made elsewhere: it tells the first two classes apart. */
export function shippedOf(classes: readonly PatchClass[]): Model {
  const two = classes.slice(0, 2)
  const settings = TrainingSettings.parse({
    name: 'Lymph node metastases',
    classes: two.map(({ number }) => number),
    sources: [newId()],
    network: 'small-resnet',
    length: { kind: 'minutes', minutes: 30 },
  })
  const side = { patches: 2000, perClass: [1000, 1000], slides: 1, cases: 1 }
  const split = { rule: 'given' as const, sentence: 'Measured on 2,000 patches of other slides.', leftOut: 0 }
  const run = {
    id: newId() as TrainingRun['id'],
    job: newId() as TrainingRun['job'],
    settings,
    classNames: two.map(({ name }) => name),
    split: { ...split, training: { ...side, patches: 18_706, perClass: [9080, 9626] }, validation: side },
    steps: STEPS,
    stepsPerEpoch: 292,
    heldOutKept: false,
    model: null,
    fault: null,
    createdAt: Date.now(),
  }
  return { ...modelOf(run, two, 96, micronPerPx(0.97)), run: null }
}
