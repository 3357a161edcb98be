/** The door of the slides room. */
import path from 'node:path'
import type { FileHandle } from '../../src-shared/app.ts'
import { isTesseraError, tesseraError, toFault } from '../../src-shared/errors.ts'
import type { SlideId } from '../../src-shared/ids.ts'
import type { slideCalls } from '../../src-shared/slides.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import { ensureCase, readCasesCsv, slideByName } from './cases.ts'
import { samplingByPerson } from './mpp.ts'
import { differs } from './lostFile.ts'
import { createPreparation } from './preparation.ts'
import type { SlideReader } from './reader.ts'
import { searchFolder } from './relocate.ts'
import {
  countLabels,
  pathsOf,
  type StoredSlide,
  updateCase,
  updateChannels,
  updateLook,
  updatePaths,
  updateSampling,
} from './rows.ts'
import type { Jobs } from '../jobs/queue.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import { openSlidesRoom, type SlidesDependencies, type SlidesRoom } from './slidesRoom.ts'
import type { Store } from '../store/database.ts'

type SlidesDoor = SlidesRoom & { handlers: CallHandlers<typeof slideCalls> }

/**
 * Opens the room. The files of its slides are looked for in the background.
 *
 * @param pathOf path of a file the person chose
 * @param personName who corrects a sampling
 */
