/** Neighbours in a whole project, with real processes: a slide and a patch set, labels of both, and what is refused. */
import { expect, test } from 'vitest'
import type { SourceId } from '../../../src-shared/ids.ts'
import { NEIGHBOURS } from '../../../src-shared/neighbours.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { readRows } from '../../../src-main/encoders/featureStore.ts'
import { RoomsBench } from '../../fixtures/roomsBench.ts'
import { SAMPLE_PATCHES } from '../../fixtures/samples.ts'

async function projectWithFeatures() {
  const bench = RoomsBench.create()
  const { slide, grid } = await bench.addMosaic()
  const set = await bench.calls['patches.addFolder']({ folder: bench.handle(SAMPLE_PATCHES), mpp: null })
  const encoder = await bench.calls['encoders.add']({ from: { kind: 'shipped', key: 'lymph-node' }, words: {} })
  const made = await bench.calls['features.extract']({
    encoder: encoder.id,
    sources: [grid.id, set.id],
    element: 'float32',
  })
  for (const { job } of made) expect(await bench.settled(job!)).toMatchObject({ state: 'done' })
  const label = (source: SourceId, patches: number[], number: number) =>
    bench.calls['labels.assign']({
      source,
      patches: Uint32Array.from(patches),
      class: number,
      why: 'label',
      prediction: null,
    })
  const near = (source: SourceId, patch: number) =>
    bench.calls['neighbours.labelled']({ encoder: encoder.id, source, patch, k: NEIGHBOURS })
  return { bench, slide, grid, set, encoder, made, label, near }
}

test(
  'the reasons of a patch are labels of the slide and of the set by distance; they follow every label, and what is stale is refused',
  { timeout: 240_000 },
  async () => {
    const { bench, slide, grid, set, encoder, made, label, near } = await projectWithFeatures()
    expect(await near(grid.id, 5)).toEqual({ labelled: 0, neighbours: [], votes: [] })
    await label(set.id, [0], 2)
    expect(await near(grid.id, 5)).toEqual({ labelled: 1, neighbours: [], votes: [] })
    await bench.labelMosaic(grid, 15)
    await label(set.id, [1, 2, 3], 2)
    await label(set.id, [150, 151], 1)

    // by the definition, in another way: vectors of length 1, and the length of their difference
    const rows = await Promise.all(made.map(({ id }) => readRows(bench.rooms.storedFeatures(id))))
    const all: { source: SourceId; patch: number; label: number; x: number[] }[] = []
    for (const [i, { features, patches, dimensions }] of rows.entries()) {
      const { source } = made[i]!
      const known = await bench.calls['labels.of']({ source })
      for (const [row, patch] of patches.entries())
        all.push({
          source,
          patch,
          label: known.class[known.patch.indexOf(patch)] ?? 0,
          x: [...features.subarray(row * dimensions, (row + 1) * dimensions)],
        })
    }
    const labelled = all.filter((each) => each.label > 0)
    expect(labelled).toHaveLength(36)
    const mean = labelled[0]!.x.map((_, j) => labelled.reduce((sum, { x }) => sum + x[j]!, 0) / labelled.length)
    const unit = (x: number[]) => {
      const centred = x.map((each, j) => each - mean[j]!)
      return centred.map((each) => each / Math.hypot(...centred))
    }
    for (const query of [all.find((each) => each.source === set.id && each.patch === 150)!, all[5]!]) {
      const wanted = labelled
        .filter((each) => each !== query)
        .map((each) => ({ ...each, distance: Math.hypot(...unit(each.x).map((a, j) => a - unit(query.x)[j]!)) }))
        .toSorted((a, b) => a.distance - b.distance)
        .slice(0, NEIGHBOURS)
      const found = (await near(query.source, query.patch))!
      expect(found.labelled).toBe(36)
      expect(found.neighbours.map(({ source, patch, label: of }) => [source, patch, of])).toEqual(
        wanted.map(({ source, patch, label: of }) => [source, patch, of]),
      )
      for (const [i, { distance }] of wanted.entries()) expect(found.neighbours[i]!.distance).toBeCloseTo(distance, 5)
    }

    const before = (await near(grid.id, 5))!
    const [first] = before.neighbours
    await label(first!.source, [first!.patch], 0)
    const after = (await near(grid.id, 5))!
    expect(after.labelled).toBe(35)
    expect(after.neighbours).not.toContainEqual(expect.objectContaining({ source: first!.source, patch: first!.patch }))
    await bench.calls['labels.undo']()
    expect(await near(grid.id, 5)).toEqual(before)

    const alike = (await bench.calls['neighbours.alike']({
      encoder: encoder.id,
      source: set.id,
      patch: 150,
      most: 30,
    }))!
    expect(alike.searched).toBe(all.length)
    expect(alike.found).toHaveLength(30)
    expect(new Set(alike.found.map(({ source }) => source))).toEqual(new Set([grid.id, set.id]))
    const labelOf = new Map(all.map((each) => [`${each.source} ${each.patch}`, each.label]))
    for (const { source, patch, label: of } of alike.found) expect(of).toBe(labelOf.get(`${source} ${patch}`))

    await expect(near(grid.id, 99_999)).rejects.toMatchObject({ code: 'PATCH_UNKNOWN' })
    await bench.calls['slides.setMpp']({ slide: slide.id, mppX: micronPerPx(1), mppY: micronPerPx(1) })
    await expect(near(grid.id, 5)).rejects.toMatchObject({ code: 'FEATURES_STALE' })
    // the set is not: it goes on with the labels that still have features
    expect((await near(set.id, 150))!.labelled).toBe(6)
    await bench.calls['features.discard']({ set: made[0]!.id })
    expect(await near(grid.id, 5)).toBeNull()
  },
)

test(
  'labels turned round on purpose are found by their neighbours, of one source or of all',
  { timeout: 240_000 },
  async () => {
    const { bench, grid, set, encoder, label } = await projectWithFeatures()
    await bench.labelMosaic(grid, 60)
    const known = await bench.calls['labels.of']({ source: grid.id })
    const asked = (within: SourceId | null) =>
      bench.calls['neighbours.disagreements']({ encoder: encoder.id, within, k: NEIGHBOURS, most: 300 })
    const before = (await asked(null)).worst.map(({ patch }) => patch)
    const wrong = [...known.patch].filter((patch, i) => i % 15 === 0 && !before.includes(patch))
    for (const patch of wrong) await label(grid.id, [patch], 3 - known.class[known.patch.indexOf(patch)]!)
    const found = await asked(null)
    expect(found).toMatchObject({ labelled: 120, lookedAt: 120 })
    expect(found.found).toBe(found.worst.length)
    const first = new Set(found.worst.slice(0, before.length + wrong.length).map(({ patch }) => patch))
    const caught = wrong.filter((patch) => first.has(patch))
    expect(caught.length).toBeGreaterThanOrEqual(wrong.length - 1)
    for (const { label: of, votes } of found.worst) expect(votes[0]!.class).not.toBe(of)
    expect(await asked(set.id)).toMatchObject({ labelled: 120, lookedAt: 0, found: 0, worst: [] })
    expect((await asked(grid.id)).worst).toEqual(found.worst)
  },
)
