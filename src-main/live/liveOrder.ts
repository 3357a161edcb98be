/** What a live classifier is to learn from: which labels have features, and which are held out together. */
import type { EncoderId, FeatureSetId, SourceId } from '../../src-shared/ids.ts'
import type { FeatureSet } from '../../src-shared/features.ts'
import type { LiveClass } from '../../src-shared/live.ts'
import type { PatchClass } from '../../src-shared/labels.ts'
import type { LabelledSet } from '../similarity/live/contract.ts'
import type { LabelledPatch } from '../training/labelledPatches.ts'
import { groupsBy, type Split } from '../training/split.ts'

/** `rule`: what is held out together; null when no rule leaves every class to learn from */
export type LiveLabels = {
  sets: LabelledSet[]
  classes: LiveClass[]
  /** labelled patches that have no features */
  without: number
  rule: { name: Split['rule']; groups: number } | null
}

export type LabelledSource = {
  /** null = the source has none by the encoder */
  set: FeatureSetId | null
  patches: readonly LabelledPatch[]
  has: ReadonlySet<number>
}

/** The newest set of each source that still fits the project. */
export function usableSets(sets: readonly FeatureSet[], encoder: EncoderId): Map<SourceId, FeatureSet> {
  const found = new Map<SourceId, FeatureSet>()
  for (const set of sets)
    if (set.encoder === encoder && set.stale === null && set.rows > 0 && !found.has(set.source))
      found.set(set.source, set)
  return found
}

/** @param classes of the project; the target of a labelled patch is a place among them */
export function liveLabels(sources: readonly LabelledSource[], classes: readonly PatchClass[]): LiveLabels {
  const counts = new Array<number>(classes.length).fill(0)
  let without = 0
  const learned = sources.map(({ set, patches, has }) => {
    const kept = set === null ? [] : patches.filter(({ patch }) => has.has(patch))
    without += patches.length - kept.length
    for (const { target } of kept) counts[target]!++
    return kept
  })
  const used = classes.flatMap(({ number, name, colour }, i) =>
    counts[i]! > 0 ? [{ number, name, colour, labels: counts[i]! }] : [],
  )
  const place = new Map(used.map(({ number }, at) => [classes.findIndex((each) => each.number === number), at]))
  const all = learned.flat()
  const held = groupsToHoldOut(all, classes.length)
  let first = 0
  const sets = sources.flatMap(({ set }, i): LabelledSet[] => {
    const kept = learned[i]!
    const from = first
    first += kept.length
    if (set === null || kept.length === 0) return []
    const rects = kept.map(({ rect }) => rect)
    const gap = held?.rule === 'blocks' && rects.every((rect) => rect !== null)
    return [
      {
        set,
        patch: Uint32Array.from(kept, ({ patch }) => patch),
        classOf: Uint16Array.from(kept, ({ target }) => place.get(target)!),
        group: held ? held.groupOf.slice(from, first) : new Uint32Array(kept.length),
        place: gap
          ? {
              x: Float32Array.from(rects, (rect) => rect.x / rect.width),
              y: Float32Array.from(rects, (rect) => rect.y / rect.height),
            }
          : null,
      },
    ]
  })
  return { sets, classes: used, without, rule: held && { name: held.rule, groups: held.groups } }
}

/** The first rule of case, slide and blocks by which every class is in two groups: one is held out, one is left. */
function groupsToHoldOut(
  patches: readonly LabelledPatch[],
  classes: number,
): { rule: Split['rule']; groups: number; groupOf: Uint32Array } | null {
  const present = new Set(patches.map(({ target }) => target))
  for (const rule of ['case', 'slide', 'blocks'] as const) {
    const groups = groupsBy(rule, patches)
    const groupsOf = new Array<number>(classes).fill(0)
    for (const group of groups) for (const target of new Set(group.map((i) => patches[i]!.target))) groupsOf[target]!++
    if ([...present].some((target) => groupsOf[target]! < 2)) continue
    const groupOf = new Uint32Array(patches.length)
    for (const [number, group] of groups.entries()) for (const i of group) groupOf[i] = number
    return { rule, groups: groups.length, groupOf }
  }
  return null
}
