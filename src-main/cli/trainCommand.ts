/** `tessera train`: from labelled patches to a model file with its card. */
import path from 'node:path'
import { type Command, Option } from 'commander'
import { tesseraError } from '../../src-shared/errors.ts'
import type { Job } from '../../src-shared/jobs.ts'
import type { ModelCard } from '../../src-shared/models.ts'
import { PresetName } from '../../src-shared/networks.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import { type TrainingLength, TrainingSettings, type Validation } from '../../src-shared/training.ts'
import { cardFileOf } from '../models/modelFiles.ts'
import type { Rooms } from '../host/rooms.ts'
import { type DeviceOptions, withDeviceOptions } from './deviceCommand.ts'
import { type Session, withProject, withTemporaryProject } from './openRooms.ts'
import { output, withInterval } from './output.ts'
import { addPatchSet } from './patchInputs.ts'
import { clock, watchJob } from './progress.ts'
import { positive, wholeFrom } from './slideCommands.ts'

type TrainOptions = {
  folder?: string
  idx?: string[]
  model: string
  name?: string
  network: PresetName
  epochs?: number
  minutes?: number
  steps?: number
  lr?: number
  batch?: number
  seed: number
  validation?: string
  classes?: string
  flips: boolean
  turns: boolean
  stain?: number
  colour?: number
  balance: boolean
  mpp?: number
  json?: boolean
} & DeviceOptions

const DEFAULT_EPOCHS = 10

export function addTrainCommand(program: Command): void {
  withDeviceOptions(program.command('train'))
    .description('train a network on the labels of a project, on class folders, or on an IDX pair')
    .argument('[project]', 'project folder; its labelled patches are the data')
    .option('--folder <dir>', 'a folder with one sub-folder of pictures for each class')
    .option('--idx <files...>', 'an IDX pair as of MNIST: images, labels')
    .requiredOption('--model <onnx>', 'file to write; the card is written beside it')
    .option('--name <name>', 'name of the model (default: that of the file)')
    .addOption(new Option('--network <preset>', 'network').choices(PresetName.options).default('small-resnet'))
    .addOption(
      new Option('--epochs <n>', 'length: times through the data').argParser(positive).conflicts(['minutes', 'steps']),
    )
    .addOption(
      new Option('--minutes <n>', 'length: about this long; a short timing turns it into steps')
        .argParser(positive)
        .conflicts(['epochs', 'steps']),
    )
    .addOption(
      new Option('--steps <n>', 'length: exactly this many steps, as a card says them')
        .argParser(wholeFrom(1))
        .conflicts(['epochs', 'minutes']),
    )
    .option('--lr <rate>', 'highest learning rate', positive)
    .option('--batch <n>', 'patches in a step', wholeFrom(1))
    .option('--seed <n>', 'same seed and steps, same weights', wholeFrom(0), 1)
    .option('--validation <dir|fraction>', 'measure on this folder, or hold out this share (default: 0.2; 0 = none)')
    .option('--classes <names>', 'only these classes, separated by commas')
    .option('--no-flips', 'no mirror images')
    .option('--no-turns', 'no turns by 90°')
    .option('--stain <strength>', 'stain jitter, 0 = off', Number)
    .option('--colour <strength>', 'brightness, contrast and saturation jitter, 0 = off', Number)
    .option('--no-balance', 'draw patches as often as they come, not every class equally often')
    .option('--mpp <µm/px>', 'scale of the pictures of --folder', positive)
    .option('--json', 'one JSON object on stdout')
    .action(async (project: string | undefined, options: TrainOptions) => {
      const given = [project, options.folder, options.idx].filter((each) => each !== undefined).length
      if (given !== 1)
        throw tesseraError('USAGE', 'Say what to train on: a project, --folder DIR, or --idx IMAGES LABELS.', {})
      const train = (session: Session) => trainIn(session, options)
      await (project === undefined
        ? withTemporaryProject(train, options)
        : withProject(project, { ...options, readonly: false }, train))
    })
}

async function trainIn(session: Session, options: TrainOptions): Promise<void> {
  const { rooms } = session
  const out = output(options.json ?? false)
  const set = options.folder !== undefined || options.idx ? await addPatchSet(session, options) : null
  const settings = await settingsOf(session, options, set ? [set] : await labelledSources(rooms))
  const plan = await rooms.calls['training.plan'](settings)
  if (plan.split) {
    out.say(
      `${plan.split.training.patches} patches to train on: ${plan.classNames.map((name, k) => `${plan.split!.training.perClass[k]} ${name}`).join(', ')}.`,
    )
    out.say(plan.split.sentence)
  }
  for (const warning of plan.warnings) out.say(`Note: ${warning}`)
  const run = await rooms.calls['training.start'](settings)
  const followed = followOnTerminal(rooms, run.id, out.say)
  const job = await watchJob(rooms, run.job)
  await followed
  const trained = (await rooms.calls['training.runs']()).find((each) => each.id === run.id)!
  const { card } = (await rooms.calls['models.list']()).find((model) => model.id === trained.model)!
  const file = path.resolve(options.model)
  await rooms.writeExport({ format: 'model', model: card.id }, file)
  out.result({ model: file, card: cardFileOf(file), ...summary(card) }, sentence(file, card, job))
}

const summary = (card: ModelCard) => ({
  steps: card.training.steps,
  epochs: card.training.epochs,
  bestStep: card.training.bestStep,
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
    `${file}: ${steps} steps (${epochs.toFixed(1)} epochs) in ${clock(seconds)} on ${card.versions.device}, ${Math.round(card.weights.bytes / 1024)} kB`,
  ]
  if (card.validation) {
    lines.push(`held out: ${card.validation.n} patches`)
    lines.push(
      `balanced accuracy ${withInterval(card.validation.balancedAccuracy, card.validation.balancedAccuracyInterval)}`,
    )
    lines.push(`AUC               ${withInterval(card.validation.auc, card.validation.aucInterval)}`)
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
          `step ${point.step}, epoch ${point.epoch.toFixed(1)}: loss ${point.loss.toFixed(4)}, accuracy ${accuracy.toFixed(4)}${auc === null ? '' : `, AUC ${auc.toFixed(4)}`}${point.best ? '  (best)' : ''}`,
        )
      }
}

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
  const name = options.name ?? path.basename(options.model).replace(/\.onnx$/i, '')
  const validation = await validationOf(session, options)
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
  const isPicture = sources.some((source) => source.kind === 'set' && source.channels === 1)
  return TrainingSettings.parse({
    name,
    classes: chosen.map((each) => each.number),
    sources: used,
    network: options.network,
    length: lengthOf(options),
    ...(options.lr === undefined ? {} : { learningRate: options.lr }),
    ...(options.batch === undefined ? {} : { batchSize: options.batch }),
    augmentation: {
      // A mirrored digit is another digit; tissue has no up.
      flips: options.flips && !isPicture,
      turns: options.turns && !isPicture,
      ...(options.stain === undefined ? {} : { stain: options.stain }),
      ...(options.colour === undefined ? {} : { colour: options.colour }),
    },
    balanced: options.balance,
    validation,
    seed: options.seed,
  })
}

function lengthOf({ epochs, minutes, steps }: TrainOptions): TrainingLength {
  if (minutes !== undefined) return { kind: 'minutes', minutes }
  if (steps !== undefined) return { kind: 'steps', steps }
  return { kind: 'epochs', epochs: epochs ?? DEFAULT_EPOCHS }
}

/** A folder to measure on, or a share to hold out. */
async function validationOf(session: Session, { validation, mpp }: TrainOptions): Promise<Validation> {
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
