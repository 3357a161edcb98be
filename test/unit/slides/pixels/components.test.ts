import { describe, expect, test } from 'vitest'
import { dropPieces, fillHoles } from '../../../../src-main/slides/pixels/components.ts'
import { integerBelow, seeded } from '../../../fixtures/random.ts'

/** A mask drawn with # for tissue. */
const drawn = (...rows: string[]) => ({
  mask: Uint8Array.from(rows.join(''), (sign) => (sign === '#' ? 1 : 0)),
  width: rows[0]!.length,
})
const picture = (mask: Uint8Array, width: number): string[] =>
  Array.from({ length: mask.length / width }, (_, y) =>
    [...mask.subarray(y * width, (y + 1) * width)].map((value) => (value ? '#' : '.')).join(''),
  )

describe('pieces', () => {
  const { mask, width } = drawn('##...#', '##....', '.....#', '#...##', '.#....')

  test('below the least area are taken away, those of it stay', () => {
    expect(picture(dropPieces(mask, width, 3), width)).toEqual(['##....', '##....', '.....#', '....##', '......'])
    expect(picture(dropPieces(mask, width, 4), width)).toEqual(['##....', '##....', '......', '......', '......'])
    expect(dropPieces(mask, width, 1)).toEqual(mask)
  })

  test('hang together by their corners', () => {
    expect(picture(dropPieces(mask, width, 2), width)).toEqual(['##....', '##....', '.....#', '#...##', '.#....'])
  })

  test('that meet only at their end are one: a U, a spiral', () => {
    const u = drawn('#...#', '#...#', '#####')
    expect(dropPieces(u.mask, u.width, 9)).toEqual(u.mask)
    expect(Math.max(...dropPieces(u.mask, u.width, 10))).toBe(0)
    const spiral = drawn('#######', '......#', '#####.#', '#...#.#', '#.###.#', '#.....#', '#######')
    const area = spiral.mask.reduce((sum, value) => sum + value, 0)
    expect(dropPieces(spiral.mask, spiral.width, area)).toEqual(spiral.mask)
  })
})

describe('holes', () => {
  const { mask, width } = drawn('#######', '#..#..#', '#..#.##', '#######', '##.####', '##.####')

  test('up to the largest area are filled, larger ones stay, and so does what reaches the edge', () => {
    expect(picture(fillHoles(mask, width, 3), width)).toEqual([
      '#######',
      '#..####',
      '#..####',
      '#######',
      '##.####',
      '##.####',
    ])
    expect(picture(fillHoles(mask, width, 4), width)).toEqual([
      '#######',
      '#######',
      '#######',
      '#######',
      '##.####',
      '##.####',
    ])
    expect(fillHoles(mask, width, 0)).toEqual(mask)
  })

  test('do not leak through a corner', () => {
    const ring = drawn('.##.', '#..#', '.##.')
    expect(picture(fillHoles(ring.mask, ring.width, 2), ring.width)).toEqual(['.##.', '####', '.##.'])
  })
})

describe.each([1, 2, 3, 4, 5])('of a random mask (seed %i)', (seed) => {
  const random = seeded(seed)
  const [width, height] = [17 + integerBelow(random, 9), 13]
  const mask = Uint8Array.from({ length: width * height }, () => (random() < 0.45 ? 1 : 0))

  /** Components by flooding from each pixel, the way one would by hand. */
  function flooded(value: 0 | 1): number[][] {
    const seen = new Set<number>()
    const found: number[][] = []
    for (let start = 0; start < mask.length; start++) {
      if (mask[start] !== value || seen.has(start)) continue
      const piece = [start]
      seen.add(start)
      for (const i of piece)
        for (const [dx, dy] of [
          [1, 0],
          [-1, 0],
          [0, 1],
          [0, -1],
          ...(value === 1 ? [[1, 1] as const, [1, -1] as const, [-1, 1] as const, [-1, -1] as const] : []),
        ] as const) {
          const [x, y] = [(i % width) + dx, Math.floor(i / width) + dy]
          const next = y * width + x
          if (x < 0 || y < 0 || x >= width || y >= height || mask[next] !== value || seen.has(next)) continue
          seen.add(next)
          piece.push(next)
        }
      found.push(piece)
    }
    return found
  }
  const isAtEdge = (i: number) => i % width === 0 || i % width === width - 1 || i < width || i >= mask.length - width

  test.each([2, 4, 9])('pieces and holes of %i px are those of flooding', (area) => {
    const kept = mask.slice()
    for (const piece of flooded(1)) if (piece.length < area) for (const i of piece) kept[i] = 0
    expect(dropPieces(mask, width, area)).toEqual(kept)
    const filled = mask.slice()
    for (const hole of flooded(0)) if (hole.length <= area && !hole.some(isAtEdge)) for (const i of hole) filled[i] = 1
    expect(fillHoles(mask, width, area)).toEqual(filled)
  })

  test('doing it twice is doing it once; a larger area drops no less and fills no less', () => {
    const tidy = (hole: number, least: number) => dropPieces(fillHoles(mask, width, hole), width, least)
    const once = tidy(5, 6)
    expect(dropPieces(fillHoles(once, width, 5), width, 6)).toEqual(once)
    for (let area = 1; area < 12; area++) {
      expect(dropPieces(mask, width, area + 1).every((value, i) => value <= dropPieces(mask, width, area)[i]!)).toBe(
        true,
      )
      expect(fillHoles(mask, width, area + 1).every((value, i) => value >= fillHoles(mask, width, area)[i]!)).toBe(true)
    }
  })
})
