/** Features that another program extracted, taken over from its HDF5 file onto a grid of a slide. */
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import type { EncoderCard } from '../../src-shared/encoders.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { EncoderId, FeatureSetId, type SlideId, type SourceId } from '../../src-shared/ids.ts'
import type { Grid, GridParams, PatchSource } from '../../src-shared/patches.ts'
import type { Slide } from '../../src-shared/slides.ts'
import type { Store } from '../store/database.ts'
import { deleteSet, insertEncoder, insertFeatureBlock, insertSet, listEncoders, listSets } from './featureRows.ts'
import { featureFile } from './featureStore.ts'
import { gridOfRows, liesWithin, patchesOnGrid, refuseTwice } from './placedRows.ts'
import { sameEncoder } from './sameEncoder.ts'

/** What was read of a file; its rows lie as float32 in a file of ours. */
export type TakenRows = {
  rows: number
  dimensions: number
  /** [row, 2] */
  coords: Uint32Array
  edgeLevel0: number | null
  edgePx: number | null
  encoderName: string | null
  card: EncoderCard | null
  blocks: { first: number; count: number; checksum: string }[]
}

export type TakeOverDependencies = {
  store: Store
  featuresFolder: string
  readH5: (file: string, into: string) => Promise<TakenRows>
  slideById: (slide: SlideId) => Slide
  sources: () => PatchSource[]
  sourceSeq: (source: SourceId) => number
  createGrid: (slide: SlideId, params: GridParams) => Grid
}

/** @returns the set, and the one it takes the place of */
export async function takeOverH5(
  dependencies: TakeOverDependencies,
  { file, slide: slideId, edgeLevel0: said }: { file: string; slide: SlideId; edgeLevel0: number | null },
): Promise<{ set: FeatureSetId; encoder: EncoderId; replaced: FeatureSetId | null }> {
  const { store, featuresFolder, slideById, sources, sourceSeq, createGrid } = dependencies
  const slide = slideById(slideId)
  const { mppX } = slide
  if (mppX === null)
    throw tesseraError(
      'SLIDE_MPP_NEEDED',
      `It is not known how finely “${slide.name}” was scanned, so no grid can be laid over it. Say its µm/px first.`,
      { slide: slideId, found: slide.fileMpp?.x ?? null },
    )
  const id = FeatureSetId.parse(uuidv7())
  const into = featureFile(featuresFolder, id, 'float32')
  const taken = await dependencies.readH5(file, into)
  try {
    const edgeLevel0 = said ?? taken.edgeLevel0
    if (edgeLevel0 === null || !Number.isInteger(edgeLevel0)) throw edgeUnknown(file)
    const rows = { file, coords: taken.coords, edgeLevel0, edgePx: taken.edgePx }
    refuseTwice(rows)
    if (!liesWithin(rows, slide)) throw otherSlide(file, slide)
    const fits = (grid: PatchSource) => grid.kind === 'grid' && grid.slide === slideId && grid.stale === null
    const known = sources().find(
      (source): source is Grid => fits(source) && patchesOnGrid(rows, source as Grid) !== null,
    )
    const grid = known ?? createGrid(slideId, gridOfRows(rows, mppX))
    const patches = patchesOnGrid(rows, grid)
    if (!patches) throw otherSlide(file, slide)
    const card = taken.card ?? cardOf(file, taken, edgeLevel0)
    const encoderKnown = listEncoders(store.read).find((each) => sameEncoder(each.card, card))
    const encoder = encoderKnown?.id ?? EncoderId.parse(uuidv7())
    const before = listSets(store.read).find((set) => set.encoder === encoder && set.source === grid.id)
    store.transaction('features.importH5', (db) => {
      if (!encoderKnown) insertEncoder(db, { id: encoder, origin: { kind: 'elsewhere' }, layer: null, card })
      if (before) deleteSet(db, before.id)
      insertSet(db, {
        id,
        encoder,
        source: sourceSeq(grid.id),
        job: null,
        element: 'float32',
        preprocessing: slide.channels ? { channels: slide.channels } : {},
        total: taken.rows,
      })
      for (const { first, count, checksum } of taken.blocks)
        insertFeatureBlock(db, id, { first, patches: patches.slice(first, first + count), checksum })
    })
    if (before) await rm(featureFile(featuresFolder, before.id, before.element), { force: true })
    return { set: id, encoder, replaced: before?.id ?? null }
  } catch (error) {
    await rm(into, { force: true })
    throw error
  }
}

/** All that is known of an encoder of which only features are here. */
const cardOf = (file: string, { encoderName, dimensions, edgePx }: TakenRows, edgeLevel0: number): EncoderCard => ({
  format: 'tessera-encoder-card',
  version: 1,
  name: encoderName ?? path.basename(file).replace(/\.(h5|hdf5)$/i, ''),
  kind: 'elsewhere',
  weights: { file: '', sha256: '', bytes: 0 },
  layer: 'not said',
  pooling: 'none',
  dimensions,
  input: { edgePx: edgePx ?? edgeLevel0, channels: 3, mpp: null },
  normalisation: { mean: [], std: [] },
  saidBy: { layer: 'nobody', edgePx: edgePx === null ? 'nobody' : 'file', mpp: 'nobody', normalisation: 'nobody' },
})

const edgeUnknown = (file: string) =>
  tesseraError(
    'FEATURES_NOT_PLACED',
    `“${file}” does not say how large its patches are. Say the edge of a patch in px of level 0; it stands in the file of coordinates the features were made from (patch_size times downsample).`,
    { file, reason: 'no edge' },
  )

const otherSlide = (file: string, { name, width, height }: Slide) =>
  tesseraError(
    'FEATURES_NOT_PLACED',
    `The features in “${file}” are of another slide, or of its coordinates at another level: their patches do not lie on “${name}”, which has ${width} × ${height} px.`,
    { file, reason: 'outside the slide' },
  )
