/** The options of `tessera train` that say how a network learns: its recipe, what it begins with, how often it is made. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type * as z from 'zod'
import { tesseraError } from '../../src-shared/errors.ts'
import type { Freeze } from '../../src-shared/models.ts'
import { type MixChoice, Recipe } from '../../src-shared/recipe.ts'
import type { TrainingSettingsInput, Validation } from '../../src-shared/training.ts'
import { modelFile } from './modelFile.ts'
import type { Session } from './openRooms.ts'
import { above, below, between, positive, wholeFrom } from './slideCommands.ts'

export type RecipeOptions = {
  optimiser?: Recipe['optimiser']['kind']
  momentum?: number
  weightDecay?: number
  schedule?: Recipe['schedule']['kind']
  warmUp?: number
  labelSmoothing?: number
  classWeights?: Recipe['classWeights']
  clip?: number
  average?: number
  mixup?: number | true
  cutmix?: number | true
  patience?: number
  shift?: number
  zoom?: number
  tilt?: number
  blur?: number
  noise?: number
  tta?: boolean
  from?: string
  freeze?: Freeze
  rateDecay?: number
  folds?: number
  split?: 'case' | 'slide' | 'blocks'
  checkpoint?: number
}

export const addRecipeOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--optimiser <name>', 'how weights follow the gradient (default: adamw)').choices([
        'adamw',
        'adam',
        'sgd',
      ]),
    )
    .option('--momentum <share>', 'sgd: Nesterov’s momentum (default: 0.9)', below(0, 1))
    .option(
      '--weight-decay <n>',
      'pull of the weights towards 0 (default: adamw 0.05, adam 0, sgd 0.0005)',
      between(0, 1),
    )
    .addOption(
      new Option('--schedule <name>', 'how the learning rate changes (default: cosine)').choices([
        'cosine',
        'one-cycle',
        'step',
        'constant',
      ]),
    )
    .option(
      '--warm-up <share>',
      'share of the steps in which the rate climbs (default: cosine 0.1, one-cycle 0.3)',
      between(0, 0.9),
    )
    .option('--label-smoothing <share>', 'share of each target spread over all classes (default: 0.05)', below(0, 1))
    .option('--class-weights <weights>', '“inverse” to their patches, or one each, as 1,3; instead of balance', weights)
    .option('--clip <norm>', 'longest gradient; longer ones are shortened to it, 0 = off', orOff(positive))
    .option('--average <decay>', 'use the moving average of the weights, as 0.999; 0 = off', orOff(decay))
    .addOption(
      new Option('--mixup [alpha]', 'mix pairs of patches, 0 = off (default alpha: 0.2)')
        .argParser(orOff(above(0, 10)))
        .conflicts('cutmix'),
    )
    .addOption(
      new Option('--cutmix [alpha]', 'put a rectangle of one patch into another, 0 = off (default alpha: 1)')
        .argParser(orOff(above(0, 10)))
        .conflicts('mixup'),
    )
    .option('--patience <n>', 'end after so many validations without a better one, 0 = off', orOff(wholeFrom(1, 1000)))
    .option('--shift <px>', 'largest shift of patches, 0 = off', between(0, 64))
    .option('--zoom <share>', 'largest change of their size, 0 = off', between(0, 0.5))
    .option('--tilt <degrees>', 'largest turn about their centre, either way, 0 = off', between(0, 45))
    .option('--blur <px>', 'largest σ of a blur, every fourth patch, 0 = off', between(0, 3))
    .option('--noise <share>', 'largest σ of noise, every second patch, 0 = off', between(0, 0.25))
    .option('--tta', 'look at held-out patches in all eight symmetries; the model then does so, too')
    .option('--no-tta', 'look at each patch once, whatever the preset says')
    .option(
      '--from <onnx>',
      'begin with the weights of this model (its card beside it, or one that comes with Tessera) instead of a preset',
    )
    .option('--freeze <layers>', '--from: leave the first so many layers as they are, or all up to one by name', freeze)
    .option('--rate-decay <share>', '--from: learning rate of a layer as a share of the next deeper one’s', above(0, 1))
    .option('--folds <k>', 'k trainings, each holding out another part, become one model', wholeFrom(2, 20))
    .addOption(new Option('--split <rule>', 'what is held out together').choices(['case', 'slide', 'blocks']))
    .option('--checkpoint <seconds>', 'seconds between checkpoints, at most (default: 60)', between(1, 3600))

/** A number as `parse` takes it, or 0 to switch off what a preset switches on. */
const orOff =
  (parse: (text: string) => number) =>
  (text: string): number =>
    Number(text) === 0 && text.trim() !== '' ? 0 : parse(text)

