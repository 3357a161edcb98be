/** What a training would do if it started now: which patches on which side, by which rule, and what speaks against it. */
import { isTesseraError } from '../../src-shared/errors.ts'
import type { SourceId } from '../../src-shared/ids.ts'
import type { ClassNumber, PatchClass } from '../../src-shared/labels.ts'
import type { SplitSummary } from '../../src-shared/models.ts'
import type { Recipe } from '../../src-shared/recipe.ts'
import { networksOf, type TrainingPlan, type TrainingSettings, type Validation } from '../../src-shared/training.ts'
import { dataKindOf, trainingPreset } from '../../src-shared/trainingPresets.ts'
import { networkSummaries } from '../models/presets.ts'
import { seededRandom } from '../nn/random.ts'
import { beginningsOf, classNamesFor, type EarlierModels } from './beginning.ts'
import type { NetworkSummary } from '../../src-shared/networks.ts'
import {
  commonInput,
  type CommonInput,
  type LabelledPatch,
  labelledPatches,
  labelledUnfit,
  type PatchLookup,
} from './labelledPatches.ts'
import { foldsAuto, foldsBy } from './folds.ts'
import { memoryForTraining } from './memoryForTraining.ts'
import { type Side, splitAuto, splitBy } from './split.ts'

/** Fewer teach a network nothing but the labels themselves. */
const FEWEST_PATCHES = 10
/** Above this ratio between the most and the least frequent class it is mentioned. */
const IMBALANCE = 10
/** A figure on fewer held-out patches of a class has an interval too wide to choose a model by. */
const FEW_HELD_OUT = 20

/** A plan, with the patches it speaks of, and the settings as they can be: no batch is larger than the data. */
export type DetailedPlan = {
  plan: TrainingPlan
  settings: TrainingSettings
  /** [fold][patch of training]; null when it is one training */
  folds: Side[][] | null
  input: CommonInput | null
  training: LabelledPatch[]
  validation: LabelledPatch[]
}

export function makePlan(
  lookup: PatchLookup,
  classes: readonly PatchClass[],
  asked: TrainingSettings,
  models: EarlierModels,
): DetailedPlan {
  let settings = asked
  const chosen = settings.classes.map((number) => classes.find((each) => each.number === number))
  const classNames = chosen.map((each) => each?.name ?? '(deleted class)')
  const reasons: string[] = []
  if (chosen.includes(undefined)) reasons.push('One of the chosen classes was deleted. Choose the classes again.')
  if (new Set(settings.classes).size !== settings.classes.length) reasons.push('A class was chosen twice.')

  const given = settings.validation.kind === 'source' ? settings.validation.source : null
  const sources = settings.sources.filter((source) => source !== given)
  const all = [...new Set(given === null ? sources : [...sources, given])]
  const input = commonInput(all.map(lookup.sourceById))
  if ('reason' in input) reasons.push(input.reason)
  else reasons.push(...whyNotBegin(settings, input, classNames, models))
  reasons.push(...ensembleReasons(settings), ...recipeReasons(settings.recipe, classNames.length))
  const networks =
    'reason' in input
      ? []
      : networkSummaries(input.channels, input.edgePx, Math.max(2, classNames.length), memoryForTraining())

  const patches = sources.flatMap((source) => labelledPatches(lookup, source, settings.classes))
  reasons.push(...notEnough(patches, settings.classes, classNames))

  const held = given === null ? [] : labelledPatches(lookup, given, settings.classes)
  if (given !== null && held.length === 0)
    reasons.push(
      'The source to measure on has no labels of the chosen classes. Label some of its patches or choose another.',
    )

  const folds =
    reasons.length > 0 || settings.folds === null
      ? null
      : chooseFolds(patches, settings.validation, classNames.length, settings.folds, settings.seed)
  const sides =
    reasons.length > 0 ? null : (folds ?? chooseSides(patches, settings.validation, classNames.length, settings.seed))
  if (sides?.refused) reasons.push(sides.refused)
  const on = (side: Side) => patches.filter((_, i) => (sides?.sides[i] ?? 'training') === side)
  const training = on('training')
  const validation = given === null ? on('validation') : held
  const unknownCases = all.some((source) => {
    const found = lookup.sourceById(source)
    return found.kind === 'set' && !found.casesKnown
  })
  const split =
    folds && !folds.refused
      ? foldSummary(folds, patches, classNames.length, unknownCases)
      : sides && !sides.refused
        ? summarise(sides.rule, training, validation, on('left-out').length, classNames.length, unknownCases)
        : null
  const ready = reasons.length === 0
  const warnings = split ? warningsOf(split, classNames, settings) : []
  warnings.push(...all.flatMap((source) => unfitWarning(lookup, source, settings.classes)))
  const fewest = Math.min(
    training.length,
    ...(folds?.folds ?? []).map((fold) => fold.filter((each) => each === 'training').length),
  )
  if (ready && settings.batchSize > fewest) {
    warnings.push(
      `There are only ${fewest} patches to train on, so each step takes ${fewest} of them, not ${settings.batchSize}.`,
    )
    settings = { ...settings, batchSize: fewest }
  }
  const memory = fitIntoMemory(networks, settings)
  warnings.push(...memory.warnings)
  settings = { ...settings, batchSize: memory.batchSize }

  return {
    plan: {
      ready,
      reasons,
      warnings,
      classNames,
      split,
      edgePx: 'reason' in input ? null : input.edgePx,
      mpp: 'reason' in input ? null : input.mpp,
      data: 'reason' in input ? null : dataKindOf(input),
      networks: [...networks],
    },
    settings,
    folds: folds?.folds ?? null,
    input: 'reason' in input ? null : input,
    training,
    validation,
  }
}

