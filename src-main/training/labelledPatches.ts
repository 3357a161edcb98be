/** The labelled patches a training starts from, with everything the split must know about each. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { SlideId, SourceId } from '../../src-shared/ids.ts'
import type { ClassNumber } from '../../src-shared/labels.ts'
import { type Grid, type PatchSet, type PatchSource, patchRect } from '../../src-shared/patches.ts'
import type { Slide } from '../../src-shared/slides.ts'
import { unfitOf } from '../patches/patchSetRows.ts'
import type { ReadableDb } from '../store/database.ts'
import type { SplitItem } from './split.ts'

/** `known`: whether its case and its slide are named; if not, they are made up so that it counts as its own. */
export type LabelledPatch = SplitItem & {
  source: SourceId
  patch: number
  known: { case: boolean; slide: boolean }
}

export type PatchLookup = {
  read: ReadableDb
  sourceById: (source: SourceId) => PatchSource
  sourceSeq: (source: SourceId) => number
  slideById: (slide: SlideId) => Slide
  /** Class number of each patch of a source, 0 = unlabelled. */
  labelsOf: (source: SourceId) => Readonly<Uint16Array>
}

/**
 * Patches of `source` that carry one of `classes`, in the order of the source. Pictures of a set that networks do not get
 * are left out, see `labelledUnfit`.
 * @param classes the place of a class number here is the target of its patches
 */
export function labelledPatches(
  lookup: PatchLookup,
  source: SourceId,
  classes: readonly ClassNumber[],
): LabelledPatch[] {
  const found = lookup.sourceById(source)
  const targets = new Map(classes.map((number, target) => [number, target]))
  const labels = lookup.labelsOf(source)
  const origin = found.kind === 'grid' ? gridOrigin(lookup, found) : setOrigin(lookup, found)
  const unfit = unfitPatches(lookup, found)
  const patches: LabelledPatch[] = []
  for (let patch = 0; patch < labels.length; patch++) {
    const target = targets.get(labels[patch]!)
    if (target !== undefined && !unfit.has(patch)) patches.push({ source, patch, target, ...origin(patch) })
  }
  return patches
}

const unfitPatches = ({ read, sourceSeq }: PatchLookup, source: PatchSource): Set<number> =>
  new Set(source.kind === 'set' ? unfitOf(read, sourceSeq(source.id)).map(({ patch }) => patch) : [])

/** How many patches of `source` carry one of `classes`, but have pictures that networks do not get. */
export function labelledUnfit(lookup: PatchLookup, source: SourceId, classes: readonly ClassNumber[]): number {
  const labels = lookup.labelsOf(source)
  return [...unfitPatches(lookup, lookup.sourceById(source))].filter((patch) => classes.includes(labels[patch]!)).length
}

type Origin = (patch: number) => Pick<LabelledPatch, 'case' | 'slide' | 'rect' | 'known'>

function gridOrigin(lookup: PatchLookup, grid: Grid): Origin {
  const slide = lookup.slideById(grid.slide)
  const known = { case: true, slide: true }
  return (patch) => ({ case: slide.caseId, slide: slide.id, rect: patchRect(grid, patch), known })
}

/** A patch whose set names no case or slide is a case and a slide of its own. */
function setOrigin({ read, sourceSeq }: PatchLookup, set: PatchSet): Origin {
  const rows = read.all<{ patch: number; caseId: string | null; slide: string | null }>(
    `SELECT patch_set_rows.patch, cases.id AS caseId, patch_set_rows.slide_name AS slide
     FROM patch_set_rows LEFT JOIN cases ON cases.seq = patch_set_rows.case_seq
     WHERE patch_set_rows.source = @source AND (case_seq IS NOT NULL OR slide_name IS NOT NULL)`,
    { source: sourceSeq(set.id) },
  )
  const named = new Map(rows.map((row) => [row.patch, row]))
  return (patch) => {
    const row = named.get(patch)
    const own = `${set.id}/${patch}`
    const slide = row?.slide ? `${set.id}/${row.slide}` : own
    const known = { case: row ? row.caseId !== null : false, slide: row ? row.slide !== null : false }
    return { case: row?.caseId ?? slide, slide, rect: null, known }
  }
}

/** The input all sources of a training share. */
export type CommonInput = { edgePx: number; channels: 1 | 3; mpp: number | null }

/**
 * @returns the input, or why the sources do not go together
 */
export function commonInput(sources: readonly PatchSource[]): CommonInput | { reason: string } {
  let common: (CommonInput & { name: string }) | null = null
  for (const source of sources) {
    const input = inputOf(source)
    if ('reason' in input) return input
    if (!common) {
      common = input
      continue
    }
    if (common.edgePx !== input.edgePx || common.channels !== input.channels || differ(common.mpp, input.mpp))
      return {
        reason: `Patches of ${common.name} and of ${input.name} do not go together: ${describe(common)} and ${describe(input)}. Choose sources of one size and µm/px, or lay a grid with the same numbers.`,
      }
    common = { ...common, mpp: common.mpp ?? input.mpp }
  }
  if (!common)
    throw tesseraError('TRAINING_NOT_READY', 'No source of patches was chosen.', {
      reasons: ['No source of patches was chosen.'],
    })
  const { name: _name, ...input } = common
  return input
}

function inputOf(source: PatchSource): (CommonInput & { name: string }) | { reason: string } {
  if (source.kind === 'grid')
    return {
      edgePx: source.params.edgePx,
      channels: 3,
      mpp: source.params.mpp,
      name: `a grid of ${source.params.edgePx} px`,
    }
  if (source.width !== source.height)
    return {
      reason: `“${source.name}” has patches of ${source.width} × ${source.height} px; networks here take square ones. Crop them first.`,
    }
  return { edgePx: source.width, channels: source.channels, mpp: source.mpp, name: `“${source.name}”` }
}

/** Unknown goes with anything: a set without a stated µm/px is taken at its word. 1 % is the rounding of a scanner. */
const differ = (a: number | null, b: number | null): boolean => a !== null && b !== null && Math.abs(a / b - 1) > 0.01

const describe = ({ edgePx, channels, mpp }: CommonInput): string =>
  `${edgePx} px, ${channels === 3 ? 'colour' : 'grey'}, ${mpp === null ? 'µm/px unknown' : `${Number(mpp.toPrecision(3))} µm/px`}`
