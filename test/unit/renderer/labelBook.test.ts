/** Labels as shown: strokes on top of what is on disk, confirmed or taken back. */
import { describe, expect, test } from 'vitest'
import type { SourceId } from '../../../src-shared/ids.ts'
import type { LabelDiff } from '../../../src-shared/labels.ts'
import { LabelBook } from '../../../src-renderer/stores/labelBook.ts'
import { integerBelow, seeded } from '../../fixtures/random.ts'

const TUMOR = 1
const NORMAL = 2
const source = '01900000-0000-7000-8000-000000000001' as SourceId

const diff = (patches: number[], before: number, after: number): LabelDiff => ({
  source,
  patch: Uint32Array.from(patches),
  before: new Uint16Array(patches.length).fill(before),
  after: new Uint16Array(patches.length).fill(after),
})

describe('a stroke', () => {
  test('is shown before the disk knows of it', () => {
    const book = new LabelBook(10)
    const stroke = book.begin(TUMOR)
    expect(book.paint(stroke, [3, 4])).toEqual([3, 4])
    expect([...book.shown]).toEqual([0, 0, 0, 1, 1, 0, 0, 0, 0, 0])
    expect(book.onDisk(3)).toBe(0)
  })

  test('painted twice over a patch holds it once', () => {
    const book = new LabelBook(10)
    const stroke = book.begin(TUMOR)
    book.paint(stroke, [3])
    expect(book.paint(stroke, [3, 4])).toEqual([4])
    expect(stroke.patches).toEqual([3, 4])
  })

  test('that failed gives each patch back its own earlier label', () => {
    const book = new LabelBook(5)
    book.load(Uint32Array.of(0, 1), Uint16Array.of(TUMOR, NORMAL))
    const stroke = book.begin(NORMAL)
    book.paint(stroke, [0, 1, 2])
    expect(book.settle(stroke).toSorted()).toEqual([0, 2])
    expect([...book.shown]).toEqual([TUMOR, NORMAL, 0, 0, 0])
  })

  test('that failed leaves alone what a later stroke painted over it', () => {
    const book = new LabelBook(3)
    const first = book.begin(TUMOR)
    book.paint(first, [0, 1])
    const second = book.begin(NORMAL)
    book.paint(second, [1])
    book.settle(first)
    expect([...book.shown]).toEqual([0, NORMAL, 0])
  })

  test('outside the source paints nothing', () => {
    const book = new LabelBook(3)
    expect(book.paint(book.begin(TUMOR), [-1, 3, 99])).toEqual([])
  })
})

describe('a change from disk', () => {
  test('shows where no stroke is pending', () => {
    const book = new LabelBook(4)
    const stroke = book.begin(NORMAL)
    book.paint(stroke, [1])
    expect(book.apply(diff([0, 1], 0, TUMOR))).toEqual([0])
    expect([...book.shown]).toEqual([TUMOR, NORMAL, 0, 0])
    book.settle(stroke)
    expect([...book.shown]).toEqual([TUMOR, TUMOR, 0, 0])
  })

  test('loading again keeps pending strokes on top', () => {
    const book = new LabelBook(3)
    const stroke = book.begin(TUMOR)
    book.paint(stroke, [2])
    book.load(Uint32Array.of(0, 2), Uint16Array.of(NORMAL, NORMAL))
    expect([...book.shown]).toEqual([NORMAL, 0, TUMOR])
  })
})

test.each(Array.from({ length: 30 }, (_, i) => i + 1))(
  'whatever succeeds and fails in whatever order, in the end the disk is shown (seed %i)',
  (seed) => {
    const random = seeded(seed)
    const size = 12
    const book = new LabelBook(size)
    const disk = new Uint16Array(size)
    const open: ReturnType<LabelBook['begin']>[] = []
    for (let i = 0; i < 60; i++) {
      if (open.length > 0 && random() < 0.5) {
        const stroke = open.splice(integerBelow(random, open.length), 1)[0]!
        if (random() < 0.6 && stroke.patches.length > 0) {
          const patches = stroke.patches.filter((patch) => disk[patch] !== stroke.class)
          book.apply({
            source,
            patch: Uint32Array.from(patches),
            before: Uint16Array.from(patches, (patch) => disk[patch]!),
            after: new Uint16Array(patches.length).fill(stroke.class),
          })
          for (const patch of patches) disk[patch] = stroke.class
        }
        book.settle(stroke)
      } else {
        const stroke = book.begin(integerBelow(random, 3))
        book.paint(stroke, [integerBelow(random, size), integerBelow(random, size)])
        open.push(stroke)
      }
    }
    for (const stroke of open) book.settle(stroke)
    expect([...book.shown]).toEqual([...disk])
  },
)
