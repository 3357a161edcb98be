/** How well a live classifier does on labels held out, at its settings and at others, and the temperature that follows. */
import { FEWEST_TO_CALIBRATE, type LiveClassifier, MOST_K } from '../../../src-shared/live.ts'
import { tesseraError } from '../../../src-shared/errors.ts'
import { probeFolds } from '../../probes/folds.ts'
import { fitTemperature } from '../../probes/temperature.ts'
import type { MeasureReply } from './contract.ts'
import {
  type Breathe,
  heldOutAccuracy,
  type HeldOut,
  heldOutLinear,
  heldOutNeighbours,
  heldOutPrototypes,
  heldOutVotes,
  LIVE_L2,
  measuredPart,
} from './heldOut.ts'
import type { LiveGroups, LiveTraining } from './training.ts'

const SEED = 1
/** A temperature above which logits say nothing any more. */
const HOPELESS = 100

/** @throws {TesseraError} PROBE_NOT_POSSIBLE, and whatever `breathe` throws */
export async function measureLive(
  all: LiveTraining,
  allGroups: LiveGroups,
  classifier: LiveClassifier,
  breathe: Breathe,
): Promise<MeasureReply> {
  const { training, groups } = measuredPart(all, allGroups)
  if (classifier.kind === 'knn') {
    const neighbours = await heldOutNeighbours(training, groups, breathe)
    const curve = []
    for (let k = 1; k <= Math.min(MOST_K, training.keys.length - 1); k++) {
      const held = heldOutVotes(neighbours, training, k, classifier.weighted)
      curve.push({ at: k, accuracy: heldOutAccuracy(held, training) })
    }
    return reply(heldOutVotes(neighbours, training, classifier.k, classifier.weighted), training, curve, null)
  }
  const names = Array.from({ length: training.classes }, (_, c) => `class ${c + 1}`)
  const folds = probeFolds(training.classOf, groups.groupOf, names, SEED)
  if (folds.rule !== 'group')
    throw tesseraError(
      'PROBE_NOT_POSSIBLE',
      'The labels can not be held out so that every class is left to learn from. Label each class in more places.',
      { reason: 'a class would be missing from what is fitted on' },
    )
  if (classifier.kind === 'prototypes')
    return reply(await heldOutPrototypes(training, groups, folds, breathe), training, [], null)
  const { l2: wanted } = classifier
  const strengths = [...new Set([...LIVE_L2, ...(wanted === null ? [] : [wanted])])].toSorted((a, b) => b - a)
  const curve = []
  let own: (HeldOut & { l2: number; loss: number }) | null = null
  for await (const found of heldOutLinear(training, groups, folds, strengths, breathe)) {
    curve.push({ at: found.l2, accuracy: heldOutAccuracy(found, training) })
    if (wanted === null ? own === null || found.loss < own.loss : found.l2 === wanted) own = found
  }
  // One that is weaker than it is worth looking at.
  if (!own) for await (const found of heldOutLinear(training, groups, folds, [wanted!], breathe)) own = found
  return reply(own!, training, curve, own!.l2)
}

function reply(held: HeldOut, training: LiveTraining, curve: MeasureReply['curve'], l2: number | null): MeasureReply {
  const classOf = Uint16Array.from(held.measured, (row) => training.classOf[row]!)
  return {
    measured: held.measured.length,
    accuracy: heldOutAccuracy(held, training),
    curve,
    temperature: temperatureOf(held, classOf, training.classes),
    l2,
  }
}

/** null = too few labels, or the classifier says nothing of what is held out: then all probabilities would be equal. */
function temperatureOf({ measured, logits }: HeldOut, classOf: Uint16Array, classes: number): number | null {
  if (measured.length < FEWEST_TO_CALIBRATE) return null
  const temperature = fitTemperature(logits, classOf, classes)
  return temperature > HOPELESS ? null : temperature
}
