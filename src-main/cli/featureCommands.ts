/** `tessera features …`: what an encoder makes of patches, as a file that other programs read. */
import path from 'node:path'
import type { Command } from 'commander'
import { tesseraError } from '../../src-shared/errors.ts'
import { readFeatures } from '../features/featureFile.ts'
import { writeFeatureH5 } from '../features/featureH5.ts'
import { destination } from './destination.ts'
import { type EncoderOptions, encoderInWords, resizedInWords, withEncoderOptions, wordsOf } from './encoderOptions.ts'
import { encoderFile } from './modelFile.ts'
import { withTemporaryProject } from './openRooms.ts'
import { output } from './output.ts'
import { addPatchSet } from './patchInputs.ts'
import { watchWork } from './progress.ts'
import { positive } from './slideCommands.ts'

type ExtractOptions = EncoderOptions & {
  folder?: string
  idx?: string[]
  mpp?: number
  out: string
  json?: boolean
}

export function addFeatureCommands(program: Command): void {
  const features = program.command('features').description('features of patches by an encoder')
  withEncoderOptions(features.command('extract').description('write the features of patches as HDF5'))
    .option('--folder <dir>', 'a folder of pictures, with or without class sub-folders')
    .option('--idx <files...>', 'an IDX pair: images, labels')
    .option('--mpp <µm/px>', 'scale of the pictures', positive)
    .requiredOption('--out <h5>', 'file to write')
    .option('--json', 'one JSON object on stdout')
    .action(async (options: ExtractOptions) => {
      if ((options.folder === undefined) === (options.idx === undefined))
        throw tesseraError('USAGE', 'Say what to take features of: --folder DIR, or --idx IMAGES LABELS.', {})
      const out = await destination(options.out)
      const file = await encoderFile(options.encoder)
      const { say, result } = output(options.json ?? false)
      await withTemporaryProject(async (session) => {
        const { rooms } = session
        const set = await addPatchSet(session, options)
        await rooms.withEncoder(file, wordsOf(options), async (encoder) => {
          say(encoderInWords(encoder.card))
          for (const note of resizedInWords(encoder.card, set)) say(note)
          const patches = Uint32Array.from({ length: set.patches }, (_, patch) => patch)
          const file = path.join(rooms.featuresFolder, 'features.f32')
          const begun = performance.now()
          await watchWork('Features', 'patches', (report, signal) =>
            encoder.extract({
              source: set,
              patches,
              file,
              signal,
              onProgress: (done) => report(done, patches.length, 'encoding'),
            }),
          )
          const seconds = (performance.now() - begun) / 1000
          const [classes, labels] = await Promise.all([
            rooms.calls['labels.classes'](),
            rooms.calls['labels.of']({ source: set.id }),
          ])
          const nameOf = new Map(classes.map(({ number, name }) => [number, name]))
          const labelOf = new Map([...labels.patch].map((patch, i) => [patch, nameOf.get(labels.class[i]!) ?? '']))
          const files = rooms.filesOf(set.id)
          await writeFeatureH5(out, {
            name: set.name,
            encoder: encoder.card,
            features: await readFeatures(file, patches.length, encoder.card.dimensions),
            patches: patches.length,
            places: null,
            files: files.size === 0 ? null : Array.from(patches, (patch) => files.get(patch) ?? ''),
            labels: labelOf.size === 0 ? null : Array.from(patches, (patch) => labelOf.get(patch) ?? ''),
          })
          const { card } = encoder
          const rate = patches.length / seconds
          result(
            {
              out,
              patches: patches.length,
              dimensions: card.dimensions,
              encoder: { ...card, sha256: card.weights.sha256 },
              seconds,
              patchesPerSecond: rate,
            },
            `${out}: ${patches.length} patches × ${card.dimensions} features, ${Math.round(rate)} patches/s`,
          )
        })
      })
    })
}
