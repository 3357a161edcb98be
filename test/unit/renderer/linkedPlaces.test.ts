/** Two linked views: the same point of the screen keeps showing the same pair of places, in µm. */
import { describe, expect, test } from 'vitest'
import { level0Px } from '../../../src-shared/units.ts'
import type { View } from '../../../src-renderer/stores/viewport.ts'
import { viewerToLevel0 } from '../../../src-renderer/viewer/coordinates.ts'
import { follow, looksSame } from '../../../src-renderer/viewer/linkedPlaces.ts'
import { integerBelow, seeded } from '../../fixtures/random.ts'

const SEEDS = Array.from({ length: 25 }, (_, i) => i + 1)
const SIZE = { width: 800, height: 600 }

function aView(random: () => number): View {
  return {
    ...SIZE,
    centre: { x: level0Px(20_000 * random()), y: level0Px(20_000 * random()) },
    pxPerLevel0: 0.05 + random(),
    rotation: random() < 0.4 ? 90 * integerBelow(random, 4) : 360 * random(),
    mirrored: random() < 0.5,
  }
}

/** Two slides as they are linked: at one magnification, anyhow turned. */
function linked(seed: number) {
  const random = seeded(seed)
  const [mppA, mppB] = [0.2 + random(), 0.2 + random()]
  const a = aView(random)
  const b = { ...aView(random), pxPerLevel0: (a.pxPerLevel0 * mppB) / mppA }
  return { a, b, mppA, mppB, moved: aView(random), random }
}

describe('a linked view', () => {
  test.each(SEEDS)('shows what lay beside each place at the moment of linking (seed %i)', (seed) => {
    const { a, b, mppA, mppB, moved, random } = linked(seed)
    const next = { ...SIZE, ...follow({ place: a, mpp: mppA }, moved, { place: b, mpp: mppB }) }
    expect(next.pxPerLevel0 / mppB).toBeCloseTo(moved.pxPerLevel0 / mppA, 9)
    // a pair of places under one point of the screen at the moment of linking …
    const spot = { x: SIZE.width * random(), y: SIZE.height * random() }
    const [inA, inB] = [viewerToLevel0(a, spot), viewerToLevel0(b, spot)]
    // … lies under one point of the screen after any movement
    const screenOf = (view: View, at: { x: number; y: number }) => {
      const origin = viewerToLevel0(view, { x: 0, y: 0 })
      const right = viewerToLevel0(view, { x: 1, y: 0 })
      const down = viewerToLevel0(view, { x: 0, y: 1 })
      const [dx, dy] = [at.x - origin.x, at.y - origin.y]
      const scale = view.pxPerLevel0 ** 2
      return {
        x: (dx * (right.x - origin.x) + dy * (right.y - origin.y)) * scale,
        y: (dx * (down.x - origin.x) + dy * (down.y - origin.y)) * scale,
      }
    }
    const [first, second] = [screenOf(moved, inA), screenOf(next, inB)]
    expect(second.x).toBeCloseTo(first.x, 3)
    expect(second.y).toBeCloseTo(first.y, 3)
  })

  test.each(SEEDS)('moves the other as the other would have moved it (seed %i)', (seed) => {
    const { a, b, mppA, mppB, moved } = linked(seed)
    const [anchorA, anchorB] = [
      { place: a, mpp: mppA },
      { place: b, mpp: mppB },
    ]
    expect(looksSame(follow(anchorB, follow(anchorA, moved, anchorB), anchorA), moved)).toBe(true)
  })

  test('of the same slide from the same place is always the same', () => {
    const random = seeded(1)
    const [start, moved] = [aView(random), aView(random)]
    const anchor = { place: start, mpp: 0.25 }
    expect(looksSame(follow(anchor, moved, anchor), moved)).toBe(true)
  })

  test('turns by as much, the other way round where one of the two is mirrored', () => {
    const place = { centre: { x: level0Px(0), y: level0Px(0) }, pxPerLevel0: 1, rotation: 0, mirrored: false }
    const anchor = { place, mpp: 1 }
    const mirrored = { place: { ...place, mirrored: true }, mpp: 1 }
    const turned = { ...place, rotation: 30 }
    expect(follow(anchor, turned, anchor)).toMatchObject({ rotation: 30, mirrored: false })
    expect(follow(anchor, turned, mirrored)).toMatchObject({ rotation: 330, mirrored: true })
  })
})

test('two places look the same when nothing on the screen is off by a hundredth of a px', () => {
  const place = { centre: { x: level0Px(5), y: level0Px(5) }, pxPerLevel0: 2, rotation: 359.999, mirrored: false }
  expect(looksSame(place, { ...place, rotation: 0 })).toBe(true)
  expect(looksSame(place, { ...place, centre: { x: level0Px(5.01), y: level0Px(5) } })).toBe(false)
  expect(looksSame(place, { ...place, mirrored: true })).toBe(false)
  expect(looksSame(place, { ...place, pxPerLevel0: 2.01 })).toBe(false)
})
