/** Handlers of the made-up main process, call by call. */
import type { ApiHandlers, PublishApi } from '../../../src-shared/api.ts'
import { type AppInfo, RESEARCH_NOTICE, Settings } from '../../../src-shared/app.ts'
import { tesseraError } from '../../../src-shared/errors.ts'
import type { JobId, ModelId, PredictionRunId, RunId, SourceId } from '../../../src-shared/ids.ts'
import type { Model } from '../../../src-shared/models.ts'
import { sourceSize } from '../../../src-shared/patches.ts'
import type { PredictionRun } from '../../../src-shared/predictions.ts'
import type { Project } from '../../../src-shared/projects.ts'
import { type TrainingPoint, type TrainingRun, TrainingSettings } from '../../../src-shared/training.ts'
import type { ReadTiles } from '../tiles.ts'
import { blindingHandlers } from './blinding.ts'
import { bookmarkHandlers } from './bookmarks.ts'
import { fakeDevices, tested } from './devices.ts'
import { listFolder, nameOf } from './files.ts'
import { newId, pause } from './ids.ts'
import { encoderHandlers } from './encoders.ts'
import { fakeInspection } from './inspection.ts'
import { FakeJobs } from './jobs.ts'
import { mapHandlers } from './maps.ts'
import { labelHandlers } from './labelHandlers.ts'
import { neighbourHandlers } from './neighbours.ts'
import { patchHandlers } from './patchHandlers.ts'
import { liveNews } from './live.ts'
import { blockOf, blockOfSet } from './predictions.ts'
import type { Scene } from './scene.ts'
import { SHIPPED, shippedOf } from './shippedModel.ts'
import { fakeSlides } from './slides.ts'
import { pictureOf } from './tissue.ts'
import {
  ensembleOf,
  heldOutOf,
  modelOf,
  networkOf,
  planOf,
  pointsOf,
  previewOf,
  rateSearch,
  runOf,
  STEPS,
} from './training.ts'

const info: AppInfo = {
  version: '0.1.0',
  shell: 'web',
  shellReason: 'Electron has no binary for this machine.',
  node: '24.21.0',
  sqlite: '3.54.1',
  engine: { name: 'onnxruntime', version: '1.30.0', device: 'CPU', threads: 2 },
  platform: 'linux-x64',
  dataFolder: '/home/anna/.local/share/tessera',
  notice: RESEARCH_NOTICE,
}

