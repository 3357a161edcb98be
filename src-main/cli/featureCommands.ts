/** `tessera features …`: what an encoder makes of patches, kept in a project and as files that other programs read. */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { type Command, Option } from 'commander'
import type { EncoderCard } from '../../src-shared/encoders.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { FeatureElement } from '../../src-shared/features.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import { fileName } from '../exports/handlers.ts'
import { fileError } from '../files/fileErrors.ts'
import { destination } from './destination.ts'
import { type EncoderOptions, encoderInWords, resizedInWords, withEncoderOptions, wordsOf } from './encoderOptions.ts'
import { findSlide } from './find.ts'
import { encoderFrom } from './modelFile.ts'
import { type Session, withProject, withTemporaryProject } from './openRooms.ts'
import { output } from './output.ts'
import { addPatchSet } from './patchInputs.ts'
import { watchJob } from './progress.ts'
import { positive, wholeFrom } from './slideCommands.ts'

type ExtractOptions = EncoderOptions & {
  folder?: string
  idx?: string[]
  mpp?: number
  slide?: string
  element: FeatureElement
  out: string
  json?: boolean
}

export function addFeatureCommands(program: Command): void {
  const features = program.command('features').description('features of patches by an encoder')
  withEncoderOptions(
    features
      .command('extract')
      .description('write the features of patches as HDF5; of a project they are also kept in it')
      .argument('[project]', 'all slides and patch sets of a project, one file for each'),
  )
    .option('--folder <dir>', 'a folder of pictures, with or without class sub-folders')
    .option('--idx <files...>', 'an IDX pair: images, labels')
    .option('--mpp <µm/px>', 'scale of the pictures', positive)
    .option('--slide <name>', 'project: only this slide, by name or id')
    .addOption(
      new Option('--element <type>', 'project: how features are kept in it')
        .choices(['float32', 'float16'])
        .default('float32'),
    )
    .requiredOption('--out <h5>', 'file to write; of a project with more than one slide or set a folder')
    .option('--json', 'one JSON object on stdout')
    .action(async (project: string | undefined, options: ExtractOptions) => {
      const given = [project, options.folder, options.idx].filter((each) => each !== undefined).length
      if (given !== 1)
        throw tesseraError(
          'USAGE',
          'Say what to take features of: a project, --folder DIR, or --idx IMAGES LABELS.',
          {},
        )
      if (project !== undefined) return extractProject(project, options)
      await withTemporaryProject(async (session) => {
        const set = await addPatchSet(session, options)
        const out = await destination(options.out)
        const made = await extract(session, [set], () => out, options)
        output(options.json ?? false).result(...inWords(made, { out }))
      })
    })

  features
    .command('import')
    .description('take over features of a slide that Tessera, TRIDENT or CLAM wrote as HDF5')
    .argument('<project>')
    .argument('<h5>')
    .option('--slide <name>', 'name or id of the slide')
    .option(
      '--patch-edge <px>',
      'edge of a patch in px of level 0, where the file does not say it',
      wholeFrom(1, 65536),
    )
    .option('--json', 'one JSON object on stdout')
    .action(async (folder: string, file: string, options: { slide?: string; patchEdge?: number; json?: boolean }) => {
      await withProject(folder, { readonly: false }, async ({ rooms, handles }) => {
        const slide = await findSlide(rooms, options.slide)
        const set = await rooms.calls['features.importH5']({
          file: handles.handleOf(path.resolve(file)),
          slide: slide.id,
          edgeLevel0: options.patchEdge ?? null,
        })
        const encoder = (await rooms.calls['encoders.list']()).find(({ id }) => id === set.encoder)!
        output(options.json ?? false).result(
          { set, encoder: encoder.card },
          `${slide.name}: ${set.rows} patches × ${set.dimensions} features by ${encoder.card.name}`,
        )
      })
    })
}

