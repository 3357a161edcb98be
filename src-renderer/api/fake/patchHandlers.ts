/** Made-up grids, masks and patch sets. */
import type { ApiCalls, PublishApi } from '../../../src-shared/api.ts'
import { tesseraError } from '../../../src-shared/errors.ts'
import type { MaskId, SlideId, SourceId } from '../../../src-shared/ids.ts'
import { applyHand, decideMask, type HandChanges, type MaskParams, type MaskPreset } from '../../../src-shared/masks.ts'
import {
  type Grid,
  gridGeometry,
  type GridParams,
  patchCount,
  patchRect,
  type PatchSet,
  type PatchSource,
} from '../../../src-shared/patches.ts'
import { type MicronPerPx, micronPerPx } from '../../../src-shared/units.ts'
import { nameOf } from './files.ts'
import { chance, newId } from './ids.ts'
import type { Scene } from './scene.ts'
import type { FakeSlides } from './slides.ts'
import { GLASS, pictureOf, tissueAt } from './tissue.ts'

const noHand = (): HandChanges => ({ patch: new Uint32Array(), tissue: new Uint8Array() })

type Keys = Extract<keyof ApiCalls, `patches.${string}`>

interface FakeMask {
  id: MaskId
  params: MaskParams
  inside: Uint8Array
  hand: HandChanges
}

export interface FakePatches {
  sources: Map<SourceId, PatchSource>
  masks: Map<SourceId, FakeMask>
  /** Grids whose focus was measured. */
  measured: Set<SourceId>
  /** All but the calls that begin a job. */
  calls: Omit<Pick<ApiCalls, Keys>, 'patches.measureFocus'>
  grid(id: SourceId): Grid
  activeGrid(slide: SlideId): Grid | undefined
  makeGrid(slide: SlideId, edgePx: number, mpp: MicronPerPx | null): Promise<Grid>
  setMask(grid: SourceId, params: MaskParams | null): MaskId | null
  /** @param painted patches and whether they are tissue; null = as computed */
  paintMask(grid: SourceId, painted: { patches: Uint32Array; tissue: boolean } | null): MaskId
}

