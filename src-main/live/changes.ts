/** Says that something changed, to those who look again from the start: many changes while they are busy are one. */

export interface Changes {
  tell(): void
  /** Number of changes so far. */
  now(): number
  /** Waits until there are more than `seen`. @returns when the last came, ms as performance.now; now when aborted */
  after(seen: number, signal: AbortSignal): Promise<number>
}

export function createChanges(): Changes {
  let count = 0
  let last = 0
  const waiting = new Set<() => void>()
  return {
    tell() {
      count++
      last = performance.now()
      for (const wake of waiting) wake()
    },
    now: () => count,
    async after(seen, signal) {
      for (;;) {
        if (signal.aborted) return performance.now()
        if (count !== seen) return last
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiting.delete(wake)
            signal.removeEventListener('abort', wake)
            resolve()
          }
          waiting.add(wake)
          signal.addEventListener('abort', wake)
        })
      }
    },
  }
}
