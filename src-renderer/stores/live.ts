/**
 * Live mode: while it is on, a classifier on features learns from every label, and what it says of the open slide or set is
 * what is shown of it. Off, the newest run of the chosen model is shown again.
 */
import { defineStore } from 'pinia'
import { v7 as uuidv7 } from 'uuid'
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { FeatureSet } from '../../src-shared/features.ts'
import { JobId, ModelId, PredictionRunId } from '../../src-shared/ids.ts'
import type { LiveClass, LiveClassifier, LiveMeasure, LiveNews, LivePrediction } from '../../src-shared/live.ts'
import type { PredictionRun } from '../../src-shared/predictions.ts'
import { stream } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { useFeatures } from './features.ts'
import { usePredictions } from './predictions.ts'

/** While a slider moves, each place of it need not be computed. */
const SETTLED_MS = 80

export const useLive = defineStore('live', () => {
  const features = useFeatures()
  const predictions = usePredictions()
  const faults = useFaults()

  const on = ref(false)
  const kind = ref<LiveClassifier['kind']>('knn')
  const k = ref(20)
  const weighted = ref(false)
  /** null = as labels held out say */
  const l2 = ref<number | null>(null)

  const prediction = shallowRef<Omit<LivePrediction, 'patch' | 'probabilities'> | null>(null)
  const measure = shallowRef<LiveMeasure | null>(null)
  /** Why there is no measure; null = it is there, or under way. */
  const notMeasured = ref<string | null>(null)
  /** Labels there are, while they are too few. */
  const waiting = shallowRef<{ classes: LiveClass[]; without: number } | null>(null)

  const classifier = computed<LiveClassifier>(() => {
    if (kind.value === 'knn') return { kind: 'knn', k: k.value, weighted: weighted.value }
    return kind.value === 'linear' ? { kind: 'linear', l2: l2.value } : { kind: 'prototypes' }
  })

  const forget = (): void => {
    prediction.value = null
    measure.value = null
    notMeasured.value = null
    waiting.value = null
  }

  const titleOf = (news: LivePrediction): string => {
    const chosen = classifier.value
    if (chosen.kind === 'knn') return 'Live: nearest neighbours'
    return chosen.kind === 'linear' ? `Live: linear, L2 ${news.l2}` : 'Live: class means'
  }

  function asRun(set: FeatureSet, news: LivePrediction): PredictionRun {
    return {
      id: PredictionRunId.parse(uuidv7()),
      job: JobId.parse(uuidv7()),
      model: ModelId.parse(uuidv7()),
      modelName: titleOf(news),
      source: set.source,
      slide: set.slide,
      classes: news.classes.map(({ name, colour }) => ({ name, colour })),
      testTime: 'none',
      total: news.patch.length,
      unread: 0,
      done: news.patch.length,
      counts: null,
      complete: true,
      stale: null,
      createdAt: Date.now(),
    }
  }

  function take(set: FeatureSet, news: LiveNews): void {
    if (news.kind === 'prediction') {
      const { patch, probabilities, ...rest } = news
      prediction.value = rest
      waiting.value = null
      predictions.showLive(asRun(set, news), { patch, probabilities })
    } else if (news.kind === 'measure') {
      measure.value = news
      notMeasured.value = null
    } else if (news.kind === 'not-measured') {
      measure.value = null
      notMeasured.value = news.reason
    } else {
      forget()
      waiting.value = { classes: news.classes, without: news.without }
      predictions.hideLive()
    }
  }

  let following: AbortController | null = null
  async function follow(set: FeatureSet): Promise<void> {
    const abort = (following = new AbortController())
    try {
      const asked = { encoder: set.encoder, source: set.source, classifier: classifier.value }
      for await (const news of stream('live.follow', asked, abort.signal)) {
        if (abort.signal.aborted) return
        take(set, news)
      }
    } catch (error) {
      if (abort.signal.aborted) return
      on.value = false
      faults.report('features', 'Live predictions stopped.', error)
    }
  }

  let settling: ReturnType<typeof setTimeout> | undefined
  function stop(): void {
    clearTimeout(settling)
    following?.abort()
    following = null
  }
  onScopeDispose(stop)

  const followed = computed(() => {
    const set = features.openSet
    return on.value && set && set.rows > 0 && set.stale === null ? set : null
  })
  // Another set, or the same with another number of rows.
  watch(
    () => followed.value && `${followed.value.id} ${followed.value.rows}`,
    () => {
      stop()
      forget()
      predictions.hideLive()
      if (followed.value) void follow(followed.value)
    },
    { flush: 'post' },
  )
  // Another classifier: what was shown stays until the new one has something to say.
  watch(classifier, () => {
    if (!followed.value) return
    stop()
    measure.value = null
    settling = setTimeout(() => {
      if (followed.value) void follow(followed.value)
    }, SETTLED_MS)
  })

  return {
    on,
    kind,
    k,
    weighted,
    l2,
    prediction,
    measure,
    notMeasured,
    waiting,
    /** Whether it can be on: what is open has features. */
    possible: computed(() => features.openSet !== null && features.openSet.rows > 0 && features.openSet.stale === null),
    reset() {
      on.value = false
      stop()
      forget()
    },
  }
})
