/** The door of live mode: follows the labels of a project and predicts a source anew after every change. */
import { isTesseraError, tesseraError } from '../../src-shared/errors.ts'
import type { Encoder, FeatureSet } from '../../src-shared/features.ts'
import type { EncoderId, FeatureSetId, SourceId } from '../../src-shared/ids.ts'
import type { Change, PatchClass } from '../../src-shared/labels.ts'
import type { LiveClassifier, LiveMeasure, LiveNews, LivePrediction, liveStreams } from '../../src-shared/live.ts'
import type { StreamHandlers } from '../../src-shared/wire/contract.ts'
import type { StoredFeatures } from '../encoders/featureStore.ts'
import type { FittedClassifier, MeasureReply } from '../similarity/live/contract.ts'
import type { SimilarityProcess } from '../similarity/similarityProcess.ts'
import { type LabelledPatch, labelledPatches, type PatchLookup } from '../training/labelledPatches.ts'
import { createChanges } from './changes.ts'
import { type LabelledSource, liveLabels, type LiveLabels, usableSets } from './liveOrder.ts'

export type LiveDependencies = {
  lookup: PatchLookup
  classes: () => PatchClass[]
  /** @throws ENCODER_UNKNOWN */
  encoderById: (encoder: EncoderId) => Encoder
  sets: () => FeatureSet[]
  /** @throws FEATURE_SET_UNKNOWN, FEATURES_STALE */
  stored: (set: FeatureSetId) => StoredFeatures
  similarity: SimilarityProcess
}

export interface LiveRoom {
  streams: StreamHandlers<typeof liveStreams>
  labelsChanged(change: Change): void
  featuresChanged(): void
  /** µm/px, cases or channels of slides were corrected. */
  slidesChanged(): void
}

/** L2 of the linear classifier until labels held out have chosen one. */
const FIRST_L2 = 0.01
/** A temperature that differs by less changes no probability by more than the eye can see. */
const SAME_TEMPERATURE = 0.02

/** What labels held out have said of a classifier; used until they say something else. */
type Chosen = { temperature: number | null; l2: number | null }

