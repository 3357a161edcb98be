/** Where patches lie: the grids of slides, patch sets, and tissue masks, in force or only tried. */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowReactive, shallowRef } from 'vue'
import type { FileHandle } from '../../src-shared/app.ts'
import { toFault } from '../../src-shared/errors.ts'
import type { SlideId, SourceId } from '../../src-shared/ids.ts'
import { type HandChanges, type MaskParams, type MaskPreset, type MaskPreview } from '../../src-shared/masks.ts'
import {
  type Grid,
  type GridGeometry,
  gridGeometry,
  type GridParams,
  type PatchSet,
  type PatchSource,
  type SetContents,
  type SetPatchFacts,
} from '../../src-shared/patches.ts'
import { type MicronPerPx, micronPerPx } from '../../src-shared/units.ts'
import type { Fault } from '../../src-shared/wire/message.ts'
import { call, on } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { useSlides } from './slides.ts'
import { useViewport } from './viewport.ts'

/** 112 µm, the size many published tissue classifiers use. */
const FIRST_GRID: GridParams = {
  edgePx: 224,
  mpp: micronPerPx(0.5),
  stridePx: 224,
  offsetXPx: 0,
  offsetYPx: 0,
}

export interface MaskInForce {
  params: MaskParams
  /** 1 = tissue: [patch] */
  inside: Uint8Array
  /** What was painted over it. */
  hand: HandChanges
}

