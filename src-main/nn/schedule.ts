/**
 * Learning rate over a training: the rate of each step, 0 … steps − 1, from the choice of a recipe and its highest rate.
 *
 *   warm-up (w steps)   peak · (step + 1) / w                                           Goyal et al. (2017)
 *   cosine              peak · (1 + cos(π · (step − w) / (steps − w))) / 2              Loshchilov, Hutter, SGDR (2017)
 *   one cycle           up from peak / startDivisor, then down to that / endDivisor,
 *                       each along half a cosine                                        Smith, Topin (2017)
 *   step                peak · factor ^ (shares of the run that are over)
 *   constant            peak
 */
import type { ScheduleChoice } from '../../src-shared/recipe.ts'

/** @param step 0 … steps − 1 */
export type Schedule = (step: number) => number

/** The most steps a warm-up may take, whatever its share. */
const MOST_WARM_UP = 500

export function scheduleOf(choice: ScheduleChoice, peak: number, steps: number): Schedule {
  if (choice.kind === 'one-cycle') return oneCycle(choice, peak, steps)
  const warmUp = Math.min(MOST_WARM_UP, Math.floor(steps * choice.warmUp))
  const after = afterWarmUp(choice, peak, steps, warmUp)
  return (step) => (step < warmUp ? (peak * (step + 1)) / warmUp : after(step))
}

function afterWarmUp(
  choice: Exclude<ScheduleChoice, { kind: 'one-cycle' }>,
  peak: number,
  steps: number,
  warmUp: number,
): Schedule {
  switch (choice.kind) {
    case 'cosine':
      return (step) => (peak * (1 + Math.cos((Math.PI * (step - warmUp)) / (steps - warmUp)))) / 2
    case 'step': {
      const drops = choice.at.map((share) => Math.ceil(share * steps))
      return (step) => peak * choice.factor ** drops.filter((drop) => step >= drop).length
    }
    case 'constant':
      return () => peak
  }
}

/** The highest rate is that of step warmUp · steps − 1, the last that of the last step, as PyTorch counts them. */
function oneCycle(
  { warmUp, startDivisor, endDivisor }: Extract<ScheduleChoice, { kind: 'one-cycle' }>,
  peak: number,
  steps: number,
): Schedule {
  const start = peak / startDivisor
  const end = start / endDivisor
  const top = Math.max(0, warmUp * steps - 1)
  const along = (from: number, to: number, share: number) => to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2
  return (step) => {
    if (step < top) return along(start, peak, step / top)
    return steps - 1 > top ? along(peak, end, (step - top) / (steps - 1 - top)) : peak
  }
}