export function createLive(dependencies: LiveDependencies): LiveRoom {
  const { lookup, classes, sets, similarity, stored } = dependencies
  const changes = createChanges()
  const chosen = new Map<string, Chosen>()
  /** Labelled patches of a source, until its labels change. */
  const labelled = new Map<SourceId, LabelledPatch[]>()
  /** Patches that have features, until there are more. */
  const having = new Map<FeatureSetId, { rows: number; patches: Set<number> }>()

  const labelledOf = (source: SourceId): LabelledPatch[] => {
    const numbers = classes().map(({ number }) => number)
    const known = labelled.get(source) ?? labelledPatches(lookup, source, numbers)
    labelled.set(source, known)
    return known
  }
  const havingOf = ({ id, rows }: FeatureSet): Set<number> => {
    const known = having.get(id)
    if (known?.rows === rows) return known.patches
    const patches = new Set<number>()
    for (const block of stored(id).blocks) for (const patch of block.patches) patches.add(patch)
    having.set(id, { rows, patches })
    return patches
  }

  const gather = (encoder: EncoderId, source: SourceId): { open: FeatureSet; labels: LiveLabels } => {
    const usable = usableSets(sets(), encoder)
    const open = usable.get(source)
    if (!open)
      throw tesseraError(
        'FEATURE_SET_UNKNOWN',
        `“${dependencies.encoderById(encoder).card.name}” has no features of what is open. Extract them first.`,
        { set: source },
      )
    const all = [...usable.values()]
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map((set): LabelledSource => ({ set: set.id, patches: labelledOf(set.source), has: havingOf(set) }))
    return { open, labels: liveLabels(all, classes()) }
  }

  async function* follow(
    { encoder, source, classifier }: { encoder: EncoderId; source: SourceId; classifier: LiveClassifier },
    signal: AbortSignal,
  ): AsyncGenerator<LiveNews> {
    const name = `${encoder}/${classifier.kind}`
    let begun = performance.now()
    while (!signal.aborted) {
      const seen = changes.now()
      const { open, labels } = gather(encoder, source)
      const { classes: used, without, rule } = labels
      if (used.length < 2) yield { kind: 'waiting', classes: used, without }
      else {
        const needed = [...new Set([open.id, ...labels.sets.map(({ set }) => set)])]
        const order = { set: open.id, labels: labels.sets, classes: used.length }
        const predict = async (): Promise<LivePrediction> => {
          const said = chosen.get(name) ?? { temperature: null, l2: null }
          const fitted = fittedBy(classifier, said)
          const { patch, probabilities } = await similarity.with(needed, (client) =>
            client.call('live.refit', { ...order, classifier: fitted, temperature: said.temperature ?? 1 }),
          )
          return {
            kind: 'prediction',
            classes: used,
            without,
            patch,
            probabilities,
            milliseconds: performance.now() - begun,
            temperature: said.temperature,
            l2: fitted.kind === 'linear' ? fitted.l2 : null,
          }
        }
        yield await predict()
        if (changes.now() === seen && rule) {
          const found = await measured(() =>
            similarity.with(needed, (client) => client.call('live.measure', { ...order, classifier })),
          )
          if (found && 'reason' in found) yield { kind: 'not-measured', reason: found.reason }
          else if (found) {
            yield measureNews(found, rule)
            const before = chosen.get(name) ?? { temperature: null, l2: null }
            chosen.set(name, { temperature: found.temperature, l2: found.l2 })
            if (differ(before, found) && changes.now() === seen) {
              begun = performance.now()
              yield await predict()
            }
          }
        } else if (!rule) yield { kind: 'not-measured', reason: NOWHERE_ELSE }
      }
      begun = await changes.after(seen, signal)
    }
  }

  return {
    streams: {
      async *'live.follow'(input, signal) {
        let leave = (): void => undefined
        const left = new Promise<void>((resolve) => (leave = resolve))
        // The process stays, with what it has computed, for as long as somebody looks.
        const staying = similarity.with([], () => left)
        try {
          yield* follow(input, signal)
        } finally {
          leave()
          await staying
        }
      },
    },
    labelsChanged(change) {
      for (const { source } of change.labels) labelled.delete(source)
      if (change.classes) labelled.clear()
      if (change.labels.length > 0 || change.classes) changes.tell()
    },
    featuresChanged: () => changes.tell(),
    slidesChanged() {
      labelled.clear()
      changes.tell()
    },
  }
}

const NOWHERE_ELSE =
  'Each class needs labels in two places that can be held out in turn: on two slides, or far enough apart on one.'

const fittedBy = (classifier: LiveClassifier, said: Chosen): FittedClassifier =>
  classifier.kind === 'linear' ? { kind: 'linear', l2: classifier.l2 ?? said.l2 ?? FIRST_L2 } : classifier

/** null = newer labels have come meanwhile */
async function measured(ask: () => Promise<MeasureReply>): Promise<MeasureReply | { reason: string } | null> {
  try {
    return await ask()
  } catch (error) {
    if (isTesseraError(error, 'CANCELLED')) return null
    if (isTesseraError(error, 'PROBE_NOT_POSSIBLE')) return { reason: error.message }
    throw error
  }
}

const measureNews = (
  { measured: count, accuracy, curve }: MeasureReply,
  { name, groups }: NonNullable<LiveLabels['rule']>,
): LiveMeasure => ({ kind: 'measure', rule: name, groups, measured: count, accuracy, curve })

const differ = (before: Chosen, { temperature, l2 }: MeasureReply): boolean =>
  l2 !== before.l2 || Math.abs(Math.log((temperature ?? 1) / (before.temperature ?? 1))) > SAME_TEMPERATURE