export function patchHandlers(scene: Scene, { slides, tissues }: FakeSlides, publish: PublishApi): FakePatches {
  const sources = new Map<SourceId, PatchSource>()
  const masks: FakePatches['masks'] = new Map()
  const measured: FakePatches['measured'] = new Set()
  let presets: MaskPreset[] = []

  const grid = (id: SourceId): Grid => {
    const source = sources.get(id)
    if (source?.kind !== 'grid') throw tesseraError('SOURCE_UNKNOWN', 'This grid is not known.', { source: id })
    return source
  }
  const gridsOf = (slide: SlideId): Grid[] =>
    [...sources.values()].filter((each): each is Grid => each.kind === 'grid' && each.slide === slide)

  function createGrid(id: SlideId, params: GridParams): Grid {
    const slide = slides.get(id)!
    if (!slide.mppX || !slide.mppY)
      throw tesseraError('SLIDE_MPP_NEEDED', `“${slide.name}” does not say its µm/px. Say it under Properties.`, {
        slide: id,
        found: null,
      })
    const geometry = gridGeometry(slide.name, slide, slide.mppX, slide.mppY, params)
    const known = gridsOf(id).find((each) => JSON.stringify(each.params) === JSON.stringify(params))
    for (const each of gridsOf(id)) sources.set(each.id, { ...each, active: false })
    const made: Grid = known ?? {
      ...geometry,
      kind: 'grid',
      id: newId(),
      slide: id,
      params,
      slideMppX: slide.mppX,
      slideMppY: slide.mppY,
      mask: null,
      active: true,
      stale: null,
      createdAt: Date.now(),
    }
    const active = { ...made, active: true }
    sources.set(active.id, active)
    return active
  }

  for (const slide of slides.values()) {
    if (!slide.mppX || slide.state.kind !== 'ready') continue
    const large = slide.width === scene.largeSlide
    const mosaic = tissues.get(slide.id)!.mosaic !== null
    if (scene.project === 'sample' && !mosaic) continue
    const edgePx = mosaic || large ? 96 : 224
    const mpp = mosaic || large ? slide.mppX : micronPerPx(0.5)
    createGrid(slide.id, { edgePx, mpp, stridePx: edgePx, offsetXPx: 0, offsetYPx: 0 })
  }

  function tissueShare(of: Grid, params: MaskParams) {
    const tissue = tissues.get(of.slide)!
    const share = Float32Array.from({ length: patchCount(of) }, (_, patch) => {
      const { x, y, width, height } = patchRect(of, patch)
      if (tissueAt(tissue, x + width / 2, y + height / 2) === GLASS) return 0.3 * chance(patch, 3)
      return 0.55 + 0.45 * chance(patch, 4)
    })
    // A stroke of green ink goes around the middle, blue dots lie beside it, and a fold is out of focus.
    const ink = new Float32Array(share.length * 4)
    const sharpness = new Float32Array(share.length).fill(100)
    for (let patch = 0; patch < share.length; patch++) {
      const [column, row] = [patch % of.columns, Math.floor(patch / of.columns)]
      const away = Math.hypot(column / of.columns - 0.5, row / of.rows - 0.5)
      if (away > 0.2 && away < 0.24) ink[4 * patch] = 0.6
      if (away > 0.24 && away < 0.27 && chance(column, row, 5) < 0.2) ink[4 * patch + 1] = 0.3
      if (Math.abs(column / of.columns - 0.35) < 0.03 && row > of.rows * 0.55) sharpness[patch] = 8
    }
    const shift = 'sensitivity' in params ? 0.24 * params.sensitivity : 0
    const decided = decideMask(
      {
        share: share.map((value) => Math.min(1, Math.max(0, value + shift))),
        ink,
        sharpness: measured.has(of.id) ? sharpness : null,
      },
      params,
    )
    return { share, ...decided, threshold: 0.11 }
  }

  const preview = (id: SourceId, params: MaskParams) => {
    const found = tissueShare(grid(id), params)
    const hand = masks.get(id)?.hand
    return hand ? { ...found, insideCount: applyHand(found.inside, hand) } : found
  }

  function putMask(id: SourceId, params: MaskParams, hand: HandChanges): MaskId {
    const { inside } = tissueShare(grid(id), params)
    applyHand(inside, hand)
    const mask = { id: newId<MaskId>(), params, inside, hand }
    masks.set(id, mask)
    sources.set(id, { ...grid(id), mask: mask.id })
    return mask.id
  }

  const addSet = (name: string, origin: PatchSet['origin'], mpp: MicronPerPx | null): PatchSet => {
    const idx = origin === 'idx'
    const set: PatchSet = {
      kind: 'set',
      id: newId(),
      name,
      origin,
      patches: idx ? 70_000 : 18_706,
      width: idx ? 28 : 96,
      height: idx ? 28 : 96,
      channels: idx ? 1 : 3,
      mpp,
      casesKnown: false,
      notes: idx ? { unfit: 0, alpha: 0, deep: 0, grey: 0 } : { unfit: 412, alpha: 3, deep: 12, grey: 0 },
      createdAt: Date.now(),
    }
    sources.set(set.id, set)
    return set
  }
  if (scene.sets) {
    addSet('train', 'idx', null)
    addSet(
      scene.longNames ? 'A folder of patches with a name as long as only people give to folders' : 'lymph nodes',
      'folder',
      micronPerPx(0.5),
    )
  }
  const setOf = (id: SourceId): PatchSet => {
    const source = sources.get(id)
    if (source?.kind !== 'set') throw tesseraError('SOURCE_UNKNOWN', 'This set is not known.', { source: id })
    return source
  }
  /** Every so many pictures of a folder one does not fit, or is broken. */
  const isUnfit = (set: PatchSet, patch: number): boolean => set.notes.unfit > 0 && patch % 45 === 11
  const isBroken = (set: PatchSet, patch: number): boolean => set.notes.unfit > 0 && patch % 180 === 11

  return {
    sources,
    masks,
    measured,
    grid,
    activeGrid: (slide) => gridsOf(slide).find((each) => each.active),
    async makeGrid(slide, edgePx, mpp) {
      const params = { edgePx, mpp: mpp ?? micronPerPx(0.5), stridePx: edgePx, offsetXPx: 0, offsetYPx: 0 }
      const made = createGrid(slide, params)
      publish('patches.changed', { sources: gridsOf(slide) })
      return made
    },
    setMask(id, params) {
      if (params) return putMask(id, params, masks.get(id)?.hand ?? noHand())
      masks.delete(id)
      sources.set(id, { ...grid(id), mask: null })
      return null
    },
    paintMask(id, painted) {
      const { params, hand } = masks.get(id)!
      const all = new Map([...hand.patch].map((patch, i) => [patch, hand.tissue[i]!]))
      for (const patch of painted?.patches ?? []) all.set(patch, painted!.tissue ? 1 : 0)
      return putMask(
        id,
        params,
        painted ? { patch: Uint32Array.from(all.keys()), tissue: Uint8Array.from(all.values()) } : noHand(),
      )
    },
    calls: {
      'patches.sources': () => [...sources.values()],
      'patches.createGrid': ({ slide, params }) => createGrid(slide, params),
      'patches.activateGrid': ({ grid: id }) => {
        for (const each of gridsOf(grid(id).slide)) sources.set(each.id, { ...each, active: each.id === id })
        publish('patches.changed', { sources: gridsOf(grid(id).slide) })
        return grid(id)
      },
      'patches.previewMask': ({ grid: id, params }) => {
        if (scene.failing)
          throw tesseraError(
            'SLIDE_READER_DIED',
            'The process that reads slides ended while it looked for tissue. It was started again: try once more.',
            { slide: id, exit: 'SIGSEGV' },
          )
        return preview(id, params)
      },
      'patches.mask': ({ grid: id }) => masks.get(id) ?? null,
      'patches.maskPresets': () => presets,
      'patches.saveMaskPreset': ({ name, params }) => {
        const others = presets.filter((each) => each.name.toLowerCase() !== name.toLowerCase())
        presets = [...others, { name, params, isDefault: false }].toSorted((a, b) => (a.name < b.name ? -1 : 1))
        return presets
      },
      'patches.deleteMaskPreset': ({ name }) => (presets = presets.filter((each) => each.name !== name)),
      'patches.setDefaultMaskPreset': ({ name }) =>
        (presets = presets.map((each) => ({ ...each, isDefault: each.name === name }))),
      'patches.addFolder': ({ folder, mpp }) => addSet(nameOf(folder), 'folder', mpp),
      'patches.addCsv': ({ file, mpp }) => addSet(nameOf(file), 'csv', mpp),
      'patches.addIdx': ({ images }) => addSet(nameOf(images), 'idx', null),
      'patches.contents': ({ set: id }) => {
        const set = setOf(id)
        const unfit = Uint32Array.from(Array(set.patches).keys()).filter((patch) => isUnfit(set, patch))
        return {
          names: set.origin === 'idx' ? ['0', '1', '2'] : ['normal', 'tumor'],
          given: Uint32Array.from({ length: set.patches }, (_, patch) => 1 + (patch % 2)),
          slides: set.origin === 'idx' ? 0 : 12,
          slideOf: Uint32Array.from({ length: set.patches }, (_, patch) =>
            set.origin === 'idx' ? 0 : 1 + (patch % 12),
          ),
          unfit: unfit.subarray(0, set.notes.unfit),
          unfitReason: Uint32Array.from(unfit.subarray(0, set.notes.unfit), (patch) => (isBroken(set, patch) ? 1 : 0)),
          reasons: ['it has 90 × 96 px', 'it can not be read'],
          missing: scene.failing
            ? {
                code: 'FILE_NOT_FOUND',
                message: `There is no file “/data/patches/${set.name}”. Check the name, or whether its drive is connected.`,
                data: { file: `/data/patches/${set.name}` },
              }
            : null,
        }
      },
      'patches.facts': ({ set: id, patch }) => {
        const set = setOf(id)
        const { width, height, channels } = set
        return {
          file: set.origin === 'idx' ? null : `${patch % 2 ? 'tumor' : 'normal'}/patch-${patch}.png`,
          given: patch % 2 ? 'tumor' : 'normal',
          slide: null,
          case: null,
          picture: isBroken(set, patch)
            ? {
                code: 'PATCH_SET_BROKEN',
                message: `“patch-${patch}.png” can not be used for a patch set: it can not be decoded (pngload: libspng read error).`,
                data: { file: `patch-${patch}.png`, line: null, reason: 'it can not be decoded' },
              }
            : { width, height, channels, alpha: false, bits: 8, format: set.origin === 'idx' ? 'idx' : 'png' },
        }
      },
      'patches.relocate': ({ set }) => setOf(set),
      'patches.pictures': ({ source, patches, margin, edge }) => {
        const set = sources.get(source)
        if (set?.kind === 'set')
          return Promise.all(
            Array.from(patches, async (patch) =>
              isBroken(set, patch)
                ? null
                : pictureOf(
                    [...tissues.values()][0]!,
                    [
                      5000 + (patch % 60) * 240,
                      4500 + (Math.floor(patch / 60) % 40) * 240,
                      200,
                      isUnfit(set, patch) ? 213 : 200,
                    ],
                    [isUnfit(set, patch) ? Math.round(edge * 0.94) : edge, edge],
                    'image/png',
                  ),
            ),
          )
        const of = grid(source)
        return Promise.all(
          Array.from(patches, (patch) => {
            const { x, y, width, height } = patchRect(of, patch)
            return pictureOf(
              tissues.get(of.slide)!,
              [x - margin * width, y - margin * height, width * (1 + 2 * margin), height * (1 + 2 * margin)],
              [edge, edge],
              'image/png',
            )
          }),
        )
      },
    },
  }
}
