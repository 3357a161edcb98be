/** `tessera project …`, `patches`, `labels …`, `export`: a project's slides, grids, labels and files. */
import path from 'node:path'
import type { Command } from 'commander'
import { tesseraError, toError } from '../../src-shared/errors.ts'
import type { ExportRequest } from '../../src-shared/exports.ts'
import type { PredictionRun } from '../../src-shared/predictions.ts'
import { micronPerPx } from '../../src-shared/units.ts'
import { restoreBackup } from '../projects/projectStore.ts'
import { activeGrid, findSlide } from './find.ts'
import { withNewProject, withProject } from './openRooms.ts'
import { output, pairs } from './output.ts'
import { destination } from './destination.ts'
import { positive, wholeFrom } from './slideCommands.ts'
import { applyTissueOptions, type TissueOptions, withTissueOptions } from './tissueOptions.ts'

const collect = (value: string, before: string[]): string[] => [...before, value]

export function addProjectCommands(program: Command): void {
  const project = program.command('project').description('make a project and add slides to it')

  project
    .command('create')
    .description('a new project in a new folder')
    .argument('<dir>')
    .option('--name <name>', 'name of the project (default: name of the folder)')
    .option('--json', 'one JSON object on stdout')
    .action(async (dir: string, options: { name?: string; json?: boolean }) => {
      const folder = path.resolve(dir)
      await withNewProject(folder, options.name ?? path.basename(folder), async ({ rooms }) => {
        output(options.json ?? false).result({ folder, ...rooms.project }, folder)
      })
    })

  project
    .command('add-slide')
    .description('add slide files to a project; each keeps its place on the disk')
    .argument('<project>')
    .argument('<file...>')
    .option('--mpp <µm/px>', 'sampling of the slides, where their files do not say it', positive)
    .option('--case <name>', 'the case (patient) the slides are of (default: each is its own)')
    .option('--json', 'one JSON object on stdout')
    .action(async (folder: string, files: string[], options: { mpp?: number; case?: string; json?: boolean }) => {
      await withProject(folder, { readonly: false }, async ({ rooms, handles }) => {
        const { added, refused } = await rooms.calls['slides.add']({
          files: files.map((file) => handles.handleOf(file)),
        })
        if (options.case !== undefined && added.length > 0)
          await rooms.calls['slides.assignCase']({ slides: added.map((slide) => slide.id), caseName: options.case })
        for (const slide of added)
          if (options.mpp !== undefined && slide.mppX === null)
            await rooms.calls['slides.setMpp']({
              slide: slide.id,
              mppX: micronPerPx(options.mpp),
              mppY: micronPerPx(options.mpp),
            })
        const slides = (await rooms.calls['slides.list']()).filter((slide) =>
          added.some((each) => each.id === slide.id),
        )
        output(options.json ?? false).result(
          { added: slides, refused, ...(refused[0] ? { error: refused[0].fault } : {}) },
          [
            ...slides.map(
              (slide) => `${slide.name}: ${slide.width} × ${slide.height} px, ${slide.mppX ?? 'unknown'} µm/px`,
            ),
            ...refused.map((each) => `${each.name}: ${each.fault.message}`),
          ].join('\n'),
        )
        if (refused.length > 0) throw toError(refused[0]!.fault)
      })
    })

  project
    .command('info')
    .description('what is in a project')
    .argument('<project>')
    .option('--json', 'one JSON object on stdout')
    .action(async (folder: string, options: { json?: boolean }) => {
      await withProject(folder, { readonly: true }, async ({ rooms }) => {
        const [slides, sources, classes, counts, models, runs] = await Promise.all([
          rooms.calls['slides.list'](),
          rooms.calls['patches.sources'](),
          rooms.calls['labels.classes'](),
          rooms.calls['labels.counts'](),
          rooms.calls['models.list'](),
          rooms.calls['predictions.runs'](),
        ])
        const labelled = (number: number) =>
          counts.filter((each) => each.class === number).reduce((sum, each) => sum + each.count, 0)
        output(options.json ?? false).result(
          { project: rooms.project, slides, sources, classes, counts, models, predictions: runs },
          pairs([
            ['project', rooms.project.name],
            ['slides', slides.map((slide) => slide.name).join(', ') || null],
            ['grids and sets', sources.length],
            ...classes.map((each) => [`labels ${each.name}`, labelled(each.number)] as const),
            ['models', models.map((model) => model.name).join(', ') || null],
            ['prediction runs', runs.length],
          ]),
        )
      })
    })

  project
    .command('restore')
    .description('bring a backup in as the database; what stands there is set aside, not deleted')
    .argument('<project>')
    .option('--backup <name>', 'which backup (default: the newest)')
    .option('--json', 'one JSON object on stdout')
    .action(async (folder: string, options: { backup?: string; json?: boolean }) => {
      const restored = restoreBackup(path.resolve(folder), options.backup ?? null, { who: 'the command line' })
      output(options.json ?? false).result(restored.project, `“${restored.project.name}” restored.`)
      restored.close()
    })

  const patches = program
    .command('patches')
    .description('lay a grid of patches over a slide')
    .argument('<project>')
    .option('--slide <name>', 'name or id of the slide')
    .requiredOption('--size <px>', 'edge of a patch, px at --mpp', wholeFrom(2, 4096))
    .option('--mpp <µm/px>', 'scale of the patches (default: that of the slide)', positive)
    .option('--stride <px>', 'distance between patches, px at --mpp (default: the edge)', wholeFrom(1, 65536))
    .option('--offset-x <px>', 'left edge of the first patch, px at --mpp', wholeFrom(0), 0)
    .option('--offset-y <px>', 'top edge of the first patch, px at --mpp', wholeFrom(0), 0)
  withTissueOptions(patches)
    .option('--tissue-preset <name>', 'tissue settings the project keeps under this name')
    .option('--json', 'one JSON object on stdout')
    .action(
      async (
        folder: string,
        options: {
          slide?: string
          size: number
          mpp?: number
          stride?: number
          offsetX: number
          offsetY: number
          json?: boolean
        } & TissueOptions,
      ) => {
        await withProject(folder, { readonly: false }, async ({ rooms }) => {
          const slide = await findSlide(rooms, options.slide)
          // to three digits, as in the grid every new slide gets
          const mpp = options.mpp ?? (slide.mppX === null ? null : Number(slide.mppX.toPrecision(3)))
          if (mpp === null)
            throw tesseraError(
              'SLIDE_MPP_NEEDED',
              `It is not known how finely “${slide.name}” was scanned. Say it when adding the slide (--mpp).`,
              { slide: slide.id, found: slide.fileMpp?.x ?? null },
            )
          const params = {
            edgePx: options.size,
            mpp: micronPerPx(mpp),
            stridePx: options.stride ?? options.size,
            offsetXPx: options.offsetX,
            offsetYPx: options.offsetY,
          }
          const made = await rooms.calls['patches.createGrid']({ slide: slide.id, params })
          await applyTissueOptions(rooms, made.id, options)
          const grid = await activeGrid(rooms, slide)
          const mask = await rooms.calls['patches.mask']({ grid: grid.id })
          const counting = mask ? mask.inside.reduce((sum, each) => sum + each, 0) : grid.columns * grid.rows
          output(options.json ?? false).result(
            { ...grid, patches: counting },
            `${grid.columns} × ${grid.rows} patches of ${grid.edgeX} × ${grid.edgeY} level-0 px on “${slide.name}”${mask ? `, ${counting} of them tissue` : ''}`,
          )
        })
      },
    )

  const labels = program.command('labels').description('labels of patches')
  labels
    .command('import')
    .description('labels from a CSV file: label and col,row and / or x,y (level-0 px, top left); one undo step')
    .argument('<project>')
    .option('--slide <name>', 'name or id of the slide')
    .requiredOption('--csv <file>', 'file to read')
    .option('--map <from=to>', 'name in the file = name of a class; can be repeated', collect, [])
    .option('--create-classes', 'make the classes that are missing')
    .option('--shift-by-bounds', 'x,y count from the corner of the slide’s bounds, as in QuPath')
    .option('--person <name>', 'who labelled (default: your user name)')
    .option('--json', 'one JSON object on stdout')
    .action(
      async (
        folder: string,
        options: {
          slide?: string
          csv: string
          map: string[]
          createClasses?: boolean
          shiftByBounds?: boolean
          person?: string
          json?: boolean
        },
      ) => {
        const map = Object.fromEntries(
          options.map.map((each) => {
            const at = each.indexOf('=')
            if (at < 1 || at === each.length - 1)
              throw tesseraError('USAGE', `--map ${each}: write it as name-in-the-file=class.`, {})
            return [each.slice(0, at), each.slice(at + 1)]
          }),
        )
        await withProject(
          folder,
          { readonly: false, ...(options.person ? { person: options.person } : {}) },
          async ({ rooms, handles }) => {
            const grid = await activeGrid(rooms, await findSlide(rooms, options.slide))
            const result = await rooms.calls['labels.importCsv']({
              source: grid.id,
              file: handles.handleOf(path.resolve(options.csv)),
              map,
              createClasses: options.createClasses ?? false,
              shiftByBounds: options.shiftByBounds ?? false,
            })
            const changed = result.change?.labels.reduce((sum, diff) => sum + diff.patch.length, 0) ?? 0
            output(options.json ?? false).result(
              { read: result.read, unlabelled: result.unlabelled, changed },
              `${result.read} rows read, ${changed} patches changed${result.unlabelled > 0 ? `, ${result.unlabelled} without a label` : ''}`,
            )
          },
        )
      },
    )

  program
    .command('export')
    .description('labels and predictions of a slide as CSV, GeoJSON (QuPath) or PNG; or a model')
    .argument('<project>')
    .requiredOption('--format <format>', 'csv, geojson, png or model')
    .requiredOption('--out <file>', 'file to write')
    .option('--slide <name>', 'name or id of the slide')
    .option('--run <id>', 'prediction run (default: the newest of the slide)')
    .option('--class <name>', 'png: whose probability is drawn (default: the first class; “map” = class map)')
    .option('--model <name>', 'model: name or id')
    .option('--no-shift-by-bounds', 'geojson: count from the corner of level 0, not from that of the slide’s bounds')
    .option('--json', 'one JSON object on stdout')
    .action(
      async (
        folder: string,
        options: {
          format: string
          out: string
          shiftByBounds: boolean
          slide?: string
          run?: string
          class?: string
          model?: string
          json?: boolean
        },
      ) => {
        const out = await destination(options.out)
        await withProject(folder, { readonly: true }, async ({ rooms }) => {
          const request = await exportRequest(rooms, options)
          const files = await rooms.writeExport(request, out)
          output(options.json ?? false).result({ files }, files.join('\n'))
        })
      },
    )
}

