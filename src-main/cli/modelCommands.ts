/** `tessera models …`: models as files. */
import path from 'node:path'
import type { Command } from 'commander'
import type { EncoderCard } from '../../src-shared/encoders.ts'
import type { Evaluation } from '../../src-shared/evaluation.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { cardFileOf } from '../models/modelFiles.ts'
import { shippedEncoders } from '../features/shippedEncoders.ts'
import { shippedEncodersFolder, shippedModelsFolder } from '../host/resources.ts'
import { shippedModels } from '../models/shipped.ts'
import { modelFile } from './modelFile.ts'
import { edgesInWords } from './encoderOptions.ts'
import { withTemporaryProject } from './openRooms.ts'
import { output, withInterval } from './output.ts'

type Shipped = { name: string; classes: string[]; edgePx: number; mpp: number | null; validation: Evaluation | null }

const line = ({ name, classes, edgePx, mpp, validation }: Shipped): string =>
  [
    name,
    classes.join(', '),
    `${edgePx} px at ${mpp ?? 'any'} µm/px`,
    validation && `balanced accuracy ${withInterval(validation.balancedAccuracy, validation.balancedAccuracyInterval)}`,
  ]
    .filter((part) => part !== null)
    .join('; ')

type ShippedEncoder = { name: string; dimensions: number; input: EncoderCard['input'] }

const encoderLine = ({ name, dimensions, input }: ShippedEncoder): string =>
  `${name}; encoder, ${dimensions} features; ${edgesInWords(input)} px at ${input.mpp ?? 'any'} µm/px`

const collect = (value: string, before: string[] = []): string[] => [...before, value]

export function addModelCommands(program: Command): void {
  const models = program.command('models').description('models as files, and those that come with Tessera')
  models
    .command('list')
    .description('the models and encoders that come with Tessera, by the names --model and --encoder take')
    .option('--json', 'one JSON object on stdout')
    .action(async (options: { json?: boolean }) => {
      const found = await shippedModels(shippedModelsFolder)
      const about = found.map(({ key, card }) => ({
        name: key,
        file: path.join(shippedModelsFolder, `${key}.onnx`),
        classes: card.classes.map((each) => each.name),
        edgePx: card.input.edgePx,
        mpp: card.input.mpp,
        validation: card.validation,
        bytes: card.weights.bytes,
      }))
      const encoders = (await shippedEncoders(shippedEncodersFolder)).map(({ key, file, card }) => ({
        name: key,
        file,
        dimensions: card.dimensions,
        input: card.input,
        bytes: card.weights.bytes,
      }))
      output(options.json ?? false).result(
        { models: about, encoders },
        [...about.map(line), ...encoders.map(encoderLine)].join('\n') || 'none',
      )
    })
  models
    .command('ensemble')
    .description('several models in one file that answers with the mean of their probabilities')
    .requiredOption('--model <onnx>', 'a member, its card beside it; give it twice or more', collect)
    .requiredOption('--out <onnx>', 'file to write; the card is written beside it')
    .option('--name <name>', 'name of the ensemble (default: that of the file)')
    .option('--json', 'one JSON object on stdout')
    .action(async (options: { model: string[]; out: string; name?: string; json?: boolean }) => {
      if (options.model.length < 2)
        throw tesseraError('USAGE', 'An ensemble needs at least two models: --model A.onnx --model B.onnx.', {})
      await withTemporaryProject(async ({ rooms, handles }) => {
        const members = []
        for (const file of options.model)
          members.push(await rooms.calls['models.import']({ file: handles.handleOf(await modelFile(file)) }))
        const name = options.name ?? path.basename(options.out).replace(/\.onnx$/i, '')
        const { card } = await rooms.calls['models.ensemble']({ models: members.map(({ id }) => id), name })
        const out = path.resolve(options.out)
        await rooms.writeExport({ format: 'model', model: card.id }, out)
        output(options.json ?? false).result(
          { model: out, card: cardFileOf(out), members: card.members, sha256: card.weights.sha256 },
          `${out}: ${card.members.map((member) => member.name).join(' + ')}, ${Math.round(card.weights.bytes / 1024)} kB`,
        )
      })
    })
}
