/** What is held out must not be learned from: neither its votes nor its share of the mean. */
import { expect, test } from 'vitest'
import { seeded } from '../../../../src-main/nn/random.ts'
import { nearestByHand, voteLogits, votes } from '../../../../src-main/probes/knn.ts'
import { centredUnit, columnMeans, rowsOf } from '../../../../src-main/probes/matrix.ts'
import {
  heldOutNeighbours,
  heldOutVotes,
  MOST_MEASURED,
  measuredPart,
} from '../../../../src-main/similarity/live/heldOut.ts'
import { measureLive } from '../../../../src-main/similarity/live/measure.ts'
import type { LiveGroups, LiveTraining } from '../../../../src-main/similarity/live/training.ts'

const CLASSES = 2
const COLUMNS = 6
const breathe = () => Promise.resolve()

function labelled(count: number, groups: number, seed: number): { training: LiveTraining; groups: LiveGroups } {
  const random = seeded(seed)
  const classOf = Uint16Array.from({ length: count }, (_, i) => i % CLASSES)
  const values = Float32Array.from(
    { length: count * COLUMNS },
    (_, at) => 5 + classOf[Math.floor(at / COLUMNS)]! + random.normal(),
  )
  return {
    training: {
      keys: Array.from({ length: count }, (_, i) => String(i)),
      features: { values, rows: count, columns: COLUMNS },
      classOf,
      classes: CLASSES,
    },
    groups: { groupOf: Uint32Array.from({ length: count }, () => random.below(groups)), place: null },
  }
}

test.each([1, 2, 3])(
  'votes are those of a search among the other groups, centred by their mean (seed %i)',
  async (seed) => {
    const { training, groups } = labelled(60, 5, seed)
    const held = heldOutVotes(await heldOutNeighbours(training, groups, breathe), training, 7, false)
    expect(held.measured).toHaveLength(60)
    for (let group = 0; group < 5; group++) {
      const inside = [...groups.groupOf.keys()].filter((i) => groups.groupOf[i] === group)
      const outside = [...groups.groupOf.keys()].filter((i) => groups.groupOf[i] !== group)
      const base = rowsOf(training.features, outside)
      const mean = columnMeans(base)
      const found = nearestByHand(centredUnit(base, mean), centredUnit(rowsOf(training.features, inside), mean), 7)
      const classOf = outside.map((i) => training.classOf[i]!)
      const expected = voteLogits(votes(found, classOf, CLASSES, false), 7)
      for (const [place, i] of inside.entries())
        for (let c = 0; c < CLASSES; c++)
          expect(held.logits[i * CLASSES + c]).toBeCloseTo(expected[place * CLASSES + c]!, 9)
    }
  },
)

test('of a class with few labels left, no more vote than these: it can still win', async () => {
  const { training } = labelled(40, 1, 8)
  // 3 labels of class 1 are left where group 0 is held out, 17 where group 1 is
  const groupOf = Uint32Array.from({ length: 40 }, (_, i) => (i % 2 === 1 && i >= 6 ? 0 : i % 4 === 0 ? 1 : 2))
  const { most } = await heldOutNeighbours(training, { groupOf, place: null }, breathe)
  expect(most[7]).toBe(3)
  expect(most[0]).toBe(10)
})

test('patches that lie next to each other never vote for each other, though their blocks differ', async () => {
  const { training } = labelled(20, 2, 4)
  const groups: LiveGroups = {
    groupOf: Uint32Array.from({ length: 20 }, (_, i) => (i < 10 ? 0 : 1)),
    place: { slideOf: new Uint32Array(20), x: Float64Array.from({ length: 20 }, (_, i) => i), y: new Float64Array(20) },
  }
  const { counts } = await heldOutNeighbours(training, groups, breathe)
  // patch 9 is beside patch 10: nine of the other ten are left
  expect([counts[0], counts[8], counts[9], counts[10], counts[19]]).toEqual([10, 10, 9, 9, 10])
})

test('with many labels a part is measured, the same one every time', () => {
  const { training, groups } = labelled(MOST_MEASURED + 500, 9, 5)
  const part = measuredPart(training, groups)
  expect(part.training.keys).toHaveLength(MOST_MEASURED)
  expect(measuredPart(training, groups).training.keys).toEqual(part.training.keys)
  for (const [i, key] of part.training.keys.entries()) {
    expect(part.training.classOf[i]).toBe(training.classOf[Number(key)])
    expect(part.groups.groupOf[i]).toBe(groups.groupOf[Number(key)])
    expect(part.training.features.values[i * COLUMNS]).toBe(training.features.values[Number(key) * COLUMNS])
  }
})

test('the strength of L2 that held-out labels like best is found, and one that is asked for is measured', async () => {
  const { training, groups } = labelled(200, 8, 6)
  const best = await measureLive(training, groups, { kind: 'linear', l2: null }, breathe)
  expect(best.curve.map(({ at }) => at)).toContain(best.l2)
  const asked = await measureLive(training, groups, { kind: 'linear', l2: 0.003 }, breathe)
  expect(asked.l2).toBe(0.003)
  expect(asked.measured).toBe(200)
  expect(asked.accuracy).toBeGreaterThan(0.7)
})

test('labels of which one class lies in one group are not measured, and it is said why', async () => {
  const { training } = labelled(20, 2, 7)
  const groups = { groupOf: training.classOf.map((c) => c), place: null }
  await expect(
    measureLive(training, { ...groups, groupOf: Uint32Array.from(groups.groupOf) }, { kind: 'prototypes' }, breathe),
  ).rejects.toMatchObject({ code: 'PROBE_NOT_POSSIBLE', message: expect.stringContaining('more places') as string })
})
