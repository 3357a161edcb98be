/** Places as people write them: what is read, what is refused, and by which name. */
import { describe, expect, test } from 'vitest'
import { readPlace, writePlace } from '../../../src-renderer/formats/coordinates.ts'
import { findPlace } from '../../../src-renderer/commands/goToPlace.ts'
import { fakeSlides } from '../../../src-renderer/api/fake/slides.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import type { Grid } from '../../../src-shared/patches.ts'
import { integerBelow, seeded } from '../../fixtures/random.ts'

const px = (x: number, y: number) => ({ kind: 'length', x, y, unit: 'px' })
const microns = (x: number, y: number) => ({ kind: 'length', x, y, unit: 'µm' })

test.each([
  ['12345, 6789', px(12345, 6789)],
  ['12345,6789', px(12345, 6789)],
  ['12345 6789', px(12345, 6789)],
  ['  12345;6789 px ', px(12345, 6789)],
  ['12,345, 6,789 px', px(12345, 6789)],
  ['123,456', px(123, 456)],
  ['1.2 mm, 3.4 mm', microns(1200, 3400)],
  ['1.2, 3.4 mm', microns(1200, 3400)],
  ['900 µm, 1.5 mm', microns(900, 1500)],
  ['900um 20um', microns(900, 20)],
  ['-5, 3', px(-5, 3)],
  ['patch 12, 40', { kind: 'patch', column: 12, row: 40 }],
  ['column 12, row 40', { kind: 'patch', column: 12, row: 40 }],
  ['c12 r40', { kind: 'patch', column: 12, row: 40 }],
])('“%s” is read', (text, place) => {
  expect(readPlace(text)).toEqual(place)
})

test.each([
  '',
  '12',
  'somewhere',
  '1,234,567',
  '3 px, 2 mm',
  '1, 2, 3',
  'patch 1.5, 2',
  'patch -1, 2',
  '1,2 mm; 3,4 mm',
])('“%s” is no place, and nothing is guessed', (text) => {
  expect(readPlace(text)).toBeNull()
})

test.each([1, 2, 3, 4, 5])('what is copied is read again (seed %i)', (seed) => {
  const random = seeded(seed)
  const place = { x: integerBelow(random, 200_000), y: integerBelow(random, 200_000) }
  expect(readPlace(writePlace(place))).toEqual({ kind: 'length', ...place, unit: 'px' })
})

describe('on a slide', () => {
  // 2688 × 2304 px at 0.97 µm/px
  const [slide] = [...fakeSlides(scenes.sample).slides.values()]
  const grid = {
    id: 'g',
    edgeX: 96,
    edgeY: 96,
    strideX: 96,
    strideY: 96,
    offsetX: 0,
    offsetY: 0,
    columns: 28,
    rows: 24,
  } as unknown as Grid
  const code = (text: string, of = slide!, on: Grid | null = grid) => {
    try {
      findPlace(text, of, on)
      return 'found'
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  test('a length is found with the sampling of its axis', () => {
    const found = findPlace('0.97 mm, 0.485 mm', slide!, grid)
    expect(found).toEqual({ kind: 'point', point: { x: 1000, y: 500 } })
  })

  test('a patch is found by column and row', () => {
    expect(findPlace('patch 5, 2', slide!, grid)).toEqual({
      kind: 'patch',
      patch: 2 * 28 + 5,
      rect: { x: 480, y: 192, width: 96, height: 96 },
    })
  })

  test('what lies outside is refused by name, with the size of the slide', () => {
    expect(() => findPlace('2688, 10', slide!, grid)).toThrow(
      '2688, 10 lies outside “pcam_composite_demo.tif”, which is 2,688 × 2,304 px (2.61 mm × 2.23 mm).',
    )
    expect(code('2687, 2303')).toBe('found')
    expect(code('-1, 0')).toBe('SLIDE_REGION_OUTSIDE')
    expect(code('3 mm, 1 mm')).toBe('SLIDE_REGION_OUTSIDE')
    expect(code('patch 28, 0')).toBe('PATCH_UNKNOWN')
  })

  test('what can not be found says what is missing', () => {
    expect(code('1 mm, 1 mm', { ...slide!, mppX: null, mppY: null })).toBe('SLIDE_MPP_NEEDED')
    expect(code('patch 1, 1', slide!, null)).toBe('SOURCE_UNKNOWN')
    expect(code('there')).toBe('INPUT_INVALID')
  })
})
