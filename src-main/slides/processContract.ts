/**
 * What the slide processes do for the main process. They alone open slide files and pictures; the main process names
 * them by path and gets headers, JPEG and PNG back, or has pixels written into a file.
 */
import * as z from 'zod'
import { bytes, float32s, uint32s } from '../../src-shared/arrays.ts'
import { ChannelMapping } from '../../src-shared/channels.ts'
import { FaultRecord } from '../../src-shared/errors.ts'
import { SlideId } from '../../src-shared/ids.ts'
import { MaskParams } from '../../src-shared/masks.ts'
import { GridGeometry, PictureFacts } from '../../src-shared/patches.ts'
import { AssociatedImageName, SlideColours, SlideHeader, TileReply, TileRequest } from '../../src-shared/slides.ts'
import { call, type Contract, event, stream } from '../../src-shared/wire/contract.ts'

/** A slide as the processes know it: opened when first asked for, checked by its fingerprint, kept open for a while. */
export const SlideFile = z.object({
  file: z.string(),
  /** null = whatever the file holds now */
  fingerprint: z.string().nullable(),
  /** how channels become one picture; none = as the file says */
  channels: ChannelMapping.nullish(),
})
export type SlideFile = z.infer<typeof SlideFile>

/** Where the pixels of patches come from. Paths are absolute. */
export const PatchOrigin = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('grid'), slide: SlideFile, grid: GridGeometry, patches: uint32s }),
  /** Picture files in the order of the patches, all of edge × edge px. */
  z.object({ kind: z.literal('pictures'), files: z.array(z.string()), edge: z.number().int() }),
  /** An IDX file, and what it held when the set was added. */
  z.object({
    kind: z.literal('idx'),
    images: z.string(),
    count: z.number().int(),
    edge: z.number().int(),
    patches: uint32s,
  }),
])
export type PatchOrigin = z.infer<typeof PatchOrigin>

const Progress = z.object({ done: z.number().int() })

const px = z.number().int().min(1).max(8192)

/** A slide whose tiles a window may ask for over its own port, or why it may not. */
export const ServedSlide = z.object({ slide: SlideId, serve: z.union([SlideFile, FaultRecord, z.null()]) })
export type ServedSlide = z.infer<typeof ServedSlide>

export const processContract = {
  calls: {
    /** Answers when the process is up; what comes before is no slide's fault. From then on it ends itself above this memory. */
    'process.ready': call(z.object({ memoryMb: z.number().positive() }), z.void()),
    'slides.open': call(
      SlideFile,
      z.object({
        /** the file that stands for the slide: of a folder, one in it */
        file: z.string(),
        header: SlideHeader,
        fingerprint: z.string(),
        /** bytes of a pyramid that has to be made before there are pixels (slides.prepare); null = nothing is missing */
        toPrepare: z.number().nullable(),
      }),
    ),
    'slides.tiles': call(SlideFile.extend(TileRequest.omit({ slide: true }).shape), z.array(TileReply)),
    'slides.colours': call(SlideFile, SlideColours),
    'slides.thumbnail': call(SlideFile.extend({ edge: px }), bytes),
    'slides.associatedImage': call(SlideFile.extend({ name: AssociatedImageName }), bytes),
    /** PNG. As OpenSlide's read_region: x, y = top left in level-0 px; width, height = px of the answer. */
    'slides.region': call(
      SlideFile.extend({
        x: z.number(),
        y: z.number(),
        width: px,
        height: px,
        /** px of a level as they are stored; or level-0 px for each px of the answer, resampled */
        at: z.union([
          z.object({ level: z.number().int().nonnegative() }),
          z.object({ scaleX: z.number().positive(), scaleY: z.number().positive() }),
        ]),
      }),
      bytes,
    ),
    /** Shares of tissue and of ink in each patch of a grid: [patch], and [patch, colour as in INKS]. */
    'slides.tissue': call(
      SlideFile.extend({
        grid: GridGeometry,
        mppX: z.number().positive(),
        mppY: z.number().positive(),
        wanted: MaskParams,
      }),
      z.object({ share: float32s, ink: float32s, threshold: z.number() }),
    ),
    /** Variance of the Laplacian of patches read at edgePx, in the order asked for; NaN on damaged tiles. */
    'patches.sharpness': call(SlideFile.extend({ grid: GridGeometry, patches: uint32s, edgePx: px }), float32s),
    /**
     * PNG for each patch, its longest side `edge` px, null where the file is damaged. `margin`: surroundings on each side,
     * in patch edges; of grids only.
     */
    'patches.pictures': call(
      z.object({ origin: PatchOrigin, margin: z.number().min(0).max(4), edge: px }),
      z.array(bytes.nullable()),
    ),
    /** Facts of one picture. */
    'patches.pictureFact': call(z.object({ file: z.string() }), PictureFacts),
    'patches.idxFacts': call(
      z.object({ images: z.string(), labels: z.string() }),
      z.object({ count: z.number().int(), width: z.number().int(), height: z.number().int(), labels: bytes }),
    ),
    'tiles.serve': call(z.array(ServedSlide), z.void()),
  },
  streams: {
    /** Makes the pyramid a picture lacks, and tells how many bytes of it are there. Nothing to do is done at once. */
    'slides.prepare': stream(SlideFile, Progress),
    /**
     * Writes raw uint8 [patch, edgePx, edgePx, channel] into `file`; complete only when the stream ends. Its last item has
     * the patches of a grid that lie on damaged tiles, ascending by their place in the order: they are not in the file.
     */
    'patches.read': stream(
      z.object({ origin: PatchOrigin, edgePx: px, channels: z.union([z.literal(1), z.literal(3)]), file: z.string() }),
      Progress.extend({ unread: uint32s.nullable() }),
    ),
    /** Facts of pictures, in order; a text says why a picture can not be used. */
    'patches.pictureFacts': stream(
      z.object({ files: z.array(z.string()) }),
      z.object({ done: z.number().int(), facts: z.array(z.union([PictureFacts, z.string()])).nullable() }),
    ),
  },
  events: {
    /** A request of a window begins (with what it asks for) or ends (null), so that a crash can be attributed. */
    'tiles.reading': event(z.object({ number: z.number().int(), request: TileRequest.nullable() })),
    /** A file is gone, or is not the slide's any more. */
    'slides.lost': event(z.object({ file: z.string(), fault: FaultRecord })),
  },
} satisfies Contract

export type ProcessContract = typeof processContract