export function fakeHandlers(scene: Scene, publish: PublishApi): { handlers: ApiHandlers; readTiles: ReadTiles } {
  let settings = Settings.parse(
    scene.firstStart ? {} : { person: 'Anna', noticeSeen: true, checklistHidden: scene.trained },
  )
  let devices = fakeDevices
  const slides = fakeSlides(scene)
  const patches = patchHandlers(scene, slides, publish)
  const labels = labelHandlers(scene, patches, publish)
  const jobs = new FakeJobs((changed) => publish('jobs.changed', { changed, removed: [] }))
  const encoding = encoderHandlers((source) => patches.sources.get(source)!, publish)
  const runs = new Map<RunId, TrainingRun>()
  const points = new Map<RunId, TrainingPoint[]>()
  const models = new Map<ModelId, Model>()
  const predictions = new Map<PredictionRunId, PredictionRun>()

  let project: Project | null = scene.project && {
    id: newId(),
    name:
      scene.project === 'sample'
        ? 'Sample project'
        : scene.longNames
          ? 'Sentinel nodes, second reading, autumn 2026'
          : 'Sentinel nodes',
    isSample: scene.project === 'sample',
    readOnly: scene.readOnly
      ? { holder: 'tessera train (process 4711)', why: 'tessera train (process 4711) has this project open' }
      : null,
    createdAt: Date.now(),
    folderName: 'sample',
  }

  const diskFull = (): void => {
    if (scene.failing)
      throw tesseraError(
        'DISK_FULL',
        'The disk is full: the project could not be written. Free some space and do it again; nothing that was saved is lost.',
        { file: 'project.sqlite', needed: null },
      )
  }

  const labelledFor = (classes: readonly number[]) => {
    const counted = labels.counts()
    const grid = [...patches.sources.values()].find(
      (source) => source.kind === 'grid' && counted.some((each) => each.source === source.id),
    )
    return {
      counts: classes.map((number) =>
        counted.filter((each) => each.class === number).reduce((sum, each) => sum + each.count, 0),
      ),
      slides: new Set(counted.map((each) => each.source)).size,
      grid: grid?.kind === 'grid' ? grid : undefined,
    }
  }

  const chosen = (numbers: readonly number[]) => labels.log.classes.filter((each) => numbers.includes(each.number))

  const shippedModel = shippedOf(labels.log.classes)
  const inspection = fakeInspection({
    modelOf: (of) => (of.kind === 'model' ? models.get(of.model) : [...models.values()][0])!,
    sourceById: (source) => patches.sources.get(source)!,
    picture: async (source, patch, edge) =>
      (
        await patches.calls['patches.pictures']({ source: source.id, patches: Uint32Array.of(patch), margin: 0, edge })
      )[0]!,
  })

  function finishTraining(run: TrainingRun): Model {
    const grid = labelledFor(run.settings.classes).grid
    const model = modelOf(run, chosen(run.settings.classes), grid?.params.edgePx ?? 96, grid?.params.mpp ?? null)
    models.set(model.id, model)
    runs.set(run.id, { ...run, model: model.id, heldOutKept: model.card.validation !== null })
    return model
  }

  async function train(run: TrainingRun): Promise<void> {
    const learn = (from: number, to: number) => points.get(run.id)!.push(...pointsOf(run, from, to))
    if (!(await jobs.run(run.job, 2, 80, learn))) return
    publish('models.changed', { changed: [finishTraining(run)] })
    publish('training.changed', runs.get(run.id)!)
  }

  async function write(job: JobId, format: string): Promise<void> {
    await jobs.run(job, 5, 120, () => undefined)
    const name = format === 'model' ? 'Model 1.onnx' : `pcam_composite_demo.${format}`
    const location = `/home/anna/.local/share/tessera/projects/sample/exports/${name}`
    publish('exports.done', { job, files: [{ id: newId(), name, bytes: 184_320, location }] })
  }

  function predict(model: Model, source: SourceId, instantly: boolean): PredictionRun {
    const of = patches.sources.get(source)!
    const total = sourceSize(of)
    const name = of.kind === 'grid' ? slides.slides.get(of.slide)!.name : of.name
    const job = jobs.add('prediction', `Predict ${name} with ${model.name}`, total, 'patches')
    const run: PredictionRun = {
      id: newId(),
      job: job.id,
      model: model.id,
      modelName: model.name,
      source,
      slide: of.kind === 'grid' ? of.slide : null,
      classes: model.card.classes,
      testTime: model.card.testTime,
      total,
      done: instantly ? total : 0,
      counts: instantly ? guessCounts(total, model.card.classes.length) : model.card.classes.map(() => 0),
      unread: instantly ? 0 : null,
      complete: instantly,
      stale: null,
      createdAt: Date.now(),
    }
    predictions.set(run.id, run)
    if (instantly) jobs.change(job.id, { state: 'done', done: total, endedAt: Date.now() })
    else
      void jobs.run(job.id, Math.max(8, Math.ceil(total / 120)), 60, (_, done) => {
        const counts = guessCounts(done, run.classes.length)
        const now = { ...predictions.get(run.id)!, done, counts, complete: done === total }
        predictions.set(run.id, now)
        if (now.complete) publish('predictions.changed', { changed: [now] })
      })
    return run
  }

  if (scene.trained) {
    const settingsOf = { name: 'Model 1', classes: labels.log.classes.map((each) => each.number) }
    const first = patches.sources.values().next().value!
    const asked = { ...trainingDefaults, ...settingsOf, sources: [first.id] }
    const plan = planOf(asked, labels.log.classes, labelledFor(asked.classes))
    if (plan.split) {
      const job = jobs.add('training', 'Train Model 1', STEPS, 'steps')
      jobs.change(job.id, { state: 'done', done: STEPS, endedAt: Date.now() })
      const run = runOf(asked, plan, job.id)
      runs.set(run.id, run)
      points.set(run.id, pointsOf(run, 0, STEPS))
      const model = finishTraining(run)
      const grids = [...patches.sources.values()].filter((source) => source.kind === 'grid').slice(0, 4)
      for (const { id } of grids) predict(model, id, true)
      for (const source of patches.sources.values()) if (source.kind === 'set') predict(model, source.id, true)
    }
  }

  const handlers: ApiHandlers = {
    calls: {
      'app.info': () => info,
      'app.setMenu': () => undefined,
      'devices.list': () => devices,
      'devices.test': ({ device }) => {
        devices = devices.map((each) => (each.name === device ? tested(each) : each))
        publish('devices.changed', { devices })
        return devices.find((each) => each.name === device)!
      },
      'settings.get': () => settings,
      'settings.set': (change) => {
        diskFull()
        settings = Settings.parse({ ...settings, ...change, panels: { ...settings.panels, ...change.panels } })
        publish('settings.changed', settings)
        return settings
      },
      'files.choose': () => null,
      'files.list': ({ folder, purpose }) => listFolder(folder, purpose),

      'projects.current': () => ({
        project,
        refused: [],
        fault: project
          ? null
          : {
              code: 'PROJECT_BROKEN',
              message:
                'The project “Sentinel nodes” can not be opened: its database is damaged. The broken file was set aside as project.sqlite.broken-1; a backup of 20 November, 17:42 is there.',
              data: { file: 'project.sqlite', setAside: 'project.sqlite.broken-1', reason: 'malformed page' },
            },
      }),
      'projects.recent': () =>
        ['Sentinel nodes', 'Prostate, first try', 'Sample project'].map((name, i) => ({
          handle: `home/${name}` as never,
          name,
          folderName: name.toLowerCase().replaceAll(' ', '-'),
          openedAt: Date.now() - i * 86_400_000,
          exists: i !== 1,
        })),
      'projects.create': ({ name }) => open({ name, isSample: false }),
      'projects.open': ({ folder }) => open({ name: nameOf(folder), isSample: false }),
      'projects.restore': ({ folder }) => open({ name: nameOf(folder), isSample: false }),
      'projects.openSample': () => open({ name: 'Sample project', isSample: true }),

      'slides.list': () => [...slides.slides.values()],
      'slides.add': ({ files }) => {
        const added = []
        const refused = []
        for (const file of files)
          try {
            added.push(slides.add(nameOf(file)))
          } catch (error) {
            const { code, message, data } = error as { code: string; message: string; data: unknown }
            refused.push({ name: nameOf(file), fault: { code, message, data } })
          }
        return { added, refused }
      },
      'slides.remove': ({ slide }) => void slides.slides.delete(slide),
      'slides.setMpp': ({ slide, mppX, mppY }) => {
        const known = slides.slides.get(slide)!
        const next = {
          ...known,
          mppX,
          mppY,
          mppSource: { kind: 'person' as const, person: settings.person ?? '', at: Date.now() },
        }
        slides.slides.set(slide, next)
        publish('slides.changed', { changed: [next], removed: [] })
        return next
      },
      'slides.assignCase': ({ slides: ids, caseName }) => {
        const changed = ids.map((id) => ({ ...slides.slides.get(id)!, caseName }))
        for (const slide of changed) slides.slides.set(slide.id, slide)
        publish('slides.changed', { changed, removed: [] })
      },
      'slides.importCases': () => ({ changed: 2, unknown: ['case-9999_HE.svs'] }),
      'slides.relocate': ({ slide }) => {
        const next = { ...slides.slides.get(slide)!, state: { kind: 'ready' as const } }
        slides.slides.set(slide, next)
        publish('slides.changed', { changed: [next], removed: [] })
        return { found: [slide] }
      },
      'slides.retry': ({ slide }) => slides.slides.get(slide)!,
      'slides.setLook': ({ slides: ids, look }) => {
        diskFull()
        const changed = ids.map((id) => ({ ...slides.slides.get(id)!, look }))
        for (const slide of changed) slides.slides.set(slide.id, slide)
        publish('slides.changed', { changed, removed: [] })
      },
      'slides.colours': () => ({ channels: [], profile: null, profileFault: null }),
      'slides.setChannels': ({ slide, channels }) => {
        diskFull()
        const next = { ...slides.slides.get(slide)!, channels }
        slides.slides.set(slide, next)
        publish('slides.changed', { changed: [next], removed: [] })
      },
      'slides.properties': () => [
        { name: 'aperio.AppMag', value: '40' },
        { name: 'aperio.MPP', value: '0.2525' },
        { name: 'aperio.Date', value: '11/20/26' },
        {
          name: 'tiff.ImageDescription',
          value: 'Aperio Image Library v12.0.15 22000x18000 [0,0 22000x18000] (256x256) JPEG/RGB Q=70',
        },
      ],
      'slides.thumbnail': async ({ slide, edge }) => {
        const known = slides.slides.get(slide)!
        const scale = edge / Math.max(known.width, known.height)
        const size = [known.width * scale, known.height * scale] as const
        return {
          jpeg: await pictureOf(slides.tissues.get(slide)!, [0, 0, known.width, known.height], size, 'image/jpeg'),
        }
      },
      'slides.associatedImage': async ({ slide }) => ({
        png: await pictureOf(slides.tissues.get(slide)!, [0, 0, 2000, 1500], [400, 300], 'image/png'),
      }),

      ...bookmarkHandlers(),
      ...blindingHandlers(slides),
      ...neighbourHandlers(patches, labels.log),
      ...encoding.calls,
      ...mapHandlers(encoding.sets, jobs, publish),
      ...patches.calls,
      'patches.measureFocus': ({ grid }) => {
        const job = jobs.add(
          'focus',
          `Measure the focus of “${slides.slides.get(patches.grid(grid).slide)!.name}”`,
          240,
          'patches',
        )
        void jobs.run(job.id, 24, 60, (_, done) => {
          if (done === 240) patches.measured.add(grid)
        })
        return job
      },
      ...labels.calls(diskFull),

      'models.list': () => [...models.values()],
      'models.rename': ({ model, name }) => {
        const next = { ...models.get(model)!, name }
        models.set(model, next)
        publish('models.changed', { changed: [next] })
        return next
      },
      'models.shipped': () => [{ key: SHIPPED, card: shippedModel.card }],
      'models.addShipped': ({ key }) => {
        if (key !== SHIPPED)
          throw tesseraError('MODEL_UNKNOWN', `No model called “${key}” comes with Tessera.`, { model: key })
        models.set(shippedModel.id, shippedModel)
        publish('models.changed', { changed: [shippedModel] })
        return shippedModel
      },
      'models.import': () => {
        throw tesseraError(
          'MODEL_CARD_INVALID',
          '“colon-v3.onnx” has no card beside it: colon-v3.card.json is missing. Copy both files.',
          { file: 'colon-v3.onnx', reason: 'no card' },
        )
      },

      'models.ensemble': ({ models: members, name }) => {
        const made = ensembleOf(
          members.map((each) => models.get(each)!),
          name,
        )
        models.set(made.id, made)
        publish('models.changed', { changed: [made] })
        return made
      },

      'training.previewAugmentation': (asked) => {
        diskFull()
        return previewOf(asked)
      },
      'training.network': (asked) => networkOf(asked, labelledFor(asked.classes).grid?.params.edgePx ?? 96),
      'training.plan': (asked) => planOf(asked, chosen(asked.classes), labelledFor(asked.classes)),
      'training.start': (asked) => {
        diskFull()
        const plan = planOf(asked, chosen(asked.classes), labelledFor(asked.classes))
        if (!plan.ready) throw tesseraError('TRAINING_NOT_READY', plan.reasons.join(' '), { reasons: plan.reasons })
        const job = jobs.add('training', `Train ${asked.name}`, STEPS, 'steps')
        const run = runOf(asked, plan, job.id)
        runs.set(run.id, run)
        points.set(run.id, [])
        void train(run)
        return run
      },
      'training.runs': () => [...runs.values()],
      'training.heldOut': ({ run }) => {
        const { settings, model } = runs.get(run)!
        const figure = model && models.get(model)!.card.validation
        return figure ? [heldOutOf(settings.sources[0]!, figure)] : null
      },

      'predictions.runs': () => [...predictions.values()],
      'predictions.start': async ({ model, slides: ids, sets }) => {
        const known = models.get(model)!
        const started = []
        for (const slide of ids) {
          const grid =
            patches.activeGrid(slide) ?? (await patches.makeGrid(slide, known.card.input.edgePx, known.card.input.mpp))
          started.push(predict(known, grid.id, false))
        }
        for (const set of sets) started.push(predict(known, set, false))
        return started
      },

      'exports.start': (request) => {
        const job = jobs.add('export', `Export ${request.format}`, 20, 'files')
        void write(job.id, request.format)
        return { job: job.id }
      },
      'exports.savePicture': ({ name, png }) => {
        diskFull()
        const job = jobs.add('picture', `Picture of the view: ${name}`, 1, 'files')
        const file = `${name}.png`
        const location = `/home/anna/.local/share/tessera/projects/sample/exports/${file}`
        queueMicrotask(() => {
          jobs.change(job.id, { state: 'done', done: 1, endedAt: Date.now() })
          publish('exports.done', { job: job.id, files: [{ id: newId(), name: file, bytes: png.length, location }] })
        })
        return { job: job.id }
      },
      'exports.files': () => [],

      ...inspection.calls,

      'jobs.list': () => [...jobs.jobs.values()],
      'jobs.pause': ({ job }) => jobs.move(job, 'paused'),
      'jobs.resume': ({ job }) => jobs.move(job, 'running'),
      'jobs.cancel': ({ job }) => jobs.move(job, 'cancelled'),
      'jobs.log': ({ job }) => jobs.logs.get(job) ?? [],
      'jobs.clear': () => {
        for (const job of jobs.jobs.values())
          if (['done', 'failed', 'cancelled'].includes(job.state)) jobs.jobs.delete(job.id)
      },
    },
    streams: {
      ...inspection.streams,
      async *'training.findRate'(_, signal) {
        for (const news of rateSearch()) {
          if (signal.aborted) return
          yield news
          await pause(40)
        }
      },
      async *'training.follow'({ run }, signal) {
        for (let sent = 0; !signal.aborted;) {
          const known = points.get(run) ?? []
          if (known.length > sent) {
            yield known.slice(sent)
            sent = known.length
          }
          if (['done', 'cancelled'].includes(jobs.known(runs.get(run)!.job).state)) return
          await pause(100)
        }
      },
      'live.follow': ({ source }, signal) =>
        liveNews(
          {
            classes: () => labels.log.classes,
            labelsOf: (id) => labels.log.array(id),
            blockOf(id, classes) {
              const of = patches.sources.get(id)!
              return of.kind === 'grid'
                ? blockOf(of, slides.tissues.get(of.slide)!, classes, 0, sourceSize(of))
                : blockOfSet(classes, 0, sourceSize(of))
            },
          },
          source,
          signal,
        ),
      async *'predictions.follow'({ run }, signal) {
        const first = predictions.get(run)!
        const of = patches.sources.get(first.source)!
        for (let sent = 0; !signal.aborted;) {
          const { done, complete } = predictions.get(run)!
          if (done > sent) {
            const to = Math.min(done, sent + 20_000)
            yield of.kind === 'grid'
              ? blockOf(of, slides.tissues.get(of.slide)!, first.classes.length, sent, to)
              : blockOfSet(first.classes.length, sent, to)
            sent = to
          } else if (complete || jobs.known(first.job).state === 'cancelled') return
          else await pause(50)
        }
      },
    },
  }

  function open({ name, isSample }: { name: string; isSample: boolean }): Project {
    diskFull()
    project = { id: newId(), name, isSample, readOnly: null, createdAt: Date.now(), folderName: name }
    publish('projects.changed', { project })
    return project
  }

  return { handlers, readTiles: slides.readTiles }
}

/** A seventh of the first class, the rest in equal parts: near enough for a bar in a list. */
const guessCounts = (done: number, classes: number): number[] =>
  Array.from({ length: classes }, (_, k) => Math.floor(k === 0 ? done / 7 : (done * 6) / 7 / Math.max(1, classes - 1)))

const trainingDefaults = TrainingSettings.omit({ name: true, classes: true, sources: true }).parse({
  network: 'small-vgg',
  length: { kind: 'epochs', epochs: 20 },
})
