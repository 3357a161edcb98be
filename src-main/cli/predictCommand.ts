/** `tessera predict` and `tessera evaluate`: what a model says of patches, and how good that is. */
import type { Command } from 'commander'
import { tesseraError } from '../../src-shared/errors.ts'
import type { SlideId, SourceId } from '../../src-shared/ids.ts'
import type { Model } from '../../src-shared/models.ts'
import type { PatchSet } from '../../src-shared/patches.ts'
import { evaluate } from '../evaluation/evaluate.ts'
import { misreadPatches } from '../evaluation/misread.ts'
import { MOST_SHOWN } from '../exports/misreadSheet.ts'
import type { MisreadWritten, Rooms } from '../host/rooms.ts'
import { modelFile } from './modelFile.ts'
import { type DeviceOptions, withDeviceOptions } from './deviceCommand.ts'
import { type Session, withTemporaryProject } from './openRooms.ts'
import { output, withInterval } from './output.ts'
import { addPatchSet, addSlideFile } from './patchInputs.ts'
import { watchJob } from './progress.ts'
import { destination } from './destination.ts'
import { positive } from './slideCommands.ts'
import { applyTissueOptions, type TissueOptions, withTissueOptions } from './tissueOptions.ts'

type InputOptions = {
  model: string
  slide?: string
  folder?: string
  idx?: string[]
  mpp?: number
  tta?: boolean
  json?: boolean
} & DeviceOptions

/** What was said of test-time augmentation; nothing leaves it to the card. */
const testTimeOf = ({ tta }: InputOptions) =>
  tta === undefined ? {} : { testTime: tta ? ('d4' as const) : ('none' as const) }

export function addPredictCommands(program: Command): void {
  const predict = program
    .command('predict')
    .description('run a model on a slide, on a folder of patches, or on an IDX pair; write a CSV')
    .requiredOption('--model <onnx>', 'the model, its card beside it; or the name of one that comes with Tessera')
    .option('--slide <file>', 'a slide file')
    .option('--folder <dir>', 'a folder of pictures, with or without class sub-folders')
    .option('--idx <files...>', 'an IDX pair: images, labels')
    .option('--mpp <µm/px>', 'sampling of the slide or scale of the pictures, where the file does not say it', positive)
  withDeviceOptions(
    withTissueOptions(predict)
      .option('--tta', 'mean over all eight symmetries of a patch (default: as the card says)')
      .option('--no-tta', 'look at each patch once')
      .requiredOption('--out <csv>', 'file to write')
      .option('--json', 'one JSON object on stdout'),
  ).action(async (options: InputOptions & TissueOptions & { out: string }) => {
    const given = [options.slide, options.folder, options.idx].filter((each) => each !== undefined).length
    if (given !== 1)
      throw tesseraError('USAGE', 'Say what to predict: --slide FILE, --folder DIR, or --idx IMAGES LABELS.', {})
    const out = await destination(options.out)
    const { say, result } = output(options.json ?? false)
    await withTemporaryProject(async (session) => {
      const { rooms, handles } = session
      const model = await rooms.calls['models.import']({ file: handles.handleOf(await modelFile(options.model)) })
      await addClassesOf(session, model)
      const target = await targetOf(session, model, options)
      for (const note of await unknownScale(session, model, target.slides)) say(note)
      const [run] = await rooms.calls['predictions.start']({
        model: model.id,
        ...target,
        ...testTimeOf(options),
      })
      await watchJob(rooms, run!.job)
      await rooms.writeExport({ format: 'csv', source: run!.source, run: run!.id }, out)
      const ended = (await rooms.calls['predictions.runs']()).find(({ id }) => id === run!.id)!
      const unread = ended.unread ?? 0
      const patches = ended.total - unread
      if (unread > 0)
        say(`Note: ${unread} of ${ended.total} patches lie where the slide’s file is damaged; they are not in the CSV.`)
      result({ out, patches, unread, model: model.name }, `${out}: ${patches} patches`)
    }, options)
  })

  withDeviceOptions(
    program
      .command('evaluate')
      .description('how good a model is on patches whose class is known')
      .requiredOption('--model <onnx>', 'the model, its card beside it; or the name of one that comes with Tessera')
      .option('--folder <dir>', 'a folder with one sub-folder of pictures for each class')
      .option('--idx <files...>', 'an IDX pair: images, labels')
      .option('--mpp <µm/px>', 'scale of the pictures', positive)
      .option('--tta', 'mean over all eight symmetries of a patch (default: as the card says)')
      .option('--no-tta', 'look at each patch once')
      .option('--misread <csv>', 'write every patch it takes for another class, those it is surest of first')
      .option('--misread-sheet <png>', `draw them, at most ${MOST_SHOWN}, with what they are and were taken for`)
      .option('--json', 'one JSON object on stdout'),
  ).action(async (options: InputOptions & { misread?: string; misreadSheet?: string }) => {
    if ((options.folder === undefined) === (options.idx === undefined))
      throw tesseraError('USAGE', 'Say what to measure on: --folder DIR, or --idx IMAGES LABELS.', {})
    const csv = options.misread === undefined ? null : await destination(options.misread)
    const sheet = options.misreadSheet === undefined ? null : await destination(options.misreadSheet)
    await withTemporaryProject(async (session) => {
      const { rooms, handles } = session
      const model = await rooms.calls['models.import']({ file: handles.handleOf(await modelFile(options.model)) })
      const set = await addPatchSet(session, options)
      // before the work: what can not be compared need not be predicted
      const truth = await truthOf(rooms, set, model)
      const [run] = await rooms.calls['predictions.start']({
        model: model.id,
        slides: [],
        sets: [set.id],
        ...testTimeOf(options),
      })
      await watchJob(rooms, run!.job)
      const { probabilities } = await rooms.readPredictions(run!.id)
      const names = model.card.classes.map((each) => each.name)
      const figures = evaluate(probabilities, truth, names)
      const misread = misreadPatches(probabilities, truth, names.length)
      const what = { set, misread, classes: names, model: model.name }
      const written = await rooms.writeMisread(what, { csv, sheet })
      output(options.json ?? false).result(
        csv === null && sheet === null ? figures : { ...figures, misread: { patches: misread.length, ...written } },
        [
          `${figures.n} patches; always “${names[majority(figures.confusion)]}” would be ${(100 * figures.majorityBaseline).toFixed(1)} % right`,
          `accuracy           ${withInterval(figures.accuracy, figures.accuracyInterval)}`,
          `balanced accuracy  ${withInterval(figures.balancedAccuracy, figures.balancedAccuracyInterval)}`,
          `AUC                ${withInterval(figures.auc, figures.aucInterval)}`,
          '',
          confusionTable(names, figures.confusion),
          ...misreadInWords(misread.length, figures.n, written),
        ].join('\n'),
      )
    }, options)
  })
}

