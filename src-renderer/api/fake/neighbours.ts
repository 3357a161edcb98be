/** Neighbours of the made-up main process: the labelled patches that come first are the nearest, a little farther each. */
import type { ApiCalls } from '../../../src-shared/api.ts'
import type { SourceId } from '../../../src-shared/ids.ts'
import type { neighbourCalls, Neighbour, Votes } from '../../../src-shared/neighbours.ts'
import { sourceSize } from '../../../src-shared/patches.ts'
import type { FakeLabels } from './labels.ts'
import type { FakePatches } from './patchHandlers.ts'

const STEP = 0.03

export function neighbourHandlers(
  { sources }: FakePatches,
  log: FakeLabels,
): Pick<ApiCalls, keyof typeof neighbourCalls> {
  const labelled = (except: { source: SourceId; patch: number } | null): Neighbour[] =>
    [...sources.keys()]
      .flatMap((source) =>
        [...log.array(source)].flatMap((label, patch) =>
          label === 0 || (source === except?.source && patch === except.patch) ? [] : [{ source, patch, label }],
        ),
      )
      .map((each, i) => ({ ...each, distance: 0.2 + i * STEP }))
  const votesOf = (neighbours: Neighbour[]): Votes =>
    [...Map.groupBy(neighbours, ({ label }) => label)]
      .map(([of, all]) => ({ class: of, votes: all.length }))
      .toSorted((a, b) => b.votes - a.votes)

  return {
    'neighbours.labelled'({ source, patch, k }) {
      const all = labelled({ source, patch })
      const neighbours = all.length < 2 ? [] : all.slice(0, k)
      return { labelled: all.length, neighbours, votes: votesOf(neighbours) }
    },
    'neighbours.alike'({ source, patch, most }) {
      const size = sourceSize(sources.get(source)!)
      const now = log.array(source)
      const found = Array.from({ length: Math.min(most, size - 1) }, (_, i) => (patch + i + 1) % size)
      return {
        searched: size,
        found: found.map((each, i) => ({ source, patch: each, label: now[each]!, distance: 0.1 + i * STEP })),
      }
    },
    'neighbours.disagreements'({ within, k, most }) {
      const all = labelled(null)
      const doubted = all.filter(({ source }) => within === null || source === within).filter((_, i) => i % 7 === 0)
      const worst = doubted.flatMap(({ source, patch, label }) => {
        const other = all.find((each) => each.label !== label)?.label
        return other === undefined ? [] : [{ source, patch, label, votes: [{ class: other, votes: k }] }]
      })
      return { labelled: all.length, lookedAt: all.length, found: worst.length, worst: worst.slice(0, most) }
    },
  }
}