export const usePatches = defineStore('patches', () => {
  const slides = useSlides()
  const viewport = useViewport()
  const faults = useFaults()

  const sources = shallowRef<ReadonlyMap<SourceId, PatchSource>>(new Map())
  const masks = shallowReactive(new Map<SourceId, MaskInForce | null>())
  const preview = shallowRef<{ grid: SourceId; params: MaskParams; result: MaskPreview } | null>(null)
  const presets = shallowRef<readonly MaskPreset[]>([])
  /** The grid being set up, drawn over the slide before it is made. */
  const draft = shallowRef<{ slide: SlideId; params: GridParams } | null>(null)

  const put = (changed: readonly PatchSource[]): void => {
    const next = new Map(sources.value)
    for (const source of changed) {
      if (source.kind === 'grid' && source.active)
        for (const other of next.values())
          if (other.kind === 'grid' && other.slide === source.slide && other.id !== source.id && other.active)
            next.set(other.id, { ...other, active: false })
      next.set(source.id, source)
    }
    sources.value = next
  }

  onScopeDispose(on('patches.changed', ({ sources: changed }) => put(changed)))
  onScopeDispose(
    on('patches.maskPresetsChanged', ({ presets: changed }) => {
      presets.value = changed
    }),
  )

  const grids = computed(() => [...sources.value.values()].filter((source): source is Grid => source.kind === 'grid'))
  const sets = computed(() => [...sources.value.values()].filter((source): source is PatchSet => source.kind === 'set'))
  const gridsBySlide = computed(() => Map.groupBy(grids.value, (grid) => grid.slide))

  const gridsOf = (slide: SlideId): Grid[] => gridsBySlide.value.get(slide) ?? []
  const activeGrid = (slide: SlideId): Grid | null => gridsOf(slide).find((grid) => grid.active) ?? null
  const gridById = (id: SourceId): Grid | null => {
    const source = sources.value.get(id)
    return source?.kind === 'grid' ? source : null
  }
  const sourceById = (id: SourceId): PatchSource | null => sources.value.get(id) ?? null

  /** The grid that is labelled on the open slide. */
  const openGrid = computed<Grid | null>(() => (viewport.slideId ? activeGrid(viewport.slideId) : null))

  /** The patch set that is shown instead of a slide. */
  const openSet = computed<PatchSet | null>(() => {
    const source = viewport.setId ? sources.value.get(viewport.setId) : null
    return source?.kind === 'set' ? source : null
  })

  /** What a new grid starts from: the slide's own, else the last one made in the project. */
  function suggestion(slide: SlideId): GridParams {
    const own = activeGrid(slide)?.params
    if (own) return own
    return grids.value.toSorted((a, b) => b.createdAt - a.createdAt)[0]?.params ?? FIRST_GRID
  }

  /** Where the patches of the draft would lie, or why they can not. */
  const draftResult = computed<{ geometry: GridGeometry } | { fault: Fault } | null>(() => {
    const slide = draft.value && slides.byId(draft.value.slide)
    if (!draft.value || !slide?.mppX || !slide.mppY) return null
    try {
      return { geometry: gridGeometry(slide.name, slide, slide.mppX, slide.mppY, draft.value.params) }
    } catch (error) {
      return { fault: toFault(error) }
    }
  })

  async function load(): Promise<void> {
    const [found, kept] = await Promise.all([call('patches.sources'), call('patches.maskPresets')])
    sources.value = new Map(found.map((source) => [source.id, source]))
    presets.value = kept
  }

  function reset(): void {
    sources.value = new Map()
    masks.clear()
    presets.value = []
    preview.value = null
    draft.value = null
  }

  async function createGrid(slide: SlideId, params: GridParams): Promise<Grid> {
    const grid = await call('patches.createGrid', { slide, params })
    put([grid])
    return grid
  }

  const activate = async (grid: SourceId): Promise<void> => put([await call('patches.activateGrid', { grid })])

  /** Brings the mask in force over a grid; null when all patches count. */
  async function loadMask(grid: SourceId): Promise<void> {
    const mask = await faults.attempt('viewer', 'The tissue mask could not be read.', () =>
      call('patches.mask', { grid }),
    )
    if (mask !== undefined) masks.set(grid, mask)
  }

  async function previewMask(grid: SourceId, params: MaskParams): Promise<void> {
    const result = await call('patches.previewMask', { grid, params })
    preview.value = { grid, params, result }
  }

  /** A gesture put a mask in force or took it away. */
  function maskChanged(grid: SourceId, mask: Grid['mask']): void {
    const known = gridById(grid)
    if (known) put([{ ...known, mask }])
    if (preview.value?.grid === grid) preview.value = null
    // What was in force is shown until the new one was read: a stroke of the brush must not flash.
    if (mask === null) masks.set(grid, null)
    else void loadMask(grid)
  }

  const measureFocus = (grid: SourceId, params: MaskParams) => call('patches.measureFocus', { grid, params })

  async function savePreset(name: string, params: MaskParams): Promise<void> {
    presets.value = await call('patches.saveMaskPreset', { name, params })
  }
  async function deletePreset(name: string): Promise<void> {
    presets.value = await call('patches.deleteMaskPreset', { name })
  }
  /** What new masks begin with; null = the built-in settings. */
  async function setDefaultPreset(name: string | null): Promise<void> {
    presets.value = await call('patches.setDefaultMaskPreset', { name })
  }

  const addFolder = async (folder: FileHandle, mpp: MicronPerPx | null): Promise<PatchSet> =>
    added(await call('patches.addFolder', { folder, mpp }))
  const addCsv = async (file: FileHandle, mpp: MicronPerPx | null): Promise<PatchSet> =>
    added(await call('patches.addCsv', { file, mpp }))
  const addIdx = async (images: FileHandle, labels: FileHandle): Promise<PatchSet> =>
    added(await call('patches.addIdx', { images, labels }))
  const added = (set: PatchSet): PatchSet => {
    put([set])
    return set
  }

  const contents = (set: SourceId): Promise<SetContents> => call('patches.contents', { set })
  const facts = (set: SourceId, patch: number): Promise<SetPatchFacts> => call('patches.facts', { set, patch })
  const relocate = async (set: SourceId, place: FileHandle): Promise<void> =>
    put([await call('patches.relocate', { set, place })])

  /** Pictures of patches as PNG; `margin` = how much of the surroundings to show, in patch edges. */
  const pictures = (source: SourceId, patches: Uint32Array, margin: number, edge: number) =>
    call('patches.pictures', { source, patches, margin, edge })

  return {
    sources,
    grids,
    sets,
    masks,
    preview,
    presets,
    draft,
    draftResult,
    openGrid,
    openSet,
    gridsOf,
    activeGrid,
    gridById,
    sourceById,
    suggestion,
    load,
    reset,
    createGrid,
    activate,
    loadMask,
    previewMask,
    maskChanged,
    measureFocus,
    savePreset,
    deletePreset,
    setDefaultPreset,
    addFolder,
    addCsv,
    addIdx,
    contents,
    facts,
    relocate,
    pictures,
  }
})
