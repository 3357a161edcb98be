/** The slides of the open project, for this room's own door and for the rooms downstream. */
import path from 'node:path'
import { tesseraError } from '../../src-shared/errors.ts'
import type { SlideId } from '../../src-shared/ids.ts'
import type { Slide, TileReply, TileRequest } from '../../src-shared/slides.ts'
import type { Store, WritableDb } from '../store/database.ts'
import { addSlide } from './addSlide.ts'
import type { SlideFile } from './processContract.ts'
import type { SlideReader, Subject } from './reader.ts'
import { findSlide, listSlides, markRemoved, type StoredSlide } from './rows.ts'
import { followFiles, type Whereabouts } from './whereabouts.ts'

export type SlidesChanged = { changed: Slide[]; removed: SlideId[] }

export type SlidesDependencies = {
  store: Store
  projectFolder: string
  /** Reads for a person who looks. */
  view: SlideReader
  /** Reads for long work. */
  batch: SlideReader
  publish: (body: SlidesChanged) => void
  /** How often missing files are looked for again, ms; 15 s by default. */
  lookAgainMs?: number
}

export interface SlidesRoom {
  /** In the order they were added; removed ones are left out. */
  all(): readonly StoredSlide[]
  /** @throws {TesseraError} SLIDE_UNKNOWN */
  byId(slide: SlideId): StoredSlide
  /** As the window sees it. */
  shown(slide: StoredSlide): Slide
  /** Path, fingerprint and channels, as the reading processes want them. @throws {TesseraError} SLIDE_FILE_MISSING, SLIDE_UNKNOWN */
  fileOf(slide: SlideId): Promise<SlideFile>
  /** @throws {TesseraError} SLIDE_FILE_MISSING, SLIDE_UNKNOWN */
  pathOf(slide: SlideId): Promise<string>
  subjectOf(slide: SlideId): Subject
  /**
   * Adds a slide file.
   * @param note said wherever the slide is shown, e.g. that it is a mosaic; with its credit
   * @throws {TesseraError} SLIDE_ALREADY_ADDED; why the file can not be read
   */
  add(file: string, note?: string): Promise<Slide>
  remove(slide: SlideId): void
  /** Tiles, for windows that have no port of their own to the reading process. */
  tiles(request: TileRequest): Promise<TileReply[]>
  /** Changes rows of slides, then tells windows and listeners. */
  change<T>(name: string, slides: readonly SlideId[], work: (db: WritableDb) => T): T
  /** In the transaction in which the sampling of a slide becomes known or is corrected. */
  onSampled(listener: (db: WritableDb, slide: StoredSlide) => void): void
  sampled(db: WritableDb, slide: SlideId): void
  /** When a slide was found to need a pyramid of so many bytes. */
  onUnprepared(listener: (slide: SlideId, bytes: number) => void): void
  /** After a change was written. */
  onChanged(listener: (slides: readonly SlideId[]) => void): void
  files: Whereabouts
  close(): void
}

export function openSlidesRoom({
  store,
  projectFolder,
  view,
  batch,
  publish,
  lookAgainMs,
}: SlidesDependencies): SlidesRoom {
  const slides = new Map(listSlides(store.read).map((slide) => [slide.id, slide]))
  const onSampled: ((db: WritableDb, slide: StoredSlide) => void)[] = []
  const onUnprepared: ((slide: SlideId, bytes: number) => void)[] = []
  const onChanged: ((slides: readonly SlideId[]) => void)[] = []

  const byId = (slide: SlideId): StoredSlide => {
    const known = slides.get(slide)
    if (!known)
      throw tesseraError('SLIDE_UNKNOWN', 'This slide is not in the project any more. Somebody removed it.', { slide })
    return known
  }

  const shown = (slide: StoredSlide): Slide => {
    const { properties: _properties, ...header } = slide.header
    return {
      ...header,
      id: slide.id,
      name: slide.name,
      caseId: slide.caseId,
      caseName: slide.caseName,
      mppX: slide.sampling?.mppX ?? null,
      mppY: slide.sampling?.mppY ?? null,
      mppSource: slide.sampling?.source ?? null,
      note: slide.note,
      look: slide.look,
      channels: slide.channels,
      state: files.stateOf(slide.id),
      addedAt: slide.addedAt,
    }
  }

  const publishChanged = (ids: readonly SlideId[]): void => {
    const changed = ids.flatMap((id) => slides.get(id) ?? [])
    const removed = ids.filter((id) => !slides.has(id))
    publish({ changed: changed.map(shown), removed })
  }

  /** Windows first: what listeners tell them is about slides they know. */
  const tellChanged = (ids: readonly SlideId[]): void => {
    publishChanged(ids)
    for (const listener of onChanged) listener(ids)
  }

  const files = followFiles(projectFolder, [view, batch], publishChanged, lookAgainMs)

  const room: SlidesRoom = {
    files,
    all: () => [...slides.values()],
    byId,
    shown,
    async fileOf(id) {
      const slide = byId(id)
      return { ...(await files.fileOf(slide)), channels: slide.channels }
    },
    pathOf: async (slide) => (await files.fileOf(byId(slide))).file,
    subjectOf: (slide) => ({ key: slide, name: byId(slide).name }),
    async add(file, note) {
      const name = path.basename(file)
      const opened = await view.ask({ key: path.resolve(file), name }, 'slides.open', { file, fingerprint: null })
      const { toPrepare, ...found } = opened
      let id: SlideId | undefined
      store.transaction('slides.add', (db) => {
        id = addSlide(db, projectFolder, { ...found, note: note ?? null })
        room.sampled(db, id)
      })
      const added = findSlide(store.read, id!)!
      slides.set(added.id, added)
      files.forget(added.id)
      await files.fileOf(added)
      if (toPrepare !== null) for (const listener of onUnprepared) listener(added.id, toPrepare)
      tellChanged([added.id])
      return shown(added)
    },
    remove(slide) {
      byId(slide)
      store.transaction('slides.remove', (db) => markRemoved(db, slide))
      slides.delete(slide)
      files.forget(slide)
      tellChanged([slide])
    },
    async tiles({ slide, ...wanted }) {
      return view.ask(room.subjectOf(slide), 'slides.tiles', { ...(await files.fileOf(byId(slide))), ...wanted })
    },
    change(name, ids, work) {
      const result = store.transaction(name, work)
      for (const id of ids) slides.set(id, findSlide(store.read, id)!)
      tellChanged(ids)
      return result
    },
    onSampled: (listener) => void onSampled.push(listener),
    sampled(db, id) {
      const slide = findSlide(db, id)!
      if (slide.sampling) for (const listener of onSampled) listener(db, slide)
    },
    onUnprepared: (listener) => void onUnprepared.push(listener),
    onChanged: (listener) => void onChanged.push(listener),
    close: () => files.close(),
  }
  return room
}
