/**
 * What the main process and the similarity process say to each other. Features go by file; the process keeps those it was
 * told to open, so that a question about them is answered at once.
 */
import * as z from 'zod'
import { uint32s } from '../../src-shared/arrays.ts'
import { EncoderCard } from '../../src-shared/encoders.ts'
import { FeatureSetId } from '../../src-shared/ids.ts'
import { Likeness, SpreadOrder, SpreadQuestion } from '../../src-shared/spread.ts'
import { GridGeometry } from '../../src-shared/patches.ts'
import { call } from '../../src-shared/wire/contract.ts'
import { StoredFeatures } from '../encoders/featureStore.ts'
import { PlaceAttributes } from '../features/featureH5.ts'
import { liveContract } from './live/contract.ts'
import { neighbourQuestions } from './neighboursContract.ts'

/** What stands in an HDF5 file beside the features; all by patch of the source. */
const TableFacts = z.object({
  name: z.string(),
  encoder: EncoderCard,
  /** null = the patches lie on no slide */
  grid: z.object({ geometry: GridGeometry, attributes: PlaceAttributes }).nullable(),
  /** ['' = no file]; null = the patches are no files */
  files: z.array(z.string()).nullable(),
  /** ['' = not labelled]; null = none is */
  labels: z.array(z.string()).nullable(),
})
export type TableFacts = z.infer<typeof TableFacts>

export const ReadH5 = z.object({
  rows: z.number().int().positive(),
  dimensions: z.number().int().positive(),
  /** [row, 2] x, y of the top left corner, level-0 px */
  coords: uint32s,
  edgeLevel0: z.number().nullable(),
  edgePx: z.number().nullable(),
  encoderName: z.string().nullable(),
  card: EncoderCard.nullable(),
  /** of the file written, in the order of the rows */
  blocks: z.array(z.object({ first: z.number().int(), count: z.number().int(), checksum: z.string() })),
})
export type ReadH5 = z.infer<typeof ReadH5>
import { mapInProcess } from './map/contract.ts'

export const similarityContract = {
  calls: {
    /**
     * Reads a set, in place of what was open under its name.
     * @throws FEATURES_FILE_BROKEN
     */
    'similarity.open': call(
      z.object({ set: FeatureSetId, stored: StoredFeatures }),
      z.object({ rows: z.number().int() }),
    ),
    /**
     * Writes a set as HDF5, rows in the order of their patches, see ../features/featureH5.ts.
     * @throws FEATURES_FILE_BROKEN, DISK_FULL, FILE_NO_PERMISSION
     */
    'similarity.writeH5': call(
      z.object({ stored: StoredFeatures, file: z.string(), about: TableFacts }),
      z.object({ patches: z.number().int() }),
    ),
    /**
     * Reads an HDF5 file and keeps its rows as float32 in `into`.
     * @throws FILE_NOT_FOUND, FILE_BROKEN, FEATURES_NOT_PLACED
     */
    'similarity.readH5': call(z.object({ file: z.string(), into: z.string() }), ReadH5),
    'similarity.close': call(z.object({ set: FeatureSetId }), z.void()),
    ...liveContract.calls,
    /** See `spread.order`. */
    'similarity.order': call(SpreadQuestion.extend({ set: FeatureSetId }), SpreadOrder),
    /** See `spread.alike`. */
    'similarity.alike': call(z.object({ set: FeatureSetId, patch: z.number().int() }), Likeness.nullable()),
    ...neighbourQuestions,
    ...mapInProcess.calls,
  },
  streams: { ...mapInProcess.streams },
  events: {},
}
export type SimilarityContract = typeof similarityContract
