/** How many steps a run has, and after which of them the held-out patches are looked at. */

/** At most and at least this many validations in a run, whatever its epochs. */
const MOST_VALIDATIONS = 25
const LEAST_VALIDATIONS = 5

/** Steps in which as many patches are trained on as there are. */
export const stepsPerEpoch = (patches: number, batchSize: number): number =>
  Math.max(1, Math.round(patches / batchSize))

export const stepsOfEpochs = (epochs: number, patches: number, batchSize: number): number =>
  Math.max(1, Math.round((epochs * patches) / batchSize))

/**
 * Steps between two validations: an epoch, unless epochs are so short or so long that there would be more than 25
 * validations or fewer than 5. Follows from the length of the run alone, so a repeated run validates at the same steps.
 */
export const validationInterval = (steps: number, perEpoch: number): number =>
  Math.max(Math.ceil(steps / MOST_VALIDATIONS), Math.min(perEpoch, Math.ceil(steps / LEAST_VALIDATIONS)))

/** @param step steps done */
export const isMilestone = (step: number, steps: number, interval: number): boolean =>
  step === steps || step % interval === 0