async function targetOf(
  session: Session,
  model: Model,
  options: InputOptions & TissueOptions,
): Promise<{ slides: SlideId[]; sets: SourceId[] }> {
  if (options.slide === undefined) return { slides: [], sets: [(await addPatchSet(session, options)).id] }
  const slide = await addSlideFile(session, options.slide, options.mpp)
  const asksForTissue = Object.keys(options).some((name) => /^(tissue|leaveOut)/.test(name))
  if (asksForTissue && slide.mppX !== null) {
    const { edgePx, mpp } = model.card.input
    const params = { edgePx, mpp: mpp ?? slide.mppX, stridePx: edgePx, offsetXPx: 0, offsetYPx: 0 }
    const grid = await session.rooms.calls['patches.createGrid']({ slide: slide.id, params })
    await applyTissueOptions(session.rooms, grid.id, options)
  }
  return { slides: [slide.id], sets: [] }
}

/** A model of pictures without a scale can be run on any slide; whether its tissue has the right size, nobody knows. */
async function unknownScale({ rooms }: Session, model: Model, slides: readonly SlideId[]): Promise<string[]> {
  if (model.card.input.mpp !== null) return []
  const all = await rooms.calls['slides.list']()
  return all
    .filter((slide) => slides.includes(slide.id))
    .map(
      (slide) =>
        `Note: “${model.name}” does not say at which µm/px it was trained, so it is shown “${slide.name}” at the slide's own ${slide.mppX}. Train with --mpp to be sure that both have the same.`,
    )
}

/** The temporary project has the classes of the model it is made for. */
async function addClassesOf({ rooms }: Session, model: Model): Promise<void> {
  const known = new Set((await rooms.calls['labels.classes']()).map((each) => each.name.toLowerCase()))
  for (const { name, colour } of model.card.classes)
    if (!known.has(name.toLowerCase())) await rooms.calls['labels.addClass']({ name, colour, key: null })
}

/**
 * The true class of each patch of a set as an index into the model's classes, in the order of the set, which is that of
 * a prediction run of all of it; names are compared without case.
 */
async function truthOf(rooms: Rooms, set: PatchSet, model: Model): Promise<Uint16Array> {
  const names = model.card.classes.map((each) => each.name)
  const [classes, labels] = await Promise.all([
    rooms.calls['labels.classes'](),
    rooms.calls['labels.of']({ source: set.id }),
  ])
  const indexOf = new Map(
    classes.map((each) => [each.number, names.findIndex((name) => name.toLowerCase() === each.name.toLowerCase())]),
  )
  const used = new Set(labels.class)
  const strangers = classes
    .filter((each) => used.has(each.number) && indexOf.get(each.number)! < 0)
    .map((each) => each.name)
  if (strangers.length > 0)
    throw tesseraError(
      'MODEL_CLASSES_MISMATCH',
      `The data has classes “${model.name}” does not know: ${strangers.join(', ')}. It knows: ${names.join(', ')}. Rename the folders, or take a model trained on these classes.`,
      { model: model.name, expected: names, actual: strangers },
    )
  const truth = new Map([...labels.patch].map((patch, i) => [patch, indexOf.get(labels.class[i]!)!]))
  return Uint16Array.from({ length: set.patches }, (_, patch) => {
    const known = truth.get(patch)
    if (known === undefined)
      throw tesseraError(
        'EVALUATION_NOT_POSSIBLE',
        `The class of patch ${patch} of “${set.name}” is not known, so it can not be said whether the model is right. Put every picture into a class folder.`,
        { reason: 'unlabelled patch' },
      )
    return known
  })
}

function misreadInWords(misread: number, measured: number, { csv, sheet, shown }: MisreadWritten): string[] {
  if (csv === null && sheet === null) return []
  const where = [csv, sheet === null ? null : `${sheet} (${shown} shown)`].filter((each) => each !== null)
  return ['', `${misread} of ${measured} misread: ${where.join(', ')}`]
}

const majority = (confusion: readonly number[][]): number => {
  const counts = confusion.map((row) => row.reduce((sum, each) => sum + each, 0))
  return counts.indexOf(Math.max(...counts))
}

function confusionTable(names: readonly string[], confusion: readonly number[][]): string {
  const width = Math.max(8, ...names.map((name) => name.length + 2))
  const row = (cells: readonly (string | number)[]) => cells.map((cell) => String(cell).padStart(width)).join('')
  return [row(['truth ↓', ...names]), ...names.map((name, k) => row([name, ...confusion[k]!]))].join('\n')
}
