/** `tessera train`: from labelled patches to a model file with its card. */
import path from 'node:path'
import { type Command, Option } from 'commander'
import { tesseraError } from '../../src-shared/errors.ts'
import type { SourceId } from '../../src-shared/ids.ts'
import type { Job } from '../../src-shared/jobs.ts'
import type { LabelCount, PatchClass } from '../../src-shared/labels.ts'
import { recipeInWords } from '../../src-shared/recipe.ts'
import { type ModelCard, TrainingPresetName } from '../../src-shared/models.ts'
import { PresetName } from '../../src-shared/networks.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import { type TrainingPoint, TrainingSettings, type Validation } from '../../src-shared/training.ts'
import { dataKindOf, presetInWords } from '../../src-shared/trainingPresets.ts'
import { cardFileOf } from '../models/modelFiles.ts'
import type { Rooms } from '../host/rooms.ts'
import { commonInput } from '../training/labelledPatches.ts'
import { type DeviceOptions, withDeviceOptions } from './deviceCommand.ts'
import { parseInput } from '../../src-shared/wire/serve.ts'
import { type Session, withProject, withTemporaryProject } from './openRooms.ts'
import { output, withInterval } from './output.ts'
import { addPatchSet } from './patchInputs.ts'
import { clock, watchJob } from './progress.ts'
import { destination } from './destination.ts'
import { findRateOnTerminal } from './findRate.ts'
import { type ChosenOptions, chosenSettings, DEFAULT_EPOCHS, DEFAULT_NETWORK } from './chosenSettings.ts'
import { addRecipeOptions, runSettings, withRule } from './recipeOptions.ts'
import { above, between, positive, wholeFrom } from './slideCommands.ts'

type TrainOptions = ChosenOptions & {
  folder?: string
  idx?: string[]
  model?: string
  findLr?: true
  name?: string
  seed: number
  validation?: string
  validationIdx?: string[]
  classes?: string
  mpp?: number
  json?: boolean
} & DeviceOptions

