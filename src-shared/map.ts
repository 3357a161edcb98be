/**
 * Embedding maps: every patch that has features as a point in the plane, close to those that look alike.
 *
 * The principal components are worked out whenever they are asked for. A UMAP takes a job, and is kept.
 */
import * as z from 'zod'
import { float32s, uint32s } from './arrays.ts'
import { EncoderId, FeatureSetId, JobId, MapId, SourceId, Timestamp } from './ids.ts'
import { call, event } from './wire/contract.ts'

/** Fewer patches than this lie on a line at most. */
export const LEAST_ON_MAP = 3

/** Points in the order of their sources: the first `counts[0]` are of `sources[0]`, and so on. */
export const MapPoints = z.object({
  sources: z.array(SourceId),
  counts: z.array(z.number().int().nonnegative()),
  /** [point] */
  patch: uint32s,
  /** [point, 2]: x to the right, y upwards; only distances mean something */
  position: float32s,
})
export type MapPoints = z.infer<typeof MapPoints>

export const UmapParams = z.object({
  /** how many patches nearest to each, itself among them, it is kept close to */
  neighbours: z.number().int().min(3).max(200).default(15),
  seed: z.number().int().nonnegative().default(1),
})
export type UmapParams = z.infer<typeof UmapParams>

/** A UMAP that is kept, or being made. */
export const EmbeddingMap = z.object({
  id: MapId,
  encoder: EncoderId,
  sources: z.array(SourceId),
  params: UmapParams,
  job: JobId,
  /** It can be looked at. */
  complete: z.boolean(),
  points: z.number().int(),
  /** Points that were laid out; the others were put among those nearest to them. */
  laidOut: z.number().int(),
  /** Why it is not of the features as they are now; null while it is. */
  stale: z.string().nullable(),
  createdAt: Timestamp,
})
export type EmbeddingMap = z.infer<typeof EmbeddingMap>

const ofSets = z.object({ sets: z.array(FeatureSetId).min(1) })

export const mapCalls = {
  /**
   * The principal components of the features of some sets, all of one encoder.
   * @throws FEATURE_SET_UNKNOWN, FEATURES_STALE, FEATURES_FILE_BROKEN, MAP_TOO_FEW, MAP_ENCODERS_MIXED
   */
  'maps.principal': call(
    ofSets,
    MapPoints.extend({ /** share of all variance, of x and of y */ explained: z.tuple([z.number(), z.number()]) }),
  ),
  /** Newest first. */
  'maps.list': call(z.void(), z.array(EmbeddingMap)),
  /**
   * Makes a UMAP of the features of some sets, as a job. The one it replaces, of the same encoder and sources, stays until
   * it is there.
   * @throws as maps.principal
   */
  'maps.start': call(ofSets.extend({ params: UmapParams.default({ neighbours: 15, seed: 1 }) }), EmbeddingMap),
  /** @throws MAP_UNKNOWN, MAP_FILE_BROKEN */
  'maps.points': call(z.object({ map: MapId }), MapPoints),
}

export const mapEvents = {
  'maps.changed': event(z.object({ changed: z.array(EmbeddingMap), removed: z.array(MapId) })),
}