const decay = (text: string): number => {
  const value = below(0, 1)(text)
  if (value === 0) throw new InvalidArgumentError('a number above 0 and below 1 was expected')
  return value
}

const weights = (text: string): 'inverse' | number[] => {
  if (text === 'inverse') return text
  const each = text.split(',').map(above(0, 1e6))
  if (each.length < 2) throw new InvalidArgumentError('“inverse”, or a number for each class, as 1,3, was expected')
  return each
}

const freeze = (text: string): Freeze => (/^\d+$/.test(text) ? Number(text) : text)

/** Leaves out what was not said, so that the defaults of the contract hold. */
const said = <T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }

/** @param base what holds where nothing was said: that of a preset, or of the contract */
export function recipeOf(options: RecipeOptions, base: Recipe = Recipe.parse({})): TrainingSettingsInput['recipe'] {
  const { optimiser = base.optimiser.kind, schedule = base.schedule.kind, momentum, weightDecay, warmUp } = options
  if (momentum !== undefined && optimiser !== 'sgd')
    throw tesseraError('USAGE', '--momentum is for --optimiser sgd; the others have moments of their own.', {})
  return {
    ...base,
    // Numbers of one kind mean nothing to another.
    optimiser: {
      ...(optimiser === base.optimiser.kind ? base.optimiser : { kind: optimiser }),
      ...said({ momentum, weightDecay }),
    } as NonNullable<NonNullable<TrainingSettingsInput['recipe']>['optimiser']>,
    schedule: {
      ...(schedule === base.schedule.kind ? base.schedule : { kind: schedule }),
      ...said({ warmUp }),
    },
    mix: mixOf(options) ?? base.mix,
    ...said({
      labelSmoothing: options.labelSmoothing,
      classWeights: options.classWeights,
      clipNorm: offAtZero(options.clip),
      averageDecay: offAtZero(options.average),
      patience: offAtZero(options.patience),
    }),
  }
}

const offAtZero = (value: number | undefined): number | null | undefined => (value === 0 ? null : value)

/** null = nothing was said of it */
function mixOf({ mixup, cutmix }: RecipeOptions): z.input<typeof MixChoice> | null {
  const given = mixup ?? cutmix
  if (given === undefined) return null
  if (given === 0) return { kind: 'none' }
  return { kind: mixup === undefined ? 'cutmix' : 'mixup', ...(given === true ? {} : { alpha: given }) }
}

export const changesOf = ({ shift, zoom, tilt, blur, noise }: RecipeOptions) => said({ shift, zoom, tilt, blur, noise })

/** What a training begins with, and how often it is made. */
export async function runSettings(
  { rooms, handles }: Session,
  options: RecipeOptions,
): Promise<Pick<TrainingSettingsInput, 'start' | 'folds' | 'checkpointSeconds'>> {
  const { from, folds, checkpoint } = options
  const { freeze, rateDecay } = options
  if (from === undefined && (freeze !== undefined || rateDecay !== undefined))
    throw tesseraError('USAGE', '--freeze and --rate-decay need --from MODEL.onnx, the model to begin with.', {})
  const model =
    from === undefined ? null : await rooms.calls['models.import']({ file: handles.handleOf(await modelFile(from)) })
  return {
    ...(model ? { start: { model: model.id, ...said({ freeze, rateDecay }) } } : {}),
    ...said({ folds, checkpointSeconds: checkpoint }),
  }
}

/** The rule asked for, where patches are held out by one. */
export function withRule(validation: Validation, { split }: RecipeOptions): Validation {
  if (split === undefined) return validation
  if (validation.kind !== 'fraction')
    throw tesseraError('USAGE', '--split says what is held out together; with this --validation nothing is chosen.', {})
  return { ...validation, rule: split }
}
