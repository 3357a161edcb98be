/**
 * What is predicted of the patches that are open, whoever predicts it: the one place where cards, orders and counts ask.
 * Now it is the newest run of the chosen model.
 */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { PredictionRunId, SourceId } from '../../src-shared/ids.ts'
import { UNLABELLED } from '../../src-shared/labels.ts'
import { useLabels } from './labels.ts'
import { usePredictions } from './predictions.ts'
import type { Probabilities } from './probabilities.ts'

export interface ShownPredictions {
  source: SourceId
  /** null = not by a run of a model */
  run: PredictionRunId | null
  /** what predicts */
  name: string
  classes: readonly { name: string; colour: string }[]
  probabilities: Probabilities
}

export const useShownPredictions = defineStore('shownPredictions', () => {
  const predictions = usePredictions()
  const labels = useLabels()

  const now = computed<ShownPredictions | null>(() => {
    const { shownRun: run, shown } = predictions
    if (!run || !shown) return null
    return { source: run.source, run: run.id, name: run.modelName, classes: run.classes, probabilities: shown }
  })

  /** [class of the model] number of the project's class of that name; 0 = it has none */
  const numbers = computed<readonly number[]>(
    () => now.value?.classes.map(({ name }) => labels.classNamed(name)?.number ?? UNLABELLED) ?? [],
  )

  return {
    now,
    numbers,
    /** Changes whenever probabilities or what predicts them do. */
    revision: computed(() => [now.value?.run ?? null, predictions.revision] as const),
    /** Number of the project's class that is predicted of a patch; 0 = not predicted, or a class the project has not. */
    numberOf(patch: number): number {
      const shown = now.value?.probabilities
      return shown?.has(patch) ? numbers.value[shown.first[patch]!]! : UNLABELLED
    },
  }
})
