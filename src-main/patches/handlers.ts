/** The door of the patches room: grids, tissue masks, patch sets, and the pixels of patches. */
import path from 'node:path'
import type { FileHandle } from '../../src-shared/app.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { SlideId, SourceId } from '../../src-shared/ids.ts'
import type {
  Grid,
  GridParams,
  MaskParams,
  MaskPreview,
  patchCalls,
  PatchSet,
  PatchSource,
} from '../../src-shared/patches.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import type { SlideReader } from '../slides/reader.ts'
import type { SlidesRoom } from '../slides/slidesRoom.ts'
import type { Store } from '../store/database.ts'
import { readCsvSet } from './csvSet.ts'
import { readFolderSet } from './folderSet.ts'
import { activateGrid, beginGrid, ensureGrid, gridsOf } from './grids.ts'
import { readIdxSet } from './idxSet.ts'
import { checkPlace, setContents, setPatchFacts } from './lookAtSet.ts'
import { maskOf } from './masks.ts'
import { findSameSet, insertSet, moveSet, type NewPatchSet, patchesOfSet, type SetPatch } from './patchSetRows.ts'
import { patchPictures } from './pictures.ts'
import { type PixelsWanted, readPatchPixels } from './readPixels.ts'
import { openSources, type Sources } from './sources.ts'
import { computeMask } from './tissueMask.ts'

type PatchesDependencies = {
  store: Store
  slides: SlidesRoom
  /** Reads for a person who looks. */
  view: SlideReader
  /** Reads for long work. */
  batch: SlideReader
  /** Path of a file the person chose. */
  pathOf: (handle: FileHandle) => string
  /** Told the sources that are new or changed. */
  publish: (body: { sources: PatchSource[] }) => void
}

interface PatchesRoom {
  handlers: CallHandlers<typeof patchCalls>
  sources: Sources
  /** Makes a grid, or finds the one made with the same numbers, and shows it on its slide. */
  createGrid(slide: SlideId, params: GridParams): Grid
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
  ): Promise<void>
}

export function createPatches({ store, slides, view, batch, pathOf, publish }: PatchesDependencies): PatchesRoom {
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
    computeMask: (grid, params) => computeMask(slides, view, grid, params),
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
      'patches.previewMask': ({ grid, params }) => room.computeMask(gridOf(grid), params),
      'patches.mask': ({ grid }) => maskOf(store.read, sources.seqOf(gridOf(grid).id)),
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
