/**
 * The parts of a batch one after the other on one device: what parallelTrainer.ts does on threads. A batch norm then looks
 * at as many patches as on the processor, so a run may change from one to the other and goes on learning the same way.
 */
import type { Trainer, TrainerStep } from './backend.ts'
import { masksOfWhole, partOf, stepResults, sumOfGradients, together } from './batchParts.ts'
import { doWork } from './vectorWork.ts'

/** @param own does one part at a time; it is disposed of with the whole */
export function trainerInTurn(batch: number, parts: number, own: Trainer): Trainer {
  const ofParts = Array.from({ length: parts }, () => stepResults(own.layout))
  const results = stepResults(own.layout, ofParts[0]!.gradient)
  return {
    ...own,
    masks: masksOfWhole(own.masks, batch),
    batch,
    results,
    async step(weights, input): Promise<TrainerStep> {
      const steps: TrainerStep[] = []
      for (const [place, kept] of ofParts.entries()) {
        const { loss, correct, gradient, mean, variance } = await own.step(weights, partOf(input, place, parts))
        kept.gradient.set(gradient)
        kept.mean.set(mean)
        kept.variance.set(variance)
        steps.push({ loss, correct, ...kept })
      }
      doWork(sumOfGradients(steps))
      return together(steps, results)
    },
  }
}
