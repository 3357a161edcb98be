/** Slides: image files with a pyramid of levels, the case (patient) each belongs to, and how finely they were scanned. */
import * as z from 'zod'
import { FileHandle } from './app.ts'
import { bytes } from './arrays.ts'
import { ChannelFacts, ChannelMapping } from './channels.ts'
import { FaultRecord } from './errors.ts'
import { CaseId, SlideId, Timestamp } from './ids.ts'
import { SlideLook } from './look.ts'
import { isPlausibleMpp, MicronPerPx, PLAUSIBLE_MPP } from './units.ts'
import { call, event, type Contract } from './wire/contract.ts'

/** One level of the pyramid. Level 0 is the largest; levels need not be powers of two. Sizes in pixels of the level. */
export const SlideLevel = z.object({
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  /** level-0 px per px of this level, mean of both axes */
  downsample: z.number().positive(),
  tileWidth: z.number().int().positive(),
  tileHeight: z.number().int().positive(),
  columns: z.number().int().positive(),
  rows: z.number().int().positive(),
})
export type SlideLevel = z.infer<typeof SlideLevel>

/** µm/px as a file states it, and where in the file. Kept even when it is implausible. */
export const FileMpp = z.object({ x: z.number(), y: z.number(), tag: z.string() })
export type FileMpp = z.infer<typeof FileMpp>

export const MppSource = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('file'), tag: z.string() }),
  z.object({ kind: z.literal('person'), person: z.string(), at: Timestamp }),
])
export type MppSource = z.infer<typeof MppSource>

export const AssociatedImageName = z.enum(['label', 'macro', 'thumbnail'])
export type AssociatedImageName = z.infer<typeof AssociatedImageName>

/**
 * The part of level 0 that was scanned, level-0 px. Level 0 can be larger than that (MIRAX): QuPath then shows this part
 * only and counts from its corner, every other program counts from the corner of level 0.
 */
export const SlideBounds = z.object({
  x: z.number().int().nonnegative(),
  y: z.number().int().nonnegative(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
})
export type SlideBounds = z.infer<typeof SlideBounds>

/** What can be read from a slide's file alone, without a project. Sizes in level-0 px. */
export const SlideHeader = z.object({
  format: z.string(),
  vendor: z.string().nullable(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  levels: z.array(SlideLevel).min(1),
  fileMpp: FileMpp.nullable(),
  /** What other places of the file say of it; none in projects from before it was kept. */
  otherMpp: z.array(FileMpp).default([]),
  objectivePower: z.number().nullable(),
  /** null = all of level 0 was scanned, as far as the file says; so in projects from before it was kept */
  bounds: SlideBounds.nullable().default(null),
  /** What a person has to know of the file, as sentences: that its end is missing. None in older projects. */
  warnings: z.array(z.string()).default([]),
  associatedImages: z.array(z.object({ name: AssociatedImageName, width: z.number().int(), height: z.number().int() })),
  properties: z.array(z.object({ name: z.string(), value: z.string() })),
})
export type SlideHeader = z.infer<typeof SlideHeader>

/** Values this far apart are two values, and not one that was rounded. */
const SAME_MPP = 0.01

/** Places of the file that say something else than the one that is believed, and could be true as well. */
export const mppConflicts = ({ fileMpp, otherMpp }: Pick<SlideHeader, 'fileMpp' | 'otherMpp'>): FileMpp[] =>
  otherMpp.filter(
    ({ x, y }) =>
      fileMpp !== null &&
      isPlausibleMpp(x) &&
      isPlausibleMpp(y) &&
      (Math.abs(x / fileMpp.x - 1) > SAME_MPP || Math.abs(y / fileMpp.y - 1) > SAME_MPP),
  )

export const SlideState = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  /** smaller versions of it are made, by a job */
  z.object({ kind: z.literal('preparing') }),
  z.object({ kind: z.literal('missing'), file: z.string() }),
  z.object({ kind: z.literal('unreadable'), fault: FaultRecord }),
])
export type SlideState = z.infer<typeof SlideState>

export const Slide = z.object({
  id: SlideId,
  name: z.string(),
  caseId: CaseId,
  caseName: z.string(),
  ...SlideHeader.omit({ properties: true }).shape,
  /** The sampling in force, µm per level-0 px; null until a person has said it. */
  mppX: MicronPerPx.nullable(),
  mppY: MicronPerPx.nullable(),
  mppSource: MppSource.nullable(),
  /** Said wherever the slide is shown, e.g. that it is a mosaic and not a patient's slide; with its credit. */
  note: z.string().nullable(),
  /** How the screen shows it. */
  look: SlideLook,
  /** How its channels become one picture, as a person chose; null = as the file says. */
  channels: ChannelMapping.nullable(),
  state: SlideState,
  addedAt: Timestamp,
})
export type Slide = z.infer<typeof Slide>

