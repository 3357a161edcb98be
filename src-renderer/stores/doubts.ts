/**
 * Labels in doubt, for review: those a model finds improbable, and those their neighbours speak against. A label that a
 * person kept is not asked about again in this session, as long as it stays as it is. Pure but for the call.
 */
import type { EncoderId, SourceId } from '../../src-shared/ids.ts'
import type { PatchClass } from '../../src-shared/labels.ts'
import { type Disagreements, NEIGHBOURS } from '../../src-shared/neighbours.ts'
import { mostProbable, uncertainty } from '../../src-shared/predictions.ts'
import type { HeldOutPatches } from '../../src-shared/training.ts'
import { call } from '../api/index.ts'
import { type Candidate, lossOf, type ReviewOrder } from './reviewOrder.ts'

export const isDoubt = (order: ReviewOrder | 'held-out'): boolean => order === 'loss' || order === 'neighbours'

/** Labels people kept when they were asked: the label of each patch then. */
export class KeptLabels {
  private readonly labels = new Map<string, number>()

  private key = (source: SourceId, patch: number): string => `${source} ${patch}`

  keep(source: SourceId, patch: number, label: number): void {
    this.labels.set(this.key(source, patch), label)
  }
  has(source: SourceId, patch: number, label: number): boolean {
    return this.labels.get(this.key(source, patch)) === label
  }
  clear(): void {
    this.labels.clear()
  }
  get size(): number {
    return this.labels.size
  }
}

/** A label in doubt, as it is shown in review. */
export type Doubt = Candidate & { source: SourceId; doubted: number }

/**
 * Held-out patches of a training by the loss of the label they have now.
 * @param labelOf index of the label among the classes of the training; -1 = another class, null = none
 */
export function heldOutLosses(
  { patch, probabilities }: HeldOutPatches,
  classes: number,
  labelOf: (patch: number) => number | null,
): Candidate[] {
  const found: Candidate[] = []
  for (const [row, of] of patch.entries()) {
    const label = labelOf(of)
    if (label === null || label < 0) continue
    const own = probabilities.slice(row * classes, (row + 1) * classes)
    found.push({
      patch: of,
      probabilities: own,
      predicted: mostProbable(probabilities, row, classes),
      uncertainty: uncertainty(probabilities, row, classes),
      why: 'loss',
      truth: null,
      rank: lossOf(own[label]!),
    })
  }
  return found
}

/** The votes of neighbours as candidates: shares in place of probabilities, in the order they came. */
export function disagreementDoubts({ worst }: Disagreements, classes: readonly PatchClass[]): Doubt[] {
  const places = new Map(classes.map(({ number }, place) => [number, place]))
  return worst.flatMap(({ source, patch, label, votes }, i) => {
    const all = votes.reduce((sum, each) => sum + each.votes, 0)
    const shares = new Float32Array(classes.length)
    for (const each of votes) {
      const place = places.get(each.class)
      // a class that was deleted meanwhile: its labels are gone, and so is this case
      if (place === undefined) return []
      shares[place] = each.votes / all
    }
    const predicted = mostProbable(shares, 0, classes.length)
    return [
      {
        source,
        patch,
        doubted: label,
        probabilities: shares,
        predicted,
        uncertainty: uncertainty(shares, 0, classes.length),
        why: 'neighbours' as const,
        truth: null,
        rank: worst.length - i,
      },
    ]
  })
}

export const askDisagreements = (encoder: EncoderId, within: SourceId | null, most: number): Promise<Disagreements> =>
  call('neighbours.disagreements', { encoder, within, k: NEIGHBOURS, most })