export function createSlides(
  dependencies: SlidesDependencies & {
    jobs: Jobs
    workerHost: WorkerHost
    pathOf: (handle: FileHandle) => string
    personName: () => string
    /** the project is open for reading only */
    readOnly: () => boolean
  },
): SlidesDoor {
  const room = openSlidesRoom(dependencies)
  const { store, projectFolder, view, pathOf, personName, readOnly } = dependencies
  const prepare = createPreparation({ ...dependencies, room })
  room.onUnprepared(prepare)
  void room.files.check(room.all())

  /** Asks for pixels of a slide; where its pyramid is gone from the cache, it is made again. */
  const askPixels = <T>(slide: SlideId, answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      // a project that is open for reading only has no jobs
      if (isTesseraError(error, 'SLIDE_NOT_PREPARED') && !readOnly()) prepare(slide, error.data.bytes)
      throw error
    })

  const handlers: CallHandlers<typeof slideCalls> = {
    'slides.list': () => room.all().map((slide) => room.shown(slide)),

    async 'slides.add'({ files }) {
      const added = []
      const refused = []
      for (const file of new Set(files.map(pathOf)))
        try {
          added.push(await room.add(file))
        } catch (error) {
          refused.push({ name: path.basename(file), fault: toFault(error) })
        }
      return { added, refused }
    },

    'slides.remove'({ slide }) {
      refuseInUse(store, room.byId(slide))
      room.remove(slide)
    },

    'slides.setMpp'({ slide, mppX, mppY }) {
      const sampling = samplingByPerson(mppX, mppY, personName())
      room.byId(slide)
      room.change('slides.setMpp', [slide], (db) => {
        updateSampling(db, slide, sampling)
        room.sampled(db, slide)
      })
      return room.shown(room.byId(slide))
    },

    'slides.assignCase'({ slides, caseName }) {
      for (const slide of slides) room.byId(slide)
      room.change('slides.assignCase', slides, (db) => {
        const { seq } = ensureCase(db, caseName)
        for (const slide of slides) updateCase(db, slide, seq)
      })
    },

    async 'slides.importCases'({ file }) {
      const rows = await readCasesCsv(pathOf(file))
      const wanted = new Map<StoredSlide, string>()
      const unknown = new Set<string>()
      for (const row of rows) {
        const slide = slideByName(room.all(), row.slide)
        if (slide) wanted.set(slide, row.caseName)
        else unknown.add(row.slide)
      }
      const changed = [...wanted].filter(([slide, caseName]) => slide.caseName !== caseName)
      room.change(
        'slides.importCases',
        changed.map(([slide]) => slide.id),
        (db) => {
          for (const [slide, caseName] of changed) updateCase(db, slide.id, ensureCase(db, caseName).seq)
        },
      )
      return { changed: changed.length, unknown: [...unknown] }
    },

    async 'slides.relocate'({ slide: id, file: handle }) {
      const slide = room.byId(id)
      const file = pathOf(handle)
      if ((await fingerprintOf(view, file)) !== slide.fingerprint) throw differs(file)
      const missing = room.all().filter((each) => each.id !== id && room.files.stateOf(each.id).kind === 'missing')
      const others = await searchFolder(path.dirname(file), missing, (each) => fingerprintOf(view, each))
      const found = [{ slide, file }, ...others]
      const ids = found.map((each) => each.slide.id)
      room.change('slides.relocate', ids, (db) => {
        for (const each of found) {
          const { absolute, relative } = pathsOf(projectFolder, each.file)
          updatePaths(db, each.slide.id, absolute, relative)
        }
      })
      for (const each of ids) room.files.forget(each)
      await room.files.check(ids.map((each) => room.byId(each)))
      return { found: ids }
    },

    async 'slides.retry'({ slide }) {
      room.files.forget(slide)
      try {
        const { toPrepare } = await view.ask(room.subjectOf(slide), 'slides.open', await room.fileOf(slide))
        if (toPrepare !== null) prepare(slide, toPrepare)
      } catch (error) {
        // Missing and set aside are states already; any other reason becomes one, and the answer shows it.
        if (!isTesseraError(error)) throw error
        if (room.files.stateOf(slide).kind === 'ready') room.files.markUnreadable(slide, error)
      }
      return room.shown(room.byId(slide))
    },

    'slides.setLook'({ slides, look }) {
      for (const slide of slides) room.byId(slide)
      room.change('slides.setLook', slides, (db) => {
        for (const slide of slides) updateLook(db, slide, look)
      })
    },

    async 'slides.colours'({ slide }) {
      return view.ask(room.subjectOf(slide), 'slides.colours', await room.fileOf(slide))
    },

    async 'slides.setChannels'({ slide, channels }) {
      const known = await view.ask(room.subjectOf(slide), 'slides.colours', await room.fileOf(slide))
      if (channels && channels.length !== known.channels.length)
        throw tesseraError(
          'INPUT_INVALID',
          `“${room.byId(slide).name}” has ${known.channels.length} channels that can be put together, but ${channels.length} were given.`,
          { call: 'slides.setChannels', issues: [`${channels.length} channels`] },
        )
      room.change('slides.setChannels', [slide], (db) => updateChannels(db, slide, channels))
    },

    'slides.properties': ({ slide }) => room.byId(slide).header.properties,

    async 'slides.thumbnail'({ slide, edge }) {
      const file = await room.fileOf(slide)
      return {
        jpeg: await askPixels(slide, view.ask(room.subjectOf(slide), 'slides.thumbnail', { ...file, edge })),
      }
    },

    async 'slides.associatedImage'({ slide, name }) {
      const file = await room.fileOf(slide)
      return { png: await view.ask(room.subjectOf(slide), 'slides.associatedImage', { ...file, name }) }
    },
  }
  return { ...room, handlers }
}

async function fingerprintOf(view: SlideReader, file: string): Promise<string> {
  const subject = { key: file, name: path.basename(file) }
  return (await view.ask(subject, 'slides.open', { file, fingerprint: null })).fingerprint
}

function refuseInUse(store: Store, { id, name }: { id: SlideId; name: string }): void {
  const labels = countLabels(store.read, id)
  if (labels > 0)
    throw tesseraError(
      'SLIDE_IN_USE',
      `“${name}” carries ${labels.toLocaleString('en')} labels, so it stays in the project. Clear its labels first if they are not wanted any more.`,
      { slide: name, labels },
    )
}