export function addTrainCommand(program: Command): void {
  const command = program
    .command('train')
    .description('train a network on the labels of a project, on class folders, or on an IDX pair')
    .argument('[project]', 'project folder; its labelled patches are the data')
    .option('--folder <dir>', 'a folder with one sub-folder of pictures for each class')
    .option('--idx <files...>', 'an IDX pair as of MNIST: images, labels')
    .option('--model <onnx>', 'file to write; the card is written beside it')
    .option('--find-lr', 'train nothing: look for a good --lr in a short search, and show its curve')
    .option('--name <name>', 'name of the model (default: that of the file)')
    .addOption(
      new Option(
        '--preset <name>',
        'ready-made settings, of which every flag below says otherwise; tissue: fast, balanced, accurate; digits (grey, at most 40 px): fast, accurate, competition',
      ).choices(TrainingPresetName.options),
    )
    .addOption(new Option('--network <preset>', `network (default: ${DEFAULT_NETWORK})`).choices(PresetName.options))
    .addOption(
      new Option(
        '--network-file <json>',
        'layers of your own instead of a preset, as the layer editor copies them',
      ).conflicts('network'),
    )
    .addOption(
      new Option(
        '--members <networks>',
        '2 to 10 networks separated by commas, by name or as files of your own, trained one after the other into one model',
      ).conflicts(['network', 'networkFile', 'folds', 'from']),
    )
    .addOption(
      new Option('--epochs <n>', `length: times through the data (default: ${DEFAULT_EPOCHS})`)
        .argParser(above(0, 10_000))
        .conflicts(['minutes', 'steps']),
    )
    .addOption(
      new Option('--minutes <n>', 'length: about this long; a short timing turns it into steps')
        .argParser(above(0, 10_000))
        .conflicts(['epochs', 'steps']),
    )
    .addOption(
      new Option('--steps <n>', 'length: exactly this many steps, as a card says them')
        .argParser(wholeFrom(1, 100_000_000))
        .conflicts(['epochs', 'minutes']),
    )
    .option('--lr <rate>', 'highest learning rate', above(0, 10))
    .option('--batch <n>', 'patches in a step', wholeFrom(1, 1024))
    .option('--seed <n>', 'same seed and steps, same weights', wholeFrom(0, 0xffffffff), 1)
    .option('--validation <dir|fraction>', 'measure on this folder, or hold out this share (default: 0.2; 0 = none)')
    .addOption(
      new Option('--validation-idx <files...>', 'measure on this IDX pair: images, labels').conflicts('validation'),
    )
    .option('--classes <names>', 'only these classes, separated by commas')
    .option('--no-flips', 'no mirror images')
    .option('--no-turns', 'no turns by 90°')
    .option('--stain <strength>', 'stain jitter, 0 = off', between(0, 0.5))
    .option('--colour <strength>', 'brightness, contrast and saturation jitter, 0 = off', between(0, 0.8))
    .option('--no-balance', 'draw patches as often as they come, not every class equally often')
    .option('--mpp <µm/px>', 'scale of the pictures of --folder', positive)
    .option('--json', 'one JSON object on stdout')
  withDeviceOptions(addRecipeOptions(command)).action(async (project: string | undefined, options: TrainOptions) => {
    const given = [project, options.folder, options.idx].filter((each) => each !== undefined).length
    if (given !== 1)
      throw tesseraError('USAGE', 'Say what to train on: a project, --folder DIR, or --idx IMAGES LABELS.', {})
    const { model, findLr } = options
    if (model === undefined && !findLr)
      throw tesseraError('USAGE', 'Say which file to write: --model FILE.onnx (or --find-lr to write none).', {})
    const file = model === undefined || findLr ? null : await destination(model)
    const train = (session: Session) => (file === null ? findRateIn(session, options) : trainIn(session, options, file))
    await (project === undefined
      ? withTemporaryProject(train, options)
      : withProject(project, { ...options, readonly: false }, train))
  })
}

/** What is trained on: the set that was named, or everything labelled in the project (`set` is then null). */
async function dataOf(session: Session, options: TrainOptions) {
  const set = options.folder !== undefined || options.idx ? await addPatchSet(session, options) : null
  const sources = set ? [set] : await labelledSources(session.rooms)
  return { set, sources, settings: await settingsOf(session, options, sources) }
}

async function findRateIn(session: Session, options: TrainOptions): Promise<void> {
  const out = output(options.json ?? false)
  const { settings } = await dataOf(session, options)
  if (settings.members !== null) out.say('The search is with the first network of the ensemble.')
  await findRateOnTerminal(session.rooms, settings, out)
}

/** @param file where the model goes */
async function trainIn(session: Session, options: TrainOptions, file: string): Promise<void> {
  const { rooms } = session
  const out = output(options.json ?? false)
  const { set, sources, settings } = await dataOf(session, options)
  const plan = await rooms.calls['training.plan'](settings)
  if (plan.split) {
    out.say(
      `${plan.split.training.patches} patches to train on: ${plan.classNames.map((name, k) => `${plan.split!.training.perClass[k]} ${name}`).join(', ')}.`,
    )
    if (!set) out.say(`They are from ${await namesOf(rooms, sources, settings.validation)}.`)
    out.say(plan.split.sentence)
  }
  for (const warning of plan.warnings) out.say(`Note: ${warning}`)
  const run = await rooms.calls['training.start'](settings)
  const followed = followOnTerminal(rooms, run.id, out.say)
  const job = await watchJob(rooms, run.job)
  await followed
  const trained = (await rooms.calls['training.runs']()).find((each) => each.id === run.id)!
  const { card } = (await rooms.calls['models.list']()).find((model) => model.id === trained.model)!
  await rooms.writeExport({ format: 'model', model: card.id }, file)
  out.result({ model: file, card: cardFileOf(file), ...summary(card) }, sentence(file, card, job))
}