type ExportOptions = {
  format: string
  shiftByBounds: boolean
  slide?: string
  run?: string
  class?: string
  model?: string
}

async function exportRequest(rooms: Parameters<typeof findSlide>[0], options: ExportOptions): Promise<ExportRequest> {
  if (options.format === 'model') {
    const models = await rooms.calls['models.list']()
    const model =
      options.model === undefined
        ? models[0]
        : models.find((each) => each.id === options.model || each.name === options.model)
    if (!model)
      throw tesseraError(
        'MODEL_UNKNOWN',
        `There is no model ${options.model ? `“${options.model}” ` : ''}in this project.`,
        { model: options.model ?? '' },
      )
    return { format: 'model', model: model.id }
  }
  const slide = await findSlide(rooms, options.slide)
  const all = await rooms.calls['predictions.runs']()
  const runs = all.filter((run: PredictionRun) => run.slide === slide.id)
  const run = options.run === undefined ? runs[0] : runs.find((each) => each.id === options.run)
  if (options.run !== undefined && !run)
    throw tesseraError('PREDICTION_RUN_UNKNOWN', `“${slide.name}” has no prediction run ${options.run}.`, {
      run: options.run,
    })
  const source = run?.source ?? (await activeGrid(rooms, slide)).id
  switch (options.format) {
    case 'csv':
      return { format: 'csv', source, run: run?.id ?? null }
    case 'geojson':
      return { format: 'geojson', source, run: run?.id ?? null, shiftByBounds: options.shiftByBounds }
    case 'png': {
      if (!run)
        throw tesseraError('NOTHING_TO_EXPORT', `No model was run on “${slide.name}” yet, so there is no overlay.`, {
          what: slide.name,
        })
      return { format: 'png', source, run: run.id, class: classIndex(run, options.class), opacity: 0.6 }
    }
    default:
      throw tesseraError('USAGE', `--format ${options.format}: csv, geojson, png or model was expected.`, {})
  }
}

function classIndex(run: PredictionRun, name: string | undefined): number | null {
  if (name === undefined) return 0
  if (name === 'map') return null
  const index = run.classes.findIndex((each) => each.name.toLowerCase() === name.toLowerCase())
  if (index < 0)
    throw tesseraError(
      'CLASS_UNKNOWN',
      `“${run.modelName}” has no class “${name}”; it has: ${run.classes.map((each) => each.name).join(', ')}.`,
      { class: name },
    )
  return index
}
