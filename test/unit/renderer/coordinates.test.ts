/** Frames of the viewer: there and back, and which patches a view holds. */
import { describe, expect, test } from 'vitest'
import { patchCount, patchRect, type GridGeometry } from '../../../src-shared/patches.ts'
import { level0Px, micronPerPx } from '../../../src-shared/units.ts'
import type { View } from '../../../src-renderer/stores/viewport.ts'
import {
  axisTowards,
  cellsInView,
  firstCell,
  fullTurn,
  isPartlySeen,
  isWhollySeen,
  level0RectToAligned,
  level0ToMicron,
  level0ToViewer,
  rectBetween,
  seenOutline,
  turnedSize,
  turnOf,
  viewerToLevel0,
  viewInLevel0,
} from '../../../src-renderer/viewer/coordinates.ts'
import { integerBelow, seeded } from '../../fixtures/random.ts'

const SEEDS = Array.from({ length: 30 }, (_, i) => i + 1)

/** Upright, a quarter turned or at any angle, mirrored or not. */
function aView(seed: number): View {
  const random = seeded(seed)
  return {
    pxPerLevel0: 2 ** (8 * random() - 5),
    centre: { x: level0Px(4000 * random() - 1000), y: level0Px(4000 * random() - 1000) },
    width: 200 + integerBelow(random, 1800),
    height: 200 + integerBelow(random, 1200),
    rotation: seed % 3 === 0 ? 90 * integerBelow(random, 4) : 360 * random(),
    mirrored: random() < 0.5,
  }
}

const upright = (view: View): View => ({ ...view, rotation: 0, mirrored: false })
const at = (x: number, y: number) => ({ x: level0Px(x), y: level0Px(y) })

function aGrid(seed: number): GridGeometry {
  const random = seeded(seed)
  const between = (from: number, to: number) => level0Px(from + integerBelow(random, to - from + 1))
  return {
    edgeX: between(1, 90),
    edgeY: between(1, 90),
    strideX: between(1, 120),
    strideY: between(1, 120),
    offsetX: between(0, 50),
    offsetY: between(0, 50),
    columns: between(1, 60),
    rows: between(1, 60),
  }
}

describe('viewer and slide', () => {
  test.each(SEEDS)('a point of the viewer comes back from the slide to where it was (seed %i)', (seed) => {
    const view = aView(seed)
    const random = seeded(seed + 1000)
    const point = { x: view.width * random(), y: view.height * random() }
    const back = level0ToViewer(view, viewerToLevel0(view, point))
    expect(back.x).toBeCloseTo(point.x, 6)
    expect(back.y).toBeCloseTo(point.y, 6)
  })

  test.each(SEEDS)('a point of the slide comes back from the viewer to where it was (seed %i)', (seed) => {
    const view = aView(seed)
    const random = seeded(seed + 2000)
    const point = at(200_000 * random(), 200_000 * random())
    const back = viewerToLevel0(view, level0ToViewer(view, point))
    expect(back.x).toBeCloseTo(point.x, 4)
    expect(back.y).toBeCloseTo(point.y, 4)
  })

  test.each(SEEDS)('lengths are kept, whatever the turn: so many CSS px for each level-0 px (seed %i)', (seed) => {
    const view = aView(seed)
    const [a, b] = [level0ToViewer(view, at(10, 20)), level0ToViewer(view, at(13, 24))]
    expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeCloseTo(5 * view.pxPerLevel0, 6)
  })

  const view: View = {
    pxPerLevel0: 2,
    centre: at(300, 200),
    width: 800,
    height: 600,
    rotation: 0,
    mirrored: false,
  }

  test('at 2 CSS px per level-0 px, ten px to the right on the screen are five on the slide', () => {
    expect(viewerToLevel0(view, { x: 10, y: 4 })).toEqual({ x: 105, y: 52 })
    expect(viewInLevel0(view)).toEqual({ x: 100, y: 50, width: 400, height: 300 })
    const rect = { x: level0Px(305), y: level0Px(202), width: level0Px(20), height: level0Px(10) }
    expect(level0RectToAligned(view, rect)).toEqual({ x: 10, y: 4, width: 40, height: 20 })
  })

  // the point right of the centre of the view, and the one below it
  test.each([
    [0, false, { x: 420, y: 300 }, { x: 400, y: 320 }],
    [90, false, { x: 400, y: 320 }, { x: 380, y: 300 }],
    [180, false, { x: 380, y: 300 }, { x: 400, y: 280 }],
    [270, false, { x: 400, y: 280 }, { x: 420, y: 300 }],
    [0, true, { x: 380, y: 300 }, { x: 400, y: 320 }],
    [90, true, { x: 400, y: 320 }, { x: 420, y: 300 }],
  ])('turned clockwise by %i°, mirrored after it: %s', (rotation, mirrored, right, below) => {
    expect(level0ToViewer({ ...view, rotation, mirrored }, at(310, 200))).toEqual(right)
    expect(level0ToViewer({ ...view, rotation, mirrored }, at(300, 210))).toEqual(below)
  })

  test('right angles are exact: a line of the grid falls on whole px', () => {
    for (const rotation of [0, 90, 180, 270])
      for (const entry of Object.values(turnOf({ rotation, mirrored: true }))) expect(Math.abs(entry) % 1).toBe(0)
  })

  test('a turn is told between 0° and 360°', () => {
    expect([-90, 0, 359.5, 360, 725].map(fullTurn)).toEqual([270, 0, 359.5, 0, 5])
  })

  test('µm are counted along each axis with its own sampling', () => {
    const point = { x: level0Px(1000), y: level0Px(1000) }
    expect(level0ToMicron(point, micronPerPx(0.25), micronPerPx(0.5))).toEqual({ x: 250, y: 500 })
  })

  test('a rectangle is the same from whichever corner it is drawn', () => {
    const a = { x: level0Px(40), y: level0Px(10) }
    const b = { x: level0Px(10), y: level0Px(30) }
    expect(rectBetween(a, b)).toEqual({ x: 10, y: 10, width: 30, height: 20 })
    expect(rectBetween(b, a)).toEqual(rectBetween(a, b))
  })
})