/** What is trained on, in words: a set that was added once to measure on is a source like any other later on. */
async function namesOf(rooms: Rooms, sources: readonly PatchSource[], validation: Validation): Promise<string> {
  const slides = await rooms.calls['slides.list']()
  return sources
    .filter((source) => validation.kind !== 'source' || source.id !== validation.source)
    .map((source) => {
      const name = source.kind === 'set' ? source.name : slides.find((slide) => slide.id === source.slide)?.name
      return `“${name ?? source.id}”`
    })
    .join(', ')
}

const summary = (card: ModelCard) => ({
  preset: card.training.preset && presetInWords(card.training.preset),
  steps: card.training.steps,
  epochs: card.training.epochs,
  bestStep: card.training.bestStep,
  stoppedAt: card.training.stoppedAt,
  recipe: recipeInWords(card.training.recipe),
  testTime: card.testTime,
  members: card.members.length,
  seconds: card.training.seconds,
  device: card.versions.device,
  classes: card.classes.map((each) => each.name),
  parameters: card.network.parameters,
  split: card.split,
  validation: card.validation,
  sha256: card.weights.sha256,
})

function sentence(file: string, card: ModelCard, job: Job): string {
  const { steps, epochs, seconds } = card.training
  const lines = [
    `${file}: ${steps} steps (${epochs.toFixed(1)} epochs) in ${clock(seconds ?? 0)} on ${card.versions.device}, ${Math.round(card.weights.bytes / 1024)} kB`,
  ]
  if (card.training.preset) lines.push(`preset: ${presetInWords(card.training.preset)}`)
  if (card.training.stoppedAt !== null) lines.push(`ended at step ${card.training.stoppedAt}: its patience was over`)
  if (card.validation) {
    lines.push(`held out: ${card.validation.n} patches`)
    lines.push(
      `balanced accuracy ${withInterval(card.validation.balancedAccuracy, card.validation.balancedAccuracyInterval)}`,
    )
    lines.push(`AUC               ${withInterval(card.validation.auc, card.validation.aucInterval)}`)
    for (const { name, validation } of card.members)
      if (validation) lines.push(`  ${name}: balanced accuracy ${validation.balancedAccuracy.toFixed(4)}`)
  } else lines.push(`no held-out figure: ${card.split.sentence}`)
  if (job.fault) lines.push(job.fault.message)
  return lines.join('\n')
}

/** Every measurement on held-out patches, as it comes. */
async function followOnTerminal(
  rooms: Rooms,
  run: Parameters<Rooms['streams']['training.follow']>[0]['run'],
  say: (text: string) => void,
): Promise<void> {
  for await (const points of rooms.streams['training.follow']({ run }, new AbortController().signal))
    for (const point of points)
      if (point.kind === 'validation') {
        const { accuracy, auc } = point.evaluation
        say(
          `${partOf(point)}step ${point.step}, epoch ${point.epoch.toFixed(1)}: loss ${point.loss.toFixed(4)}, accuracy ${accuracy.toFixed(4)}${auc === null ? '' : `, AUC ${auc.toFixed(4)}`}${point.best ? '  (best)' : ''}`,
        )
      }
}

/** “member 2, ”; nothing where there is one network */
const partOf = ({ fold, member }: TrainingPoint): string =>
  fold !== undefined ? `fold ${fold + 1}, ` : member !== undefined ? `member ${member + 1}, ` : ''

async function labelledSources(rooms: Rooms): Promise<PatchSource[]> {
  const [sources, counts] = await Promise.all([rooms.calls['patches.sources'](), rooms.calls['labels.counts']()])
  const labelled = sources.filter((source) => counts.some((each) => each.source === source.id))
  if (labelled.length === 0)
    throw tesseraError(
      'TRAINING_NOT_READY',
      'Nothing is labelled in this project yet. Import labels, or label patches in the app.',
      { reasons: ['no labels'] },
    )
  return labelled
}

