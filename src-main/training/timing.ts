/**
 * From minutes to steps: a few real steps are timed on copies of the weights, which are then thrown away. Because every
 * step's random numbers follow from its own number, a run of the found steps is the same run without the timing.
 */
import { validationInterval } from './milestones.ts'

/** Steps before the clock starts: the first ones allocate memory. */
const WARM_UP_STEPS = 2
const LEAST_STEPS = 3
/** Timing takes this share of the time asked for, but not longer than the most. */
const SHARE = 0.05
const MOST_SECONDS = 4

export type Durations = {
  /** seconds of one step, its batch and its update included */
  step: number
  /** seconds of one validation with its checkpoint; 0 when nothing is held out */
  validation: number
}

/** @param tryStep does one step and forgets it @param now seconds */
export async function timeStep(
  tryStep: (step: number) => Promise<unknown>,
  minutes: number,
  now: () => number,
): Promise<number> {
  for (let step = 0; step < WARM_UP_STEPS; step++) await tryStep(step)
  const most = Math.min(MOST_SECONDS, SHARE * minutes * 60)
  const start = now()
  let done = 0
  while (done < LEAST_STEPS || now() - start < most) await tryStep(WARM_UP_STEPS + done++)
  return (now() - start) / done
}

/** The largest number of steps that fit with their validations; at least 1. */
export function stepsThatFit(seconds: number, durations: Durations, perEpoch: number): number {
  const needed = (steps: number) =>
    steps * durations.step + Math.ceil(steps / validationInterval(steps, perEpoch)) * durations.validation
  let steps = Math.max(1, Math.floor(seconds / durations.step))
  while (steps > 1 && needed(steps) > seconds)
    steps = Math.max(1, Math.min(steps - 1, Math.floor((steps * seconds) / needed(steps))))
  return steps
}
