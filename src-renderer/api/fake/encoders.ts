/** Encoders and features of the made-up main process: every patch is encoded at once. */
import type { ApiCalls, PublishApi } from '../../../src-shared/api.ts'
import { tesseraError } from '../../../src-shared/errors.ts'
import { type Encoder, type featureCalls, FeatureSet } from '../../../src-shared/features.ts'
import type { EncoderId, FeatureSetId, SourceId } from '../../../src-shared/ids.ts'
import { type PatchSource, sourceSize } from '../../../src-shared/patches.ts'
import type { spreadCalls } from '../../../src-shared/spread.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { newId } from './ids.ts'
import { spreadHandlers } from './spread.ts'

const DIMENSIONS = 64

export function encoderHandlers(
  sourceById: (source: SourceId) => PatchSource,
  publish: PublishApi,
): { calls: Pick<ApiCalls, keyof typeof featureCalls | keyof typeof spreadCalls>; sets: () => FeatureSet[] } {
  const encoders = new Map<EncoderId, Encoder>()
  const sets = new Map<FeatureSetId, FeatureSet>()
  const calls: Pick<ApiCalls, keyof typeof featureCalls | keyof typeof spreadCalls> = {
    ...spreadHandlers((set) => sets.get(set)?.rows ?? 0),
    'encoders.list': () => [...encoders.values()],
    'encoders.shipped': () => [],
    'encoders.add'({ from, words }) {
      const origin: Encoder['origin'] = from.kind === 'file' ? { kind: 'file', path: '/home/anna/encoder.onnx' } : from
      const encoder: Encoder = {
        id: newId(),
        origin,
        card: {
          format: 'tessera-encoder-card',
          version: 1,
          name: from.kind === 'shipped' ? from.key : 'Encoder',
          kind: from.kind === 'file' ? 'onnx' : 'tessera',
          weights: { file: 'encoder.onnx', sha256: 'ab'.repeat(32), bytes: 2_000_000 },
          layer: words.layer ?? 'mean',
          pooling: 'none',
          dimensions: DIMENSIONS,
          input: { edgePx: 96, channels: 3, mpp: micronPerPx(0.97) },
          normalisation: { mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2] },
          saidBy: { layer: 'file', edgePx: 'card', mpp: 'card', normalisation: 'card' },
        },
        createdAt: Date.now(),
      }
      encoders.set(encoder.id, encoder)
      publish('encoders.changed', { changed: [encoder] })
      return encoder
    },
    'features.sets': () => [...sets.values()],
    'features.extract'({ encoder, sources, element }) {
      if (!encoders.has(encoder))
        throw tesseraError('ENCODER_UNKNOWN', 'There is no such encoder in this project.', { encoder })
      const made = sources.map(sourceById).map((source) =>
        FeatureSet.parse({
          id: newId(),
          encoder,
          source: source.id,
          slide: source.kind === 'grid' ? source.slide : null,
          job: null,
          element,
          dimensions: DIMENSIONS,
          rows: sourceSize(source),
          total: sourceSize(source),
          stale: null,
          createdAt: Date.now(),
        }),
      )
      for (const set of made) sets.set(set.id, set)
      publish('features.changed', { changed: made, removed: [] })
      return made
    },
    'features.importH5'() {
      throw tesseraError('FEATURES_NOT_PLACED', 'The features in “h5” lie on another slide.', {
        file: 'h5',
        reason: 'outside the slide',
      })
    },
    'features.discard'({ set }) {
      sets.delete(set)
      publish('features.changed', { changed: [], removed: [set] })
    },
  }
  return { calls, sets: () => [...sets.values()] }
}