/** What stands against the networks, the earlier model they should begin with, or the preset. */
function whyNotBegin(
  settings: TrainingSettings,
  input: CommonInput,
  classNames: readonly string[],
  models: EarlierModels,
): string[] {
  try {
    beginningsOf(settings, input, classNamesFor(classNames), models)
    if (settings.preset !== null) trainingPreset(settings.preset, dataKindOf(input))
    return []
  } catch (error) {
    if (isTesseraError(error)) return [error.message]
    throw error
  }
}

function ensembleReasons({ members, folds, start }: TrainingSettings): string[] {
  if (members === null) return []
  return [
    folds !== null &&
      `${members.length} networks in ${folds} folds would be ${members.length * folds} trainings, and no patch would be held out from all of them. Train one network in folds, or an ensemble without.`,
    start !== null &&
      'The networks of an ensemble begin with fresh weights: an earlier model has layers of its own. Go on from it with one network.',
  ].filter((reason) => reason !== false)
}

function recipeReasons({ classWeights }: Recipe, classes: number): string[] {
  if (!Array.isArray(classWeights) || classWeights.length === classes) return []
  return [
    `There are ${classWeights.length} class weights for ${classes} classes. Give one for each, in the order of the classes.`,
  ]
}

function notEnough(
  patches: readonly LabelledPatch[],
  classes: readonly ClassNumber[],
  names: readonly string[],
): string[] {
  const counts = classes.map((_, target) => patches.filter((patch) => patch.target === target).length)
  const soFar = names.map((name, k) => `${counts[k]!.toLocaleString('en')} ${name}`).join(', ')
  if (classes.length < 2) return ['A network tells classes apart, so it needs at least two. Choose a second class.']
  const reasons: string[] = []
  if (counts.filter((count) => count > 0).length < 2 || patches.length < FEWEST_PATCHES)
    reasons.push(`Label ${FEWEST_PATCHES} patches of two classes to train: ${soFar} so far.`)
  else
    for (const [k, count] of counts.entries())
      if (count < 2)
        reasons.push(
          `The class “${names[k]}” has ${count === 0 ? 'no labels' : 'one label'} among the chosen patches. Label at least two patches of it, or leave the class out.`,
        )
  return reasons
}

type Chosen = { rule: SplitSummary['rule']; sides: Side[]; refused?: string }