async function settingsOf(
  session: Session,
  options: TrainOptions,
  sources: readonly PatchSource[],
): Promise<TrainingSettings> {
  const { rooms } = session
  const name = options.name ?? path.basename(options.model ?? 'search').replace(/\.onnx$/i, '')
  const validation = withRule(await validationOf(session, options), options)
  const [classes, counts] = await Promise.all([rooms.calls['labels.classes'](), rooms.calls['labels.counts']()])
  const used = sources.map((source) => source.id)
  const isUsed = (number: number) => counts.some((each) => each.class === number && used.includes(each.source))
  const wanted = options.classes?.split(',').map((each) => each.trim().toLowerCase())
  const chosen = classes.filter((each) => (wanted ? wanted.includes(each.name.toLowerCase()) : isUsed(each.number)))
  if (wanted && chosen.length !== wanted.length)
    throw tesseraError(
      'CLASS_UNKNOWN',
      `--classes ${options.classes}: the data has ${classes.map((each) => each.name).join(', ')}.`,
      { class: options.classes! },
    )
  if (validation.kind === 'source' && !wanted)
    refuseStrangers(measuredOn(options), validation.source, { chosen, classes, counts })
  const input = commonInput(sources)
  if ('reason' in input) throw tesseraError('TRAINING_NOT_READY', input.reason, { reasons: [input.reason] })
  const settings = {
    name,
    classes: chosen.map((each) => each.number),
    sources: used,
    ...(await chosenSettings(options, dataKindOf(input), input.channels === 1)),
    ...(await runSettings(session, options)),
    validation,
    seed: options.seed,
  }
  return parseInput(TrainingSettings, settings, 'train') as TrainingSettings
}

/** The flag that names what is measured on, as it was typed. */
const measuredOn = ({ validation, validationIdx }: TrainOptions): string =>
  validationIdx ? `--validation-idx ${validationIdx.join(' ')}` : `--validation ${validation}`

/** A held-out class that is not trained on would be left out of the figures in silence; often its name is misspelt. */
function refuseStrangers(
  flag: string,
  source: SourceId,
  { chosen, classes, counts }: { chosen: PatchClass[]; classes: PatchClass[]; counts: LabelCount[] },
): void {
  const strangers = classes.filter(
    (each) => !chosen.includes(each) && counts.some((count) => count.source === source && count.class === each.number),
  )
  if (strangers.length === 0) return
  const names = (some: readonly PatchClass[]) => some.map((each) => each.name).join(', ')
  throw tesseraError(
    'CLASS_UNKNOWN',
    `${flag} has classes that are not trained on: ${names(strangers)}. Trained on are: ${names(chosen)}. Give both the same names, or choose the classes with --classes.`,
    { class: names(strangers) },
  )
}

/** A folder or an IDX pair to measure on, or a share to hold out. */
async function validationOf(session: Session, { validation, validationIdx, mpp }: TrainOptions): Promise<Validation> {
  if (validationIdx) {
    const set = await addPatchSet(session, { idx: validationIdx }, '--validation-idx')
    return { kind: 'source', source: set.id }
  }
  if (validation === undefined) return { kind: 'fraction', fraction: 0.2, rule: 'auto' }
  const fraction = Number(validation)
  if (validation.trim() === '' || Number.isNaN(fraction)) {
    const set = await addPatchSet(session, { folder: validation, ...(mpp === undefined ? {} : { mpp }) })
    return { kind: 'source', source: set.id }
  }
  if (fraction === 0) return { kind: 'none' }
  if (fraction < 0 || fraction >= 1)
    throw tesseraError('USAGE', `--validation ${validation}: a folder, or a share from 0 to below 1, was expected.`, {})
  return { kind: 'fraction', fraction, rule: 'auto' }
}