/** At most this many tiles travel in one request. */
export const TILES_PER_REQUEST = 16

export const TileRequest = z.object({
  slide: SlideId,
  /** index into the slide's levels; 0 = full resolution */
  level: z.number().int().nonnegative(),
  /** column and row of each tile, one after the other: [tile, 2] */
  tiles: z
    .array(z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]))
    .min(1)
    .max(TILES_PER_REQUEST),
  /** how channels become one picture; none = as the file says */
  channels: ChannelMapping.nullish(),
})
export type TileRequest = z.infer<typeof TileRequest>

/** One tile: its JPEG; null where the file stores no tile (bare glass); or why it could not be read. */
export const TileReply = z.union([bytes, z.null(), FaultRecord])
export type TileReply = z.infer<typeof TileReply>

/** How a tile that can not be read is drawn: grey (0 to 255) in stripes from top right to bottom left; px of the tile. */
export const MISSING_STRIPES = { dark: 112, light: 150, period: 24, stripe: 6 } as const

/** Tiles travel on their own wire (a MessagePort, or one binary request a batch), never among the calls below. */
export const tileContract = {
  calls: { 'tiles.read': call(TileRequest, z.array(TileReply)) },
  streams: {},
  events: {},
} satisfies Contract

/** What a file holds of its colours. */
export const SlideColours = z.object({
  /** channels that are put together into one picture; empty = the file has colours */
  channels: z.array(ChannelFacts),
  /** its ICC profile, with the name it has; null = none that can be used */
  profile: z.object({ name: z.string(), icc: bytes }).nullable(),
  /** why the profile there is can not be used */
  profileFault: z.string().nullable(),
})
export type SlideColours = z.infer<typeof SlideColours>

const mpp = z.number().min(PLAUSIBLE_MPP.min).max(PLAUSIBLE_MPP.max).pipe(MicronPerPx)

/** A file that is not taken as a slide, and why. */
export const RefusedFile = z.object({ name: z.string(), fault: FaultRecord })
export type RefusedFile = z.infer<typeof RefusedFile>

export const slideCalls = {
  'slides.list': call(z.void(), z.array(Slide)),
  /** Adds slide files; a file that can not be read is named with its reason and does not stop the others. */
  'slides.add': call(
    z.object({ files: z.array(FileHandle).min(1) }),
    z.object({ added: z.array(Slide), refused: z.array(RefusedFile) }),
  ),
  /** @throws SLIDE_IN_USE while patches of the slide carry labels */
  'slides.remove': call(z.object({ slide: SlideId }), z.void()),
  /** What a person says the sampling is. Moves no patch; grids, models and areas that depend on it become stale. */
  'slides.setMpp': call(z.object({ slide: SlideId, mppX: mpp, mppY: mpp }), Slide),
  'slides.assignCase': call(
    z.object({ slides: z.array(SlideId).min(1), caseName: z.string().trim().min(1).max(120) }),
    z.void(),
  ),
  /** CSV with the columns `slide` (name) and `case`. @returns how many slides changed their case */
  'slides.importCases': call(
    z.object({ file: FileHandle }),
    z.object({ changed: z.number().int(), unknown: z.array(z.string()) }),
  ),
  /** Points a slide at its moved file; the content must be the same. Other missing slides are looked for beside it. */
  'slides.relocate': call(z.object({ slide: SlideId, file: FileHandle }), z.object({ found: z.array(SlideId) })),
  /** Tries a slide again that was set aside or missing. */
  'slides.retry': call(z.object({ slide: SlideId }), Slide),
  /** How the screen shows these slides from now on. */
  'slides.setLook': call(z.object({ slides: z.array(SlideId).min(1), look: SlideLook }), z.void()),
  'slides.colours': call(z.object({ slide: SlideId }), SlideColours),
  /**
   * How the channels of a slide become one picture, for the screen and for networks; null = as the file says. Models and
   * predictions made with others become stale.
   */
  'slides.setChannels': call(z.object({ slide: SlideId, channels: ChannelMapping.nullable() }), z.void()),
  'slides.properties': call(z.object({ slide: SlideId }), z.array(z.object({ name: z.string(), value: z.string() }))),
  /** JPEG of the whole slide, longest side at most `edge` px. */
  'slides.thumbnail': call(
    z.object({ slide: SlideId, edge: z.number().int().min(16).max(2048) }),
    z.object({ jpeg: bytes }),
  ),
  /** PNG of the label, macro or thumbnail image. The label may show a patient's name: only on a person's request. */
  'slides.associatedImage': call(z.object({ slide: SlideId, name: AssociatedImageName }), z.object({ png: bytes })),
}

export const slideEvents = {
  'slides.changed': event(z.object({ changed: z.array(Slide), removed: z.array(SlideId) })),
}