describe('what is seen', () => {
  test.each(SEEDS)('of a rectangle is told as by trying its points (seed %i)', (seed) => {
    const view = aView(seed)
    const random = seeded(seed + 3000)
    for (let i = 0; i < 20; i++) {
      const middle = viewerToLevel0(view, {
        x: view.width * (1.6 * random() - 0.3),
        y: view.height * (1.6 * random() - 0.3),
      })
      const [width, height] = [(200 * random()) / view.pxPerLevel0, (200 * random()) / view.pxPerLevel0]
      const rect = {
        ...at(middle.x - width / 2, middle.y - height / 2),
        width: level0Px(width),
        height: level0Px(height),
      }
      let [some, all] = [false, true]
      for (let column = 0; column <= 40; column++)
        for (let row = 0; row <= 40; row++) {
          const { x, y } = level0ToViewer(view, at(rect.x + (width * column) / 40, rect.y + (height * row) / 40))
          const inside = x >= 0 && y >= 0 && x <= view.width && y <= view.height
          some ||= inside
          all &&= inside
        }
      expect(isWhollySeen(view, rect)).toBe(all)
      // a corner that reaches in between two of the points tried is seen all the same
      if (some) expect(isPartlySeen(view, rect)).toBe(true)
      else if (isPartlySeen(view, rect)) expect(isPartlySeen(view, shrunk(rect, 0.9))).toBe(false)
    }
  })

  const shrunk = (rect: ReturnType<typeof viewInLevel0>, by: number) => ({
    ...at(rect.x + (rect.width * (1 - by)) / 2, rect.y + (rect.height * (1 - by)) / 2),
    width: level0Px(rect.width * by),
    height: level0Px(rect.height * by),
  })

  test.each(SEEDS)('of a slide has the area that counting its points gives (seed %i)', (seed) => {
    const view = aView(seed)
    const slide = { width: 1500, height: 900 }
    const outline = seenOutline(view, slide)
    const area =
      Math.abs(
        outline.reduce((sum, { x, y }, i) => {
          const next = outline[(i + 1) % outline.length]!
          return sum + x * next.y - next.x * y
        }, 0),
      ) / 2
    const step = 10
    let counted = 0
    for (let x = step / 2; x < slide.width; x += step)
      for (let y = step / 2; y < slide.height; y += step) {
        const point = level0ToViewer(view, at(x, y))
        if (point.x >= 0 && point.y >= 0 && point.x < view.width && point.y < view.height) counted += step * step
      }
    // what is counted wrongly lies along the outline
    expect(Math.abs(area - counted)).toBeLessThan(2 * (slide.width + slide.height) * step)
    for (const { x, y } of outline) {
      expect(x).toBeGreaterThanOrEqual(-1e-6)
      expect(y).toBeGreaterThanOrEqual(-1e-6)
      expect(x).toBeLessThanOrEqual(slide.width + 1e-6)
      expect(y).toBeLessThanOrEqual(slide.height + 1e-6)
    }
  })

  test('a slide that is wholly on the screen is seen as it is, and one that is elsewhere not at all', () => {
    const view = { ...aView(1), pxPerLevel0: 0.1, centre: at(50, 50), width: 800, height: 600, rotation: 37 }
    const corners = seenOutline(view, { width: 100, height: 100 })
    expect(
      corners.map(({ x, y }) => [Math.round(x), Math.round(y)]).toSorted((a, b) => a[0]! - b[0]! || a[1]! - b[1]!),
    ).toEqual([
      [0, 0],
      [0, 100],
      [100, 0],
      [100, 100],
    ])
    expect(seenOutline({ ...view, centre: at(90_000, 0) }, { width: 100, height: 100 })).toEqual([])
  })

  test('a square turned by 45° needs √2 times its width, a quarter turned picture changes width and height', () => {
    expect(turnedSize({ width: 10, height: 10 }, 45).width).toBeCloseTo(10 * Math.SQRT2, 9)
    expect(turnedSize({ width: 30, height: 20 }, 270)).toEqual({ width: 20, height: 30 })
  })
})

