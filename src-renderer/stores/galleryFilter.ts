/** Which patches of a source a gallery shows. Pure. */
import { UNLABELLED } from '../../src-shared/labels.ts'

/** `changed`: labelled otherwise than the set itself says. `unfit`: left out by networks. A number: labelled so. */
export type LabelFilter = 'all' | 'unlabelled' | 'labelled' | 'changed' | 'unfit' | number

/** What a model says of the patches that are shown. */
export interface PredictionFilter {
  /** the most probable class, by name: it stays when the model changes; null = any */
  predicted: string | null
  /** probability of the most probable class, both ends counted */
  least: number
  most: number
  /** label and prediction are the same class, or two; a label of a class the model does not know is neither */
  agreement: 'any' | 'agrees' | 'disagrees'
}

export const ANY_PREDICTION: PredictionFilter = { predicted: null, least: 0, most: 1, agreement: 'any' }

export const isAnyPrediction = ({ predicted, least, most, agreement }: PredictionFilter): boolean =>
  predicted === null && least <= 0 && most >= 1 && agreement === 'any'

/** Which part of what is left after the other filters. */
export interface PartFilter {
  /** 1 + number of the slide a set names for a patch; null = any */
  slide: number | null
  /** Only so many, those that the order has first: the least certain, the most alike, the newest; null = all */
  first: number | null
}

export const ANY_PART: PartFilter = { slide: null, first: null }

export const isAnyPart = ({ slide, first }: PartFilter): boolean => slide === null && first === null

/** What is predicted of the patches of a source. */
interface PredictedFacts {
  classes: readonly { name: string }[]
  /** [class of the model] number of the project's class of that name; 0 = it has none */
  numbers: readonly number[]
  /** [patch, class of the model], NaN = not predicted */
  values: Float32Array
  /** [patch] the most probable class of the model */
  first: Uint8Array
}

export interface FilterFacts {
  /** patches of the source */
  size: number
  /** [patch] 1 = in the tissue mask; null = all are */
  inside: Readonly<Uint8Array> | null
  /** [patch] class number, 0 = unlabelled */
  labels: Readonly<Uint16Array>
  /** [patch] class number of what the set says; 0 = nothing, or a class the project has not; null = it names none */
  given: Readonly<Uint16Array> | null
  /** patches networks do not get */
  unfit: ReadonlyMap<number, string>
  predicted: PredictedFacts | null
}

export const isPredicted = ({ values, classes }: PredictedFacts, patch: number): boolean =>
  !Number.isNaN(values[patch * classes.length])

/** The probability of the most probable class; NaN where nothing is predicted. */
export const confidenceOf = ({ values, classes, first }: PredictedFacts, patch: number): number =>
  values[patch * classes.length + first[patch]!]!

/** Whether label and prediction are the same; null where one of them is missing, or the model does not know the class. */
export function agrees({ labels, predicted }: FilterFacts, patch: number): boolean | null {
  const label = labels[patch]!
  if (!predicted || label === UNLABELLED || !isPredicted(predicted, patch)) return null
  return predicted.numbers.includes(label) ? predicted.numbers[predicted.first[patch]!] === label : null
}

/** @returns the patches that fit both filters, in the order of the source */
export function filteredPatches(facts: FilterFacts, label: LabelFilter, prediction: PredictionFilter): Uint32Array {
  const byLabel = labelTest(facts, label)
  const byPrediction = predictionTest(facts, prediction)
  const found = new Uint32Array(facts.size)
  let count = 0
  for (let patch = 0; patch < facts.size; patch++)
    if ((!facts.inside || facts.inside[patch]) && byLabel(patch) && byPrediction(patch)) found[count++] = patch
  return found.slice(0, count)
}

type Test = (patch: number) => boolean

function labelTest({ labels, given, unfit }: FilterFacts, filter: LabelFilter): Test {
  switch (filter) {
    case 'all':
      return () => true
    case 'unlabelled':
      return (patch) => labels[patch] === UNLABELLED
    case 'labelled':
      return (patch) => labels[patch] !== UNLABELLED
    case 'changed':
      return (patch) =>
        given !== null && given[patch] !== UNLABELLED && labels[patch] !== UNLABELLED && labels[patch] !== given[patch]
    case 'unfit':
      return (patch) => unfit.has(patch)
    default:
      return (patch) => labels[patch] === filter
  }
}

function predictionTest(facts: FilterFacts, filter: PredictionFilter): Test {
  const { predicted } = facts
  if (isAnyPrediction(filter)) return () => true
  if (!predicted) return () => false
  const wanted = filter.predicted === null ? null : predicted.classes.findIndex(({ name }) => name === filter.predicted)
  // As the probabilities are: 0.7 from a field is more than 0.7 in float32.
  const [least, most] = [Math.fround(filter.least), Math.fround(filter.most)]
  return (patch) => {
    if (!isPredicted(predicted, patch)) return false
    if (wanted !== null && predicted.first[patch] !== wanted) return false
    const sure = confidenceOf(predicted, patch)
    if (sure < least || sure > most) return false
    return filter.agreement === 'any' || agrees(facts, patch) === (filter.agreement === 'agrees')
  }
}
