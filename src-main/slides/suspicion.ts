/**
 * Which slide killed the reading process. Pure bookkeeping: what was in flight at each crash, and what was proved since.
 *
 * A crash is no proof against a slide that was not alone. So after a crash every slide with requests in flight is under
 * suspicion and travels alone, until the very requests that were in flight have been answered: then it has proved its
 * innocence and all is forgotten. A slide that was in flight at two crashes, and alone at the last, is guilty.
 */

type Suspect = {
  /** crashes it was in flight at */
  crashes: number
  /** its requests that were in flight at a crash and are not answered yet */
  owed: number
}

/** Crashes after which a slide that was alone is set aside. */
const CRASHES = 2

interface Suspicion {
  /** @param counts how many requests of each slide were in flight; at least one slide */
  crashed(counts: ReadonlyMap<string, number>): void
  /** A request that was in flight at a crash has been answered, or is not wanted any more. */
  settled(slide: string): void
  isSuspect(slide: string): boolean
  /** How often the process died of it, when it is set aside; else null. */
  setAside(slide: string): number | null
  /** Forgets a slide, because a person wants to try again. */
  forgive(slide: string): void
}

export function createSuspicion(): Suspicion {
  const suspects = new Map<string, Suspect>()
  const guilty = new Map<string, number>()
  return {
    crashed(counts) {
      for (const [slide, owed] of counts) {
        const crashes = (suspects.get(slide)?.crashes ?? 0) + 1
        if (counts.size === 1 && crashes >= CRASHES) {
          suspects.delete(slide)
          guilty.set(slide, crashes)
        } else suspects.set(slide, { crashes, owed })
      }
    },
    settled(slide) {
      const suspect = suspects.get(slide)
      if (suspect && --suspect.owed <= 0) suspects.delete(slide)
    },
    isSuspect: (slide) => suspects.has(slide),
    setAside: (slide) => guilty.get(slide) ?? null,
    forgive(slide) {
      suspects.delete(slide)
      guilty.delete(slide)
    },
  }
}
