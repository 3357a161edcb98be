/**
 * Learning rate over a training: up in a straight line during the warm-up, then down along half a cosine to 0.
 *
 *   step < warmUp:  peak · (step + 1) / warmUp
 *   after:          peak · (1 + cos(π · (step − warmUp) / (steps − warmUp))) / 2
 *
 * @see Loshchilov, Hutter, SGDR, ICLR (2017); Goyal et al., Accurate, Large Minibatch SGD (2017) for the warm-up
 */
export type Schedule = { peak: number; steps: number; warmUp: number }

/** Share of the steps spent warming up, and the most steps it may take. */
const WARM_UP_SHARE = 0.1
const MOST_WARM_UP = 500

export const cosineSchedule = (peak: number, steps: number): Schedule => ({
  peak,
  steps,
  warmUp: Math.min(MOST_WARM_UP, Math.floor(steps * WARM_UP_SHARE)),
})

/** @param step 0 … steps − 1 */
export function learningRateAt({ peak, steps, warmUp }: Schedule, step: number): number {
  if (step < warmUp) return (peak * (step + 1)) / warmUp
  return (peak * (1 + Math.cos((Math.PI * (step - warmUp)) / (steps - warmUp)))) / 2
}