/** Every slide's grid that is shown, and every patch set; or one slide's. */
async function extractProject(folder: string, options: ExtractOptions): Promise<void> {
  await withProject(folder, { readonly: false }, async (session) => {
    const { rooms } = session
    const slide = options.slide === undefined ? null : await findSlide(rooms, options.slide)
    const all = await rooms.calls['patches.sources']()
    const wanted = all.filter((source) =>
      source.kind === 'grid' ? source.active && (slide === null || source.slide === slide.id) : slide === null,
    )
    if (wanted.length === 0)
      throw tesseraError('NOTHING_TO_EXPORT', `“${folder}” has no slide with a grid and no patch set.`, {
        what: folder,
      })
    const [only] = wanted
    const toFolder = wanted.length > 1
    const out = toFolder ? path.resolve(options.out) : await destination(options.out)
    if (toFolder) await makeFolder(out)
    const taken = new Set<string>()
    const fileOf = (name: string): string => {
      if (!toFolder) return out
      for (let n = 1; ; n++) {
        const file = fileName(n === 1 ? name : `${name} (${n})`, 'h5')
        if (taken.has(file)) continue
        taken.add(file)
        return path.join(out, file)
      }
    }
    const made = await extract(session, only ? wanted : [], fileOf, options)
    output(options.json ?? false).result(...inWords(made, { out }))
  })
}

type Made = {
  encoder: EncoderCard
  seconds: number
  sets: { name: string; out: string; patches: number; new: number }[]
}

async function extract(
  { rooms, handles }: Session,
  sources: readonly PatchSource[],
  fileOf: (name: string) => string,
  options: ExtractOptions,
): Promise<Made> {
  const { say } = output(options.json ?? false)
  const encoder = await rooms.calls['encoders.add']({
    from: encoderFrom(options.encoder, (file) => handles.handleOf(file)),
    words: wordsOf(options),
  })
  say(encoderInWords(encoder.card))
  for (const source of sources)
    if (source.kind === 'set') for (const note of resizedInWords(encoder.card, source)) say(note)
  const before = new Map((await rooms.calls['features.sets']()).map((set) => [set.id, set.rows]))
  const begun = performance.now()
  const started = await rooms.calls['features.extract']({
    encoder: encoder.id,
    sources: sources.map(({ id }) => id),
    element: options.element,
  })
  for (const set of started) if (set.job !== null && set.rows < set.total) await watchJob(rooms, set.job)
  const seconds = (performance.now() - begun) / 1000
  const done = new Map((await rooms.calls['features.sets']()).map((set) => [set.id, set]))
  const slides = await rooms.calls['slides.list']()
  const sets = []
  for (const [i, { id }] of started.entries()) {
    const source = sources[i]!
    const name = source.kind === 'set' ? source.name : slides.find((slide) => slide.id === source.slide)!.name
    const out = fileOf(name.replace(/\.[a-z0-9]{2,4}$/i, ''))
    await rooms.writeExport({ format: 'features', set: id }, out)
    const patches = done.get(id)!.rows
    sets.push({ name, out, patches, new: patches - (before.get(id) ?? 0) })
  }
  return { encoder: encoder.card, seconds, sets }
}

/** For a program and for a person. */
function inWords({ encoder, seconds, sets }: Made, { out }: { out: string }): [object, string] {
  const patches = sets.reduce((sum, set) => sum + set.patches, 0)
  const rate = sets.reduce((sum, set) => sum + set.new, 0) / seconds
  return [
    {
      out,
      patches,
      dimensions: encoder.dimensions,
      encoder: { ...encoder, sha256: encoder.weights.sha256 },
      seconds,
      patchesPerSecond: rate,
      sets,
    },
    [
      ...(sets.length > 1 ? sets.map((set) => `${set.out}: ${set.patches} patches`) : []),
      `${out}: ${patches} patches × ${encoder.dimensions} features, ${Math.round(rate)} patches/s`,
    ].join('\n'),
  ]
}

const makeFolder = (folder: string): Promise<unknown> =>
  mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(folder, error)
  })
