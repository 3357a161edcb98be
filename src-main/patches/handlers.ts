/** The door of the patches room: grids, tissue masks, patch sets, and the pixels of patches. */
import path from 'node:path'
import type { FileHandle } from '../../src-shared/app.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { SlideId, SourceId } from '../../src-shared/ids.ts'
import { applyHand, type MaskParams, type MaskPreset, type MaskPreview } from '../../src-shared/masks.ts'
import type { Grid, GridParams, patchCalls, PatchSet, PatchSource } from '../../src-shared/patches.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import type { SlideReader } from '../slides/reader.ts'
import type { SlidesRoom } from '../slides/slidesRoom.ts'
import type { Store, WritableDb } from '../store/database.ts'
import { readCsvSet } from './csvSet.ts'
import { readFolderSet } from './folderSet.ts'
import type { Jobs } from '../jobs/queue.ts'
import { activateGrid, beginGrid, ensureGrid, gridsOf } from './grids.ts'
import { readIdxSet } from './idxSet.ts'
import { createFocus, sharpnessOf } from './focusJob.ts'
import { checkPlace, setContents, setPatchFacts } from './lookAtSet.ts'
import { deleteMaskPreset, listMaskPresets, saveMaskPreset, setDefaultMaskPreset } from './maskPresets.ts'
import { maskOf, noHand } from './masks.ts'
import { findSameSet, insertSet, moveSet, type NewPatchSet, patchesOfSet, type SetPatch } from './patchSetRows.ts'
import { patchPictures } from './pictures.ts'
import { type PixelsWanted, readPatchPixels } from './readPixels.ts'
import { openSources, type Sources } from './sources.ts'
import { computeMask } from './tissueMask.ts'

type PatchesDependencies = {
  store: Store
  jobs: Jobs
  slides: SlidesRoom
  /** Reads for a person who looks. */
  view: SlideReader
  /** Reads for long work. */
  batch: SlideReader
  /** Path of a file the person chose. */
  pathOf: (handle: FileHandle) => string
  /** Told the sources that are new or changed. */
  publish: (body: { sources: PatchSource[] }) => void
  publishPresets: (body: { presets: MaskPreset[] }) => void
}

interface PatchesRoom {
  handlers: CallHandlers<typeof patchCalls>
  sources: Sources
  /** Makes a grid, or finds the one made with the same numbers, and shows it on its slide. */
  createGrid(slide: SlideId, params: GridParams): Grid
  /** Without what is painted over it. @throws {TesseraError} FOCUS_NOT_MEASURED; why the slide can not be read */
  computeMask(grid: Grid, params: MaskParams): Promise<MaskPreview>
  /** 1 = counts as tissue; null = the grid has no mask: [patch] */
  insideOf(grid: SourceId): Uint8Array | null
  /** What a set says of its patches: [patch] */
  patchesOfSet(set: SourceId): SetPatch[]
  /** See readPixels.ts. */
  readPatchPixels(
    wanted: PixelsWanted,
    file: string,
    options?: { signal?: AbortSignal; onProgress?: (done: number) => void },
  ): Promise<Uint32Array>
}

