/** Which labels a live classifier learns from, and which are held out together. */
import { expect, test } from 'vitest'
import { type FeatureSetId, type SourceId } from '../../../src-shared/ids.ts'
import type { PatchClass } from '../../../src-shared/labels.ts'
import { level0Px } from '../../../src-shared/units.ts'
import { type LabelledSource, liveLabels } from '../../../src-main/live/liveOrder.ts'
import type { LabelledPatch } from '../../../src-main/training/labelledPatches.ts'

const classes = ['tumor', 'normal', 'stroma'].map((name, i) => ({
  number: i + 1,
  id: name as PatchClass['id'],
  name,
  colour: '#c80000',
  key: null,
}))

const EDGE = 100

/** Patch i of a slide lies in column i. */
const onSlide = (slide: string, targets: Record<number, number>, caseName = slide): LabelledPatch[] =>
  Object.entries(targets).map(([patch, target]) => ({
    source: slide as SourceId,
    patch: Number(patch),
    target,
    case: caseName,
    slide,
    rect: { x: level0Px(Number(patch) * EDGE), y: level0Px(0), width: level0Px(EDGE), height: level0Px(EDGE) },
    known: { case: true, slide: true },
  }))

const source = (name: string, patches: LabelledPatch[], has = patches.map(({ patch }) => patch)): LabelledSource => ({
  set: name as FeatureSetId,
  patches,
  has: new Set(has),
})

test('labels without features are counted and not learned from; a class without any is left out', () => {
  const labels = liveLabels([source('a', onSlide('a', { 1: 0, 2: 2, 3: 2, 4: 0 }), [1, 2, 3])], classes)
  expect(labels.classes).toEqual([
    { number: 1, name: 'tumor', colour: '#c80000', labels: 1 },
    { number: 3, name: 'stroma', colour: '#c80000', labels: 2 },
  ])
  expect(labels.without).toBe(1)
  // stroma is the second of the classes that are used
  expect(labels.sets).toMatchObject([{ patch: Uint32Array.of(1, 2, 3), classOf: Uint16Array.of(0, 1, 1) }])
})

test('cases are held out where every class is in two of them', () => {
  const labels = liveLabels(
    [
      source('a', onSlide('a', { 1: 0, 2: 1 }, 'anna')),
      source('b', onSlide('b', { 1: 0, 2: 1 }, 'anna')),
      source('c', onSlide('c', { 1: 0, 2: 1 }, 'berta')),
    ],
    classes,
  )
  expect(labels.rule).toEqual({ name: 'case', groups: 2 })
  expect(labels.sets.map(({ group }) => [...group])).toEqual([
    [0, 0],
    [0, 0],
    [1, 1],
  ])
  expect(labels.sets.every(({ place }) => place === null)).toBe(true)
})

test('slides of one case are held out one by one', () => {
  const slides = ['a', 'b'].map((name) => source(name, onSlide(name, { 1: 0, 2: 1 }, 'anna')))
  expect(liveLabels(slides, classes).rule).toEqual({ name: 'slide', groups: 2 })
})

test('on one slide blocks are held out, and it is known which patches lie side by side', () => {
  const labels = liveLabels([source('a', onSlide('a', { 0: 0, 1: 1, 20: 0, 21: 1 }))], classes)
  expect(labels.rule?.name).toBe('blocks')
  const [only] = labels.sets
  expect([...only!.place!.x]).toEqual([0, 1, 20, 21])
  expect(only!.group[0]).toBe(only!.group[1])
  expect(only!.group[0]).not.toBe(only!.group[2])
})

test('a class of one label can not be held out', () => {
  expect(liveLabels([source('a', onSlide('a', { 0: 0, 20: 0, 21: 1 }))], classes).rule).toBeNull()
})
