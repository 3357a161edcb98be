/**
 * Classes, labels, and the log of gestures that is the truth of both.
 *
 * A label is a person's statement: patch (source, index) is of a class. Every gesture on labels, classes and masks is
 * one step of the log; undo appends the inverse gesture and erases nothing.
 */
import * as z from 'zod'
import { FileHandle } from './app.ts'
import { uint16s, uint32s } from './arrays.ts'
import { ClassId, GestureId, MaskId, PredictionRunId, SlideId, SourceId, Timestamp } from './ids.ts'
import { MaskParams } from './masks.ts'
import { call, event } from './wire/contract.ts'

/** Class numbers are small, belong to one project and are never used again; 0 = unlabelled. */
export const UNLABELLED = 0
export const ClassNumber = z.number().int().min(1).max(65535)
export type ClassNumber = z.infer<typeof ClassNumber>

export const Colour = z.string().regex(/^#[0-9a-f]{6}$/, 'a colour like #c80000')
export type Colour = z.infer<typeof Colour>

/**
 * Colours for new classes, in this order: tumour as in QuPath, then Okabe and Ito (2008) and Tol's muted scheme, which
 * readers with red-green blindness can tell apart.
 */
export const CLASS_PALETTE: readonly Colour[] = [
  '#c80000',
  '#0072b2',
  '#e69f00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#d55e00',
  '#f0e442',
  '#332288',
  '#999933',
  '#882255',
  '#44aa99',
  '#117733',
  '#ddcc77',
]

/** A colour on the way to white (255) or black (0), in sRGB. */
const towards = (end: number, share: number) => (colour: Colour) =>
  `#${[1, 3, 5]
    .map((at) => Math.round(parseInt(colour.slice(at, at + 2), 16) * (1 - share) + end * share))
    .map((part) => part.toString(16).padStart(2, '0'))
    .join('')}`

/** The palette, then all of it lighter, then all of it darker: 42 classes before a colour is given twice. */
export const CLASS_COLOURS: readonly Colour[] = [
  ...CLASS_PALETTE,
  ...CLASS_PALETTE.map(towards(255, 0.5)),
  ...CLASS_PALETTE.map(towards(0, 0.45)),
]

export const PatchClass = z.object({
  number: ClassNumber,
  id: ClassId,
  name: z.string().trim().min(1).max(80),
  colour: Colour,
  /** The key that makes it active: a digit 1-9 or a letter; null = by palette only. */
  key: z.string().nullable(),
})
export type PatchClass = z.infer<typeof PatchClass>

/**
 * One gesture's change on one source: patch[i] went from class before[i] to after[i] (class numbers, 0 = unlabelled).
 * Parallel typed arrays, all of one length: 100,000 patches cross a wire at once.
 */
export const LabelDiff = z.object({
  source: SourceId,
  patch: uint32s,
  before: uint16s,
  after: uint16s,
})
export type LabelDiff = z.infer<typeof LabelDiff>

/** The change that takes `diff` back. */
export const reverse = (diff: LabelDiff): LabelDiff => ({ ...diff, before: diff.after, after: diff.before })

export const GestureKind = z.enum([
  'begin', // the classes a project starts with; can not be undone
  'label', // a person labelled, painted, erased or cleared patches
  'accept', // a person agreed with a prediction
  'correct', // a person disagreed with a prediction
  'import', // labels came from a file or from the folders of a patch set
  'carry-over', // labels were carried from one grid to another
  'class-add',
  'class-edit',
  'class-delete',
  'class-merge',
  'mask',
  'undo',
  'redo',
])
export type GestureKind = z.infer<typeof GestureKind>

export const Gesture = z.object({
  /** Place in the project's log, from 1. */
  sequence: z.number().int().positive(),
  id: GestureId,
  kind: GestureKind,
  /** What a menu says behind “Undo”: “label 12 patches as tumor”. */
  text: z.string(),
  person: z.string(),
  at: Timestamp,
  /** Where it happened, so that undo can go there; null for classes. */
  source: SourceId.nullable(),
  slide: SlideId.nullable(),
})
export type Gesture = z.infer<typeof Gesture>

/** What undo and redo would do next; null when there is nothing. */
export const HistoryState = z.object({
  undo: z.string().nullable(),
  redo: z.string().nullable(),
  gestures: z.number().int(),
})
export type HistoryState = z.infer<typeof HistoryState>

/** What one gesture changed. The same value answers the call that made it and is sent to every other window. */
export const Change = z.object({
  gesture: Gesture,
  labels: z.array(LabelDiff),
  /** The whole list afterwards, when the gesture changed classes. */
  classes: z.array(PatchClass).nullable(),
  mask: z.object({ source: SourceId, mask: MaskId.nullable() }).nullable(),
  history: HistoryState,
})
export type Change = z.infer<typeof Change>

export const LabelCount = z.object({ source: SourceId, class: ClassNumber, count: z.number().int().positive() })
export type LabelCount = z.infer<typeof LabelCount>

export const AssignLabels = z.object({
  source: SourceId,
  patches: uint32s,
  /** class number, or 0 to clear: one for all patches, or one for each of them */
  class: z.union([z.literal(UNLABELLED), ClassNumber, uint16s]),
  /** Whether the person agreed with a prediction, disagreed with it, or looked at none. */
  why: GestureKind.extract(['label', 'accept', 'correct']).default('label'),
  /** The run whose prediction was looked at. */
  prediction: PredictionRunId.nullable().default(null),
})

/** One class for patches of several sources. */
export const AssignManyLabels = AssignLabels.omit({ source: true, patches: true, class: true }).extend({
  parts: z.array(z.object({ source: SourceId, patches: uint32s })).min(1),
  /** class number, or 0 to clear */
  class: z.union([z.literal(UNLABELLED), ClassNumber]),
})

export const CarryOverPreview = z.object({
  carried: z.number().int(),
  /** labels of the old grid that reach no patch of the new one with half its area */
  lost: z.number().int(),
  /** patches of the new grid that already carry a label and keep it */
  kept: z.number().int(),
})
export type CarryOverPreview = z.infer<typeof CarryOverPreview>

export const labelCalls = {
  'labels.classes': call(z.void(), z.array(PatchClass)),
  'labels.of': call(z.object({ source: SourceId }), z.object({ patch: uint32s, class: uint16s })),
  /** The gesture that gave each label, by its place in the log: the larger, the newer. */
  'labels.ages': call(z.object({ source: SourceId }), z.object({ patch: uint32s, gesture: uint32s })),
  'labels.counts': call(z.void(), z.array(LabelCount)),
  /** On disk when it answers. null: every patch already was of that class, so no step was made. */
  'labels.assign': call(AssignLabels, Change.nullable()),
  /** As labels.assign, over several sources in one gesture: one undo takes all of it back. */
  'labels.assignMany': call(AssignManyLabels, Change.nullable()),
  'labels.addClass': call(
    z.object({ name: PatchClass.shape.name, colour: Colour.nullable(), key: z.string().nullable() }),
    Change,
  ),
  'labels.editClass': call(
    z.object({
      class: ClassNumber,
      name: PatchClass.shape.name.optional(),
      colour: Colour.optional(),
      key: z.string().nullable().optional(),
    }),
    Change.nullable(),
  ),
  /** Clears every label of the class, in the same gesture. */
  'labels.deleteClass': call(z.object({ class: ClassNumber }), Change),
  /** Every label of `from` becomes one of `into`; `from` is gone. */
  'labels.mergeClasses': call(z.object({ from: ClassNumber, into: ClassNumber }), Change),
  /** @throws NOTHING_TO_UNDO */
  'labels.undo': call(z.void(), Change),
  /** @throws NOTHING_TO_REDO */
  'labels.redo': call(z.void(), Change),
  'labels.history': call(z.void(), HistoryState),
  /** The newest gestures first. */
  'labels.log': call(
    z.object({ before: z.number().int().positive().nullable(), limit: z.number().int().min(1).max(1000) }),
    z.array(Gesture),
  ),
  /** Columns `label` and `col,row` and / or `x,y` (level-0 px, top left), which must agree. One gesture. */
  'labels.importCsv': call(
    z.object({
      source: SourceId,
      file: FileHandle,
      /** name in the file → name of a class, both case-insensitive */
      map: z.record(z.string(), z.string()),
      createClasses: z.boolean(),
      /** x and y of the file count from the corner of the slide's bounds, as in a file made for QuPath. */
      shiftByBounds: z.boolean().default(false),
    }),
    z.object({ change: Change.nullable(), read: z.number().int(), unlabelled: z.number().int() }),
  ),
  /** Labels every patch of a set as its folder, CSV or IDX file says; classes that are missing are made. One gesture. */
  'labels.importFromSet': call(z.object({ set: SourceId }), Change.nullable()),
  /** Puts a tissue mask in force over a grid, or takes it away (null). Never deletes labels. */
  'labels.setMask': call(z.object({ grid: SourceId, params: MaskParams.nullable() }), Change),
  /** Says of patches by hand that they are tissue or not, over the mask in force. null = nothing changed. @throws MASK_NEEDED */
  'labels.paintMask': call(z.object({ grid: SourceId, patches: uint32s, tissue: z.boolean() }), Change.nullable()),
  /** Takes back what was painted; the mask is as it is computed. null = nothing was. @throws MASK_NEEDED */
  'labels.forgetPaintedMask': call(z.object({ grid: SourceId }), Change.nullable()),
  'labels.previewCarryOver': call(z.object({ from: SourceId, to: SourceId }), CarryOverPreview),
  /** Labels go to the patches of the new grid they cover by at least half; the majority of area decides. */
  'labels.carryOver': call(z.object({ from: SourceId, to: SourceId }), Change.nullable()),
}

export const labelEvents = { 'labels.changed': event(Change) }