function chooseSides(patches: readonly LabelledPatch[], validation: Validation, classes: number, seed: number): Chosen {
  const all = (rule: 'given' | 'none'): Chosen => ({ rule, sides: patches.map(() => 'training') })
  if (validation.kind === 'source') return all('given')
  if (validation.kind === 'none') return all('none')
  const random = seededRandom(seed)
  if (validation.rule === 'auto') return splitAuto(patches, classes, validation.fraction, random) ?? all('none')
  const split = splitBy(validation.rule, patches, classes, validation.fraction, random)
  if (split) return split
  return {
    ...all('none'),
    refused: `The labels can not be held out by ${validation.rule}: some class would be missing on one side. Label more, or let Tessera choose the rule.`,
  }
}

type ChosenFolds = Chosen & { folds: Side[][] }

function chooseFolds(
  patches: readonly LabelledPatch[],
  validation: Validation,
  classes: number,
  count: number,
  seed: number,
): ChosenFolds {
  const sides = patches.map((): Side => 'training')
  const refused = (why: string): ChosenFolds => ({ rule: 'none', sides, folds: [], refused: why })
  if (validation.kind !== 'fraction')
    return refused(
      'Folds hold out every patch once, so no source of its own can be measured on. Let Tessera choose what is held out.',
    )
  const random = seededRandom(seed)
  const found =
    validation.rule === 'auto'
      ? foldsAuto(patches, classes, count, random)
      : foldsBy(validation.rule, patches, classes, count, random)
  if (found) return { rule: found.rule, sides, folds: found.sides }
  return refused(
    `The labels can not be held out in ${count} folds${validation.rule === 'auto' ? '' : ` by ${validation.rule}`}: there are too few cases, slides or blocks with every class. Ask for fewer folds, or label more.`,
  )
}

/** Every patch is trained on in some folds and held out in one. */
function foldSummary(
  { rule, folds }: ChosenFolds,
  patches: readonly LabelledPatch[],
  classes: number,
  unknownCases: boolean,
): SplitSummary {
  const { sentence: _sentence, ...summary } = summarise(rule, patches, patches, 0, classes, unknownCases)
  const by = { case: 'case (patient)', slide: 'slide', blocks: 'blocks of the slide, with a gap of one patch' }
  const how = rule === 'case' || rule === 'slide' || rule === 'blocks' ? by[rule] : rule
  const doubt =
    rule === 'case' && unknownCases
      ? ' The set does not say which patient each patch is from, so patches of one patient may be on both sides.'
      : ''
  return {
    ...summary,
    leftOut: folds.reduce((sum, fold) => sum + fold.filter((each) => each === 'left-out').length, 0),
    sentence: `${folds.length} folds by ${how}: each of ${counted(patches.length, 'patch', 'patches')} is held out once, and measured with the network that was not trained on its part.${doubt}`,
  }
}

function summarise(
  rule: SplitSummary['rule'],
  training: readonly LabelledPatch[],
  validation: readonly LabelledPatch[],
  leftOut: number,
  classes: number,
  unknownCases: boolean,
): SplitSummary {
  const side = (patches: readonly LabelledPatch[]) => ({
    patches: patches.length,
    perClass: Array.from({ length: classes }, (_, k) => patches.filter((patch) => patch.target === k).length),
    slides: named(patches, 'slide'),
    cases: named(patches, 'case'),
  })
  const summary = { rule, training: side(training), validation: side(validation), leftOut, sentence: '' }
  return { ...summary, sentence: sentenceOf(summary, unknownCases) }
}

/** How many slides or cases they are of; null where one does not say. */
const named = (patches: readonly LabelledPatch[], of: 'slide' | 'case'): number | null =>
  patches.every(({ known }) => known[of]) ? new Set(patches.map((patch) => patch[of])).size : null

const counted = (count: number, one: string, many: string): string =>
  count === 1 ? `1 ${one}` : `${count.toLocaleString('en')} ${many}`

/** “2 slides”, or “some slides” where not all are named. */
const several = (count: number | null, one: string): string =>
  count === null ? `some ${one}s` : counted(count, one, `${one}s`)

