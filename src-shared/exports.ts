/** Exports: files other programs read. Written to a temporary name and renamed, so that a half-written file never has the final name. */
import * as z from 'zod'
import { bytes } from './arrays.ts'
import { FeatureSetId, JobId, ModelId, PredictionRunId, SourceId } from './ids.ts'
import { call, event } from './wire/contract.ts'

export const ExportRequest = z.discriminatedUnion('format', [
  /** One row for each labelled or predicted patch. */
  z.object({ format: z.literal('csv'), source: SourceId, run: PredictionRunId.nullable() }),
  /** QuPath: human labels as annotations, predictions as tiles with measurements. Slides only. */
  z.object({
    format: z.literal('geojson'),
    source: SourceId,
    run: PredictionRunId.nullable(),
    /** Coordinates count from the corner of the slide's bounds, as QuPath does; without bounds it is the same. */
    shiftByBounds: z.boolean().default(true),
  }),
  /** The slide with the overlay of one class (or the class map) and its legend. Slides only. */
  z.object({
    format: z.literal('png'),
    source: SourceId,
    run: PredictionRunId,
    /** index of the class whose probability is drawn; null = class map */
    class: z.number().int().nonnegative().nullable(),
    opacity: z.number().min(0).max(1).default(0.6),
  }),
  /** Features of patches as HDF5, as TRIDENT and CLAM lay them out. */
  z.object({ format: z.literal('features'), set: FeatureSetId }),
  /** Weights as ONNX and the card beside it. */
  z.object({ format: z.literal('model'), model: ModelId }),
])
export type ExportRequest = z.infer<typeof ExportRequest>

export const ExportedFile = z.object({
  /** Under `/exports/` on the web host and the app scheme. */
  id: z.uuidv7(),
  name: z.string(),
  bytes: z.number().int(),
  /** Where it lies on this machine, for a person to read. */
  location: z.string(),
})
export type ExportedFile = z.infer<typeof ExportedFile>

export const exportCalls = {
  /** Starts the job; the files lie in the project's `exports` folder when it is done. */
  'exports.start': call(ExportRequest, z.object({ job: JobId })),
  /**
   * Keeps a picture that the window made of its view, beside the other exports.
   * @param name of the file, without its ending: as the window calls the slide, which may be blinded
   * @throws INPUT_INVALID when it is no PNG
   */
  'exports.savePicture': call(
    z.object({ name: z.string().trim().min(1).max(160), png: bytes }),
    z.object({ job: JobId }),
  ),
  'exports.files': call(z.object({ job: JobId }), z.array(ExportedFile)),
}

export const exportEvents = {
  'exports.done': event(z.object({ job: JobId, files: z.array(ExportedFile) })),
}
