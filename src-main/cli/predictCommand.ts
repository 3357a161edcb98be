/** `tessera predict` and `tessera evaluate`: what a model says of patches, and how good that is. */
import path from 'node:path'
import type { Command } from 'commander'
import { tesseraError } from '../../src-shared/errors.ts'
import type { SlideId, SourceId } from '../../src-shared/ids.ts'
import type { Model } from '../../src-shared/models.ts'
import type { PatchSet } from '../../src-shared/patches.ts'
import { evaluate } from '../evaluation/evaluate.ts'
import type { Rooms } from '../host/rooms.ts'
import { activeGrid } from './find.ts'
import { type DeviceOptions, withDeviceOptions } from './deviceCommand.ts'
import { type Session, withTemporaryProject } from './openRooms.ts'
import { output, withInterval } from './output.ts'
import { addPatchSet, addSlideFile } from './patchInputs.ts'
import { watchJob } from './progress.ts'
import { number, positive } from './slideCommands.ts'

type InputOptions = {
  model: string
  slide?: string
  folder?: string
  idx?: string[]
  mpp?: number
  json?: boolean
} & DeviceOptions

export function addPredictCommands(program: Command): void {
  withDeviceOptions(program.command('predict'))
    .description('run a model on a slide, on a folder of patches, or on an IDX pair; write a CSV')
    .requiredOption('--model <onnx>', 'the model; its card lies beside it')
    .option('--slide <file>', 'a slide file')
    .option('--folder <dir>', 'a folder of pictures, with or without class sub-folders')
    .option('--idx <files...>', 'an IDX pair: images, labels')
    .option('--mpp <µm/px>', 'sampling of the slide or scale of the pictures, where the file does not say it', positive)
    .option('--tissue [sensitivity]', 'slides: leave bare glass out; sensitivity from -1 to 1', (text: string) =>
      number(text),
    )
    .requiredOption('--out <csv>', 'file to write')
    .option('--json', 'one JSON object on stdout')
    .action(async (options: InputOptions & { out: string; tissue?: number | true }) => {
      const given = [options.slide, options.folder, options.idx].filter((each) => each !== undefined).length
      if (given !== 1)
        throw tesseraError('USAGE', 'Say what to predict: --slide FILE, --folder DIR, or --idx IMAGES LABELS.', {})
      await withTemporaryProject(async (session) => {
        const { rooms, handles } = session
        const model = await rooms.calls['models.import']({ file: handles.handleOf(path.resolve(options.model)) })
        const target = await targetOf(session, model, options)
        const [run] = await rooms.calls['predictions.start']({ model: model.id, ...target })
        await watchJob(rooms, run!.job)
        const out = path.resolve(options.out)
        await rooms.writeExport({ format: 'csv', source: run!.source, run: run!.id }, out)
        output(options.json ?? false).result(
          { out, patches: run!.total, model: model.name },
          `${out}: ${run!.total} patches`,
        )
      }, options)
    })

  withDeviceOptions(program.command('evaluate'))
    .description('how good a model is on patches whose class is known')
    .requiredOption('--model <onnx>', 'the model; its card lies beside it')
    .option('--folder <dir>', 'a folder with one sub-folder of pictures for each class')
    .option('--idx <files...>', 'an IDX pair: images, labels')
    .option('--mpp <µm/px>', 'scale of the pictures', positive)
    .option('--json', 'one JSON object on stdout')
    .action(async (options: InputOptions) => {
      if ((options.folder === undefined) === (options.idx === undefined))
        throw tesseraError('USAGE', 'Say what to measure on: --folder DIR, or --idx IMAGES LABELS.', {})
      await withTemporaryProject(async (session) => {
        const { rooms, handles } = session
        const model = await rooms.calls['models.import']({ file: handles.handleOf(path.resolve(options.model)) })
        const set = await addPatchSet(session, options)
        const [run] = await rooms.calls['predictions.start']({ model: model.id, slides: [], sets: [set.id] })
        await watchJob(rooms, run!.job)
        const { patch, probabilities } = await rooms.readPredictions(run!.id)
        const truth = await truthOf(rooms, set, model, patch)
        const names = model.card.classes.map((each) => each.name)
        const result = evaluate(probabilities, truth, names)
        output(options.json ?? false).result(
          result,
          [
            `${result.n} patches; always “${names[majority(result.confusion)]}” would be ${(100 * result.majorityBaseline).toFixed(1)} % right`,
            `accuracy           ${withInterval(result.accuracy, result.accuracyInterval)}`,
            `balanced accuracy  ${withInterval(result.balancedAccuracy, result.balancedAccuracyInterval)}`,
            `AUC                ${withInterval(result.auc, result.aucInterval)}`,
            '',
            confusionTable(names, result.confusion),
          ].join('\n'),
        )
      }, options)
    })
}

async function targetOf(
  session: Session,
  model: Model,
  options: InputOptions & { tissue?: number | true },
): Promise<{ slides: SlideId[]; sets: SourceId[] }> {
  if (options.slide === undefined) return { slides: [], sets: [(await addPatchSet(session, options)).id] }
  const slide = await addSlideFile(session, options.slide, options.mpp)
  if (options.tissue !== undefined && slide.mppX !== null) {
    const { edgePx, mpp } = model.card.input
    const params = { edgePx, mpp: mpp ?? slide.mppX, stridePx: edgePx, offsetXPx: 0, offsetYPx: 0 }
    await session.rooms.calls['patches.createGrid']({ slide: slide.id, params })
    const grid = await activeGrid(session.rooms, slide)
    const sensitivity = options.tissue === true ? 0 : options.tissue
    await session.rooms.calls['labels.setMask']({
      grid: grid.id,
      params: { method: 'otsu-saturation', sensitivity, closing: 16, minimumShare: 0.25 },
    })
  }
  return { slides: [slide.id], sets: [] }
}

/** The true class of each patch as an index into the model's classes; names are compared without case. */
async function truthOf(rooms: Rooms, set: PatchSet, model: Model, patches: Uint32Array): Promise<Uint16Array> {
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
  return Uint16Array.from(patches, (patch) => {
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

const majority = (confusion: readonly number[][]): number => {
  const counts = confusion.map((row) => row.reduce((sum, each) => sum + each, 0))
  return counts.indexOf(Math.max(...counts))
}

function confusionTable(names: readonly string[], confusion: readonly number[][]): string {
  const width = Math.max(8, ...names.map((name) => name.length + 2))
  const row = (cells: readonly (string | number)[]) => cells.map((cell) => String(cell).padStart(width)).join('')
  return [row(['truth ↓', ...names]), ...names.map((name, k) => row([name, ...confusion[k]!]))].join('\n')
}