export function createPatches(dependencies: PatchesDependencies): PatchesRoom {
  const { store, jobs, slides, view, batch, pathOf, publish, publishPresets } = dependencies
  const sources = openSources(store.read)
  const places = { slides, sources, read: store.read }

  slides.onSampled(beginGrid)
  slides.onChanged((changed) => {
    const grids = changed.flatMap((slide) => gridsOf(store.read, slide))
    if (grids.length > 0) publish({ sources: grids })
  })

  const gridOf = (source: SourceId): Grid => {
    const found = sources.byId(source)
    if (found.kind === 'grid') return found
    throw tesseraError('SOURCE_UNKNOWN', `“${found.name}” is a patch set; this needs the grid of a slide.`, { source })
  }

  const setOf = (source: SourceId): PatchSet => {
    const found = sources.byId(source)
    if (found.kind === 'set') return found
    throw tesseraError('SOURCE_UNKNOWN', 'This is the grid of a slide; a patch set was expected.', { source })
  }

  const measureFocus = createFocus({ store, jobs, slides, batch, gridOf, seqOf: sources.seqOf })

  /** Changes the presets and tells every window. @returns all of them */
  const changePresets = (name: string, change: (db: WritableDb) => void): MaskPreset[] => {
    store.transaction(name, change)
    const presets = listMaskPresets(store.read)
    publishPresets({ presets })
    return presets
  }

  /** Tells which grids of a slide are shown now. @returns the grid */
  const shown = (slide: SlideId, seq: number): Grid => {
    publish({ sources: gridsOf(store.read, slide) })
    return gridOf(sources.idOf(seq))
  }

  const addSet = (set: NewPatchSet): PatchSet => {
    const id = findSameSet(store.read, set) ?? store.transaction('patches.addSet', (db) => insertSet(db, set))
    const added = sources.byId(id) as PatchSet
    publish({ sources: [added] })
    return added
  }

  const room: PatchesRoom = {
    sources,
    createGrid(slide, params) {
      const on = slides.byId(slide)
      return shown(
        slide,
        store.transaction('patches.createGrid', (db) => ensureGrid(db, on, params)),
      )
    },
    computeMask: (grid, params) =>
      computeMask(slides, view, grid, params, sharpnessOf(store.read, sources.seqOf(grid.id))),
    insideOf: (grid) => maskOf(store.read, sources.seqOf(grid))?.inside ?? null,
    patchesOfSet: (set) => patchesOfSet(store.read, sources.seqOf(set)),
    readPatchPixels: (wanted, file, options) => readPatchPixels(places, batch, wanted, file, options),
    handlers: {
      'patches.sources': () => sources.all(),
      'patches.createGrid': ({ slide, params }) => room.createGrid(slide, params),
      'patches.activateGrid'({ grid }) {
        const { slide } = gridOf(grid)
        const seq = sources.seqOf(grid)
        store.transaction('patches.activateGrid', (db) => activateGrid(db, seq))
        return shown(slide, seq)
      },
      async 'patches.previewMask'({ grid, params }) {
        const preview = await room.computeMask(gridOf(grid), params)
        const insideCount = applyHand(preview.inside, maskOf(store.read, sources.seqOf(grid))?.hand ?? noHand)
        return { ...preview, insideCount }
      },
      'patches.mask'({ grid }) {
        const mask = maskOf(store.read, sources.seqOf(gridOf(grid).id))
        return mask && { params: mask.params, inside: mask.inside, hand: mask.hand }
      },
      'patches.measureFocus': ({ grid, params }) => measureFocus(gridOf(grid), params),
      'patches.maskPresets': () => listMaskPresets(store.read),
      'patches.saveMaskPreset': ({ name, params }) =>
        changePresets('patches.saveMaskPreset', (db) => saveMaskPreset(db, name, params)),
      'patches.deleteMaskPreset': ({ name }) =>
        changePresets('patches.deleteMaskPreset', (db) => deleteMaskPreset(db, name)),
      'patches.setDefaultMaskPreset': ({ name }) =>
        changePresets('patches.setDefaultMaskPreset', (db) => setDefaultMaskPreset(db, name)),
      'patches.addFolder': async ({ folder, mpp }) =>
        addSet(await readFolderSet(batch, path.resolve(pathOf(folder)), mpp)),
      'patches.addCsv': async ({ file, mpp }) => addSet(await readCsvSet(batch, path.resolve(pathOf(file)), mpp)),
      'patches.addIdx': async ({ images, labels }) =>
        addSet(await readIdxSet(batch, path.resolve(pathOf(images)), path.resolve(pathOf(labels)))),
      'patches.contents': ({ set }) => setContents(store.read, sources.seqOf(setOf(set).id)),
      'patches.facts': ({ set, patch }) => setPatchFacts(places, view, setOf(set), patch),
      async 'patches.relocate'({ set: id, place: handle }) {
        const place = path.resolve(pathOf(handle))
        await checkPlace(places, view, setOf(id), place)
        const seq = sources.seqOf(id)
        store.transaction('patches.relocate', (db) => moveSet(db, seq, place))
        const moved = setOf(id)
        publish({ sources: [moved] })
        return moved
      },
      'patches.pictures': ({ source, ...wanted }) =>
        patchPictures(places, view, { source: sources.byId(source), ...wanted }),
    },
  }
  return room
}
