/** Misread patches: which they are and in what order, their table, and where everything stands on their sheet. */
import { parse } from 'csv-parse/sync'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { misreadPatches } from '../../../src-main/evaluation/misread.ts'
import { misreadLines } from '../../../src-main/exports/misreadCsv.ts'
import { MOST_SHOWN, misreadSheet, sheetEdge } from '../../../src-main/exports/misreadSheet.ts'
import { seeded } from '../../../src-main/nn/random.ts'

const classes = ['stroma', 'tumour', 'fat']
// prettier-ignore
const probabilities = Float32Array.of(
  0.7, 0.2, 0.1, // right
  0.5, 0.25, 0.25, // tumour taken for stroma
  0.1, 0.1, 0.8, // stroma taken for fat
  0.25, 0.5, 0.25, // stroma taken for tumour, as sure as the second
  0.4, 0.4, 0.2, // the first of equals: right
)
const truth = Uint16Array.of(0, 1, 0, 0, 0)

test('misread are those whose most probable class is another one, the surest first, equals in their order', () => {
  const found = misreadPatches(probabilities, truth, 3)
  expect(found.map(({ row, truth: of, predicted }) => [row, of, predicted])).toEqual([
    [2, 0, 2],
    [1, 1, 0],
    [3, 0, 1],
  ])
  expect([...found[0]!.probabilities]).toEqual([0.1, 0.1, 0.8].map(Math.fround))
  expect(misreadPatches(probabilities.subarray(0, 3), Uint16Array.of(0), 3)).toEqual([])
})

test('the table has a row for each, with every probability as the shortest text that reads back the same', () => {
  const context = { classes, model: '=digits, v2', fileOf: (patch: number) => (patch === 2 ? 'a/b "c".png' : null) }
  const text = [...misreadLines(misreadPatches(probabilities, truth, 3), context)].join('\r\n')
  const rows = parse(text, { columns: true }) as Record<string, string>[]
  expect(rows[0]).toEqual({
    patch: '2',
    file: 'a/b "c".png',
    truth: 'stroma',
    predicted: 'fat',
    prob_stroma: '0.1',
    prob_tumour: '0.1',
    prob_fat: '0.8',
    model: "'=digits, v2",
    notice: 'for research and teaching only; not for diagnosis',
  })
  expect(rows.map((row) => row['patch'])).toEqual(['2', '1', '3'])
  expect(rows[1]!['file']).toBe('')
})

describe('the sheet', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, row) => ({
      row,
      truth: 0,
      predicted: 1,
      probabilities: Float32Array.of(0.25, 0.75, 0),
    }))
  const context = { classes, model: 'm', measured: 10_000, edgePx: 28, nameOf: (patch: number) => `patch ${patch}` }

  test.each([
    [2, 128],
    [28, 112],
    [96, 96],
    [128, 128],
    [200, 200],
    [512, 224],
  ])('pictures of %i px are %i px on it: whole factors while they are small', (px, edge) =>
    expect(sheetEdge(px)).toBe(edge),
  )

  test.each([1, 3, 10, 11, 200])('%i pictures stand inside it, and none on another or on its words', (count) => {
    const { shown, width, height, edge } = misreadSheet(many(count), context)
    expect(shown.map(({ row }) => row)).toEqual(Array.from({ length: count }, (_, row) => row))
    for (const [i, { left, top }] of shown.entries()) {
      expect(left).toBeGreaterThanOrEqual(16)
      expect(left + edge).toBeLessThanOrEqual(width - 16)
      expect(top + edge + 52).toBeLessThanOrEqual(height - 32)
      for (const other of shown.slice(0, i))
        expect(Math.abs(other.left - left) >= edge || Math.abs(other.top - top) >= edge + 45).toBe(true)
    }
  })

  test('says how many there are, how many are shown, and of each what it is, what it was taken for and how sure', () => {
    const { svg, shown } = misreadSheet(many(1234), context)
    expect(shown).toHaveLength(MOST_SHOWN)
    expect(svg).toContain('1,234 of 10,000 patches misread (12.34 %) by “m”')
    expect(svg).toContain('The first 200 are shown.')
    expect(svg).toContain('>stroma → tumour<')
    expect(svg).toContain('>75.0 %, truth 25.0 %<')
    expect(svg).toContain('>patch 199<')
    expect(svg).not.toContain('>patch 200<')
    expect(misreadSheet([], context).svg).toContain('0 of 10,000 patches misread (0.00 %)')
  })

  test.each([1, 2, 3])('any names make an SVG that can be drawn (seed %i)', async (seed) => {
    const random = seeded(seed)
    const letters = ['<', '&', '"', '\u0000', '𝒳', 'ü', 'W', ' ', '\uFFFF', ']]>']
    const name = () =>
      Array.from({ length: 1 + random.below(60) }, () => letters[random.below(letters.length)]!).join('')
    const strange = { ...context, classes: [name(), name(), name()], model: name(), nameOf: name }
    const { svg, width, height } = misreadSheet(many(7), strange)
    expect(await sharp(Buffer.from(svg)).metadata()).toMatchObject({ width, height })
  })
})