describe('arrows', () => {
  const right = { columns: 1, rows: 0 }
  const down = { columns: 0, rows: 1 }

  test.each([
    [0, false, { columns: 1, rows: 0 }, { columns: 0, rows: 1 }],
    [90, false, { columns: 0, rows: -1 }, { columns: 1, rows: 0 }],
    [90, true, { columns: 0, rows: 1 }, { columns: 1, rows: 0 }],
    [0, true, { columns: -1, rows: 0 }, { columns: 0, rows: 1 }],
    [44, false, { columns: 1, rows: 0 }, { columns: 0, rows: 1 }],
  ])('mean sides of the screen on a slide turned by %i°, mirrored %s', (rotation, mirrored, across, along) => {
    expect(axisTowards({ rotation, mirrored }, right)).toEqual(across)
    expect(axisTowards({ rotation, mirrored }, down)).toEqual(along)
  })

  test.each(Array.from({ length: 73 }, (_, i) => i * 5))(
    'at %i° each leads nearest to where it points, and all differ',
    (rotation) => {
      for (const mirrored of [false, true]) {
        const view = { ...aView(1), rotation: rotation % 360, mirrored, pxPerLevel0: 1 }
        const found = [right, down].map((screen) => {
          const axis = axisTowards(view, screen)
          const to = level0ToViewer(view, at(view.centre.x + axis.columns, view.centre.y + axis.rows))
          const along = (to.x - view.width / 2) * screen.columns + (to.y - view.height / 2) * screen.rows
          expect(along).toBeGreaterThanOrEqual(Math.SQRT1_2 - 1e-9)
          return axis
        })
        expect(Math.abs(found[0]!.columns)).not.toBe(Math.abs(found[1]!.columns))
      }
    },
  )
})

describe('cells in view', () => {
  test.each(SEEDS)('are exactly the patches that reach into an upright view (seed %i)', (seed) => {
    const grid = aGrid(seed)
    const view = upright(aView(seed))
    const seen = viewInLevel0(view)
    const cells = cellsInView(grid, view)
    for (let patch = 0; patch < patchCount(grid); patch++) {
      const { x, y, width, height } = patchRect(grid, patch)
      const reaches = x + width > seen.x && x < seen.x + seen.width && y + height > seen.y && y < seen.y + seen.height
      const column = patch % grid.columns
      const row = Math.floor(patch / grid.columns)
      const listed =
        cells !== null && column >= cells.left && column <= cells.right && row >= cells.top && row <= cells.bottom
      expect(listed, `patch ${patch}`).toBe(reaches)
    }
  })

  test.each(SEEDS)('leave out no patch that is seen, whatever the turn (seed %i)', (seed) => {
    const grid = aGrid(seed)
    const view = aView(seed)
    const cells = cellsInView(grid, view)
    for (let patch = 0; patch < patchCount(grid); patch++) {
      if (!isPartlySeen(view, patchRect(grid, patch))) continue
      const column = patch % grid.columns
      const row = Math.floor(patch / grid.columns)
      expect(cells, `patch ${patch}`).not.toBeNull()
      expect(column >= cells!.left && column <= cells!.right && row >= cells!.top && row <= cells!.bottom).toBe(true)
    }
  })

  test('of a grid with gaps, a cell is one stride wide and centred on its patch', () => {
    const grid = { ...aGrid(1), edgeX: level0Px(10), strideX: level0Px(30), offsetX: level0Px(100) }
    expect(firstCell(grid).x).toBe(90)
    expect(firstCell(grid).width).toBe(30)
  })
})