function sentenceOf({ rule, training, validation, leftOut }: SplitSummary, unknownCases: boolean): string {
  const patches = counted(validation.patches, 'patch', 'patches')
  switch (rule) {
    case 'case':
      return unknownCases
        ? `${patches} are held out at random, because the set does not say which patient each patch is from. Patches of one patient may be on both sides, so the figure may be too good; give cases, or measure on a set of other patients.`
        : `Held out by case (patient): ${patches} of ${several(validation.cases, 'case')}; the network is trained on ${several(training.cases, 'other case')}.`
    case 'slide':
      return `Held out by slide: ${patches} of ${several(validation.slides, 'slide')}. All slides are of one patient, or one patient has all labels of a class, so the figure does not speak for another patient.`
    case 'blocks':
      return `Held out by blocks of the slide: ${patches}, with a gap of one patch${leftOut > 0 ? ` (${leftOut.toLocaleString('en')} labelled patches beside them are used for neither)` : ''}. There is only one slide to learn from, so the figure does not speak for another slide.`
    case 'given':
      return `Measured on ${patches} of a source of its own, none of which is trained on.`
    case 'none':
      return 'No patches are held out, so there will be no figure of how good the model is. Label more, further apart or on a second slide, to get one.'
  }
}

/**
 * How many patches a step takes so that every network to be trained fits into this computer's memory, and what is said
 * where these are fewer than were asked for. A process that needs more than there is would be ended by the system.
 */
/** Labelled pictures that a training does without. */
function unfitWarning(lookup: PatchLookup, source: SourceId, classes: readonly ClassNumber[]): string[] {
  const found = lookup.sourceById(source)
  const unfit = labelledUnfit(lookup, source, classes)
  if (found.kind !== 'set' || unfit === 0) return []
  const pictures = unfit === 1 ? '1 labelled picture' : `${unfit} labelled pictures`
  return [
    `${pictures} of “${found.name}” ${unfit === 1 ? 'is' : 'are'} left out: not ${found.width} × ${found.height} px, or not to be read.`,
  ]
}

function fitIntoMemory(
  networks: readonly NetworkSummary[],
  settings: TrainingSettings,
): { batchSize: number; warnings: string[] } {
  const { batchSize, start } = settings
  // What an earlier model needs is known to who trained it.
  const chosen = new Set<unknown>(start === null ? networksOf(settings) : [])
  const tooLarge = networks
    .filter((each) => each.usable)
    .filter(({ preset, largestBatch }) => chosen.has(preset) && largestBatch < batchSize)
  const fits = Math.max(1, Math.min(batchSize, ...tooLarge.map(({ largestBatch }) => largestBatch)))
  const warnings = tooLarge.map(({ title, largestBatch }) =>
    largestBatch === 0
      ? `${title} needs more than half of this computer’s memory even with one patch per step, and may be ended by the system. Choose a smaller network.`
      : `${title} with ${batchSize} patches per step needs more than half of this computer’s memory, so each step takes ${fits}.`,
  )
  return { batchSize: fits, warnings }
}

function warningsOf(
  { training, validation, rule }: SplitSummary,
  names: readonly string[],
  { balanced, recipe }: TrainingSettings,
): string[] {
  const warnings: string[] = []
  if (balanced && recipe.classWeights !== 'none')
    warnings.push(
      'Every class is drawn equally often and weighted as well, so rare classes count twice over. One of the two is enough.',
    )
  const most = Math.max(...training.perClass)
  const least = Math.min(...training.perClass)
  if (most > IMBALANCE * least) {
    const rare = names[training.perClass.indexOf(least)]
    warnings.push(
      `There are ${Math.round(most / least)} times as many patches of “${names[training.perClass.indexOf(most)]}” as of “${rare}”. Balanced drawing shows the rare ones more often; more labels of “${rare}” would help most.`,
    )
  }
  const few = validation.perClass.findIndex((count) => count < FEW_HELD_OUT)
  if (rule !== 'none' && few >= 0)
    warnings.push(
      `Only ${counted(validation.perClass[few]!, 'patch', 'patches')} of “${names[few]}” ${validation.perClass[few] === 1 ? 'is' : 'are'} held out: look at the interval, not at the figure.`,
    )
  return warnings
}
