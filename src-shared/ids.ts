/** Identities that survive the merge of two people's projects: UUIDv7, one branded type for each kind of record. */
import * as z from 'zod'

const id = <Name extends string>() => z.uuidv7().brand<Name>()

export const ProjectId = id<'ProjectId'>()
export const PersonId = id<'PersonId'>()
export const CaseId = id<'CaseId'>()
export const SlideId = id<'SlideId'>()
/** A patch source: the grid of a slide, or a patch set. A patch is (source, index). */
export const SourceId = id<'SourceId'>()
export const MaskId = id<'MaskId'>()
export const GestureId = id<'GestureId'>()
export const ClassId = id<'ClassId'>()
export const RunId = id<'RunId'>()
export const ModelId = id<'ModelId'>()
export const PredictionRunId = id<'PredictionRunId'>()
export const JobId = id<'JobId'>()
export const BookmarkId = id<'BookmarkId'>()
export const EncoderId = id<'EncoderId'>()
export const FeatureSetId = id<'FeatureSetId'>()
export const MapId = id<'MapId'>()

export type ProjectId = z.infer<typeof ProjectId>
export type PersonId = z.infer<typeof PersonId>
export type CaseId = z.infer<typeof CaseId>
export type SlideId = z.infer<typeof SlideId>
export type SourceId = z.infer<typeof SourceId>
export type MaskId = z.infer<typeof MaskId>
export type GestureId = z.infer<typeof GestureId>
export type ClassId = z.infer<typeof ClassId>
export type RunId = z.infer<typeof RunId>
export type ModelId = z.infer<typeof ModelId>
export type PredictionRunId = z.infer<typeof PredictionRunId>
export type JobId = z.infer<typeof JobId>
export type BookmarkId = z.infer<typeof BookmarkId>
export type EncoderId = z.infer<typeof EncoderId>
export type FeatureSetId = z.infer<typeof FeatureSetId>
export type MapId = z.infer<typeof MapId>

/** Milliseconds since 1970, UTC, as everywhere in the database. */
export const Timestamp = z.number().int().nonnegative()
