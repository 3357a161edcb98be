/** Rate and time left of long work, from how much was done when. */

/** The rate is taken over this many seconds: long enough to be calm, short enough to follow a change. */
const WINDOW_S = 12

export type Progress = { rate: number | null; eta: number | null }

/**
 * @param now seconds, any origin
 */
export function progressMeter(now: () => number) {
  let samples: { at: number; done: number }[] = []
  return {
    /** @returns units per second over the last seconds, and seconds left at that rate; null until there is something to say */
    report(done: number, total: number | null): Progress {
      const at = now()
      const last = samples.at(-1)
      if (last && done < last.done) samples = [] // resumed from an earlier checkpoint
      samples.push({ at, done })
      while (samples.length > 2 && at - samples[1]!.at >= WINDOW_S) samples.shift()
      const first = samples[0]!
      if (at - first.at < 0.5 || done === first.done) return { rate: null, eta: null }
      const rate = (done - first.done) / (at - first.at)
      return { rate, eta: total === null ? null : Math.max(0, total - done) / rate }
    },
    /** Forgets the past, after a pause. */
    reset() {
      samples = []
    },
  }
}
