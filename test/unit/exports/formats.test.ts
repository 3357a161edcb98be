import { parse } from 'csv-parse/sync'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { ProjectId, SourceId, PredictionRunId, ClassId } from '../../../src-shared/ids.ts'
import type { PredictionRun } from '../../../src-shared/predictions.ts'
import { level0Px } from '../../../src-shared/units.ts'
import { csvLines, shortest } from '../../../src-main/exports/csv.ts'
import { featureId, geoJsonPieces } from '../../../src-main/exports/geoJson.ts'
import { fileName } from '../../../src-main/exports/handlers.ts'
import { legendSvg, legendWidth } from '../../../src-main/exports/legend.ts'
import { overlayTexels } from '../../../src-main/exports/overlayImage.ts'
import type { PatchEntry } from '../../../src-main/exports/patchTable.ts'
import { viridis } from '../../../src-shared/viridis.ts'
import { seeded } from '../../fixtures/random.ts'

const project = ProjectId.parse('0193f1c0-0000-7000-8000-000000000001')
const source = SourceId.parse('0193f1c0-0000-7000-8000-000000000002')
const classes = [
  { name: 'tumor', colour: '#c80000' },
  { name: 'normal', colour: '#0072b2' },
]
const tumor = {
  number: 1,
  id: ClassId.parse('0193f1c0-0000-7000-8000-000000000003'),
  name: 'tumor',
  colour: '#c80000',
  key: '1',
}

const entry = (patch: number, more: Partial<PatchEntry>): PatchEntry => ({
  patch,
  place: {
    column: patch,
    row: 2,
    rect: { x: level0Px(patch * 96), y: level0Px(192), width: level0Px(96), height: level0Px(96) },
  },
  label: null,
  prediction: null,
  ...more,
})
const labelled = entry(3, { label: { class: tumor, person: 'Anna "A" Berg', at: Date.UTC(2026, 0, 2) } })
const predicted = entry(4, { prediction: { class: 1, probabilities: Float32Array.of(0.25, 0.75) } })

describe('CSV', () => {
  const context = {
    name: 'slide, one',
    case: 'case 1',
    model: 'my model',
    predictedClasses: ['tumor', 'normal'],
    fileOf: () => null,
  }

  test('is read back by another CSV reader with every value in its column', () => {
    const rows = parse([...csvLines([labelled, predicted], context)].join('\r\n'), { columns: true }) as Record<
      string,
      string
    >[]
    expect(rows).toEqual([
      expect.objectContaining({
        slide: 'slide, one',
        col: '3',
        row: '2',
        x: '288',
        y: '192',
        width: '96',
        label: 'tumor',
        labelled_by: 'Anna "A" Berg',
        labelled_at: '2026-01-02T00:00:00.000Z',
        predicted: '',
        prob_tumor: '',
        model: '',
      }),
      expect.objectContaining({
        col: '4',
        label: '',
        predicted: 'normal',
        prob_tumor: '0.25',
        prob_normal: '0.75',
        model: 'my model',
      }),
    ])
  })

  test('without a model it has no columns for one', () => {
    const [header] = [...csvLines([labelled], { ...context, model: null })]
    expect(header).toBe('slide,case,file,col,row,x,y,width,height,label,labelled_by,labelled_at,notice')
  })

  test.each(['=cmd()', '+1', '-1', '@x'])('a class named “%s” is no formula in a spreadsheet', (name) => {
    const [, line] = [
      ...csvLines([entry(1, { label: { class: { ...tumor, name }, person: 'A', at: 0 } })], {
        ...context,
        model: null,
      }),
    ]
    expect(line).toContain(`,'${name},`)
  })

  test.each([1, 2, 3])('probabilities are read back as the same float32 (seed %i)', (seed) => {
    const random = seeded(seed)
    for (let i = 0; i < 2000; i++) {
      const value = Math.fround(random() ** 8)
      expect(Math.fround(Number(shortest(value)))).toBe(value)
    }
    expect(shortest(Math.fround(0.1))).toBe('0.1')
  })
})

/** Coordinates count from the corner of level 0. */
const level0 = { origin: { x: 0, y: 0 }, bounds: null }

describe('GeoJSON', () => {
  const context = { project, source, slide: 'slide', model: 'my model', predictedClasses: classes, ...level0 }
  const parsed = (entries: PatchEntry[]) =>
    JSON.parse([...geoJsonPieces(entries, context)].join('')) as { features: Record<string, never>[]; tessera: object }

  test('coordinates may count from the slide’s bounds, as in QuPath, and the file says from where', () => {
    const bounds = { x: 200, y: 100, width: 5000, height: 4000 }
    const shifted = { ...context, bounds, origin: { x: 200, y: 100 } }
    const file = JSON.parse([...geoJsonPieces([labelled], shifted)].join(''))
    expect(file.features[0].geometry.coordinates[0].slice(0, 3)).toEqual([
      [88, 92],
      [184, 92],
      [184, 188],
    ])
    expect(file.tessera).toMatchObject({ origin: { x: 200, y: 100 }, bounds })
    expect(parsed([labelled]).tessera).toMatchObject({ origin: { x: 0, y: 0 }, bounds: null })
  })

  test('a label is an annotation, a prediction a tile with measurements, and both have their colour', () => {
    const { features } = parsed([labelled, predicted])
    expect(features).toMatchObject([
      {
        type: 'Feature',
        properties: {
          objectType: 'annotation',
          classification: { name: 'tumor', color: [200, 0, 0] },
          metadata: { labelled_by: 'Anna "A" Berg' },
        },
      },
      {
        properties: {
          objectType: 'tile',
          classification: { name: 'normal', color: [0, 114, 178] },
          isLocked: true,
          measurements: { prob_tumor: 0.25, prob_normal: 0.75 },
        },
      },
    ])
    expect(features[0]!['geometry']).toEqual({
      type: 'Polygon',
      coordinates: [
        [
          [288, 192],
          [384, 192],
          [384, 288],
          [288, 288],
          [288, 192],
        ],
      ],
    })
  })

  test('a patch with both statements is two objects that are never mixed up', () => {
    const both = parsed([entry(5, { label: labelled.label, prediction: predicted.prediction })]).features
    expect(both.map((each) => (each['properties'] as { objectType: string }).objectType)).toEqual([
      'annotation',
      'tile',
    ])
    expect(both[0]!['id']).not.toBe(both[1]!['id'])
  })

  test('ids are the same at every export, and differ by project, grid, patch and kind', () => {
    expect(parsed([labelled]).features[0]!['id']).toBe(parsed([labelled]).features[0]!['id'])
    const other = SourceId.parse('0193f1c0-0000-7000-8000-00000000000a')
    const ids = [
      featureId({ project, source }, 3, 'label'),
      featureId({ project, source }, 3, 'prediction'),
      featureId({ project, source }, 4, 'label'),
      featureId({ project, source: other }, 3, 'label'),
      featureId({ project: ProjectId.parse('0193f1c0-0000-7000-8000-00000000000b'), source }, 3, 'label'),
    ]
    expect(new Set(ids).size).toBe(5)
    // version 5 by RFC 9562
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  test('says that it is for research only', () => {
    expect(JSON.stringify(parsed([]).tessera)).toContain('not for diagnosis')
  })
})

describe('overlay', () => {
  const grid = { edgeX: 96, edgeY: 96, strideX: 96, strideY: 96, offsetX: 0, offsetY: 0, columns: 3, rows: 2 } as never
  const run = { id: PredictionRunId.parse('0193f1c0-0000-7000-8000-000000000009'), classes } as PredictionRun
  const some = { run, patch: Uint32Array.of(4, 0), probabilities: Float32Array.of(0.9, 0.1, 0, 1) }
  const texel = (texels: Uint8Array, patch: number) => [...texels.subarray(patch * 4, patch * 4 + 4)]

  test('a patch has the colour of its probability on a fixed 0 to 1 scale; one without a prediction is clear', () => {
    const texels = overlayTexels(grid, some, 0, 1)
    expect(texel(texels, 4)).toEqual([...viridis(Math.fround(0.9)), 255])
    expect(texel(texels, 0)).toEqual([68, 1, 84, 255])
    expect(texel(texels, 1)).toEqual([0, 0, 0, 0])
  })

  test('the class map has the colour of the most probable class', () => {
    const texels = overlayTexels(grid, some, null, 0.5)
    expect(texel(texels, 4)).toEqual([200, 0, 0, 128])
    expect(texel(texels, 0)).toEqual([0, 114, 178, 128])
  })

  test('a name can not break out of the legend', () => {
    const svg = legendSvg(
      {
        title: '<script>&"\u0000',
        note: null,
        scale: { kind: 'classes', classes: [{ name: '<b>', colour: '#000000' }] },
        mpp: 0.5,
      },
      800,
    )
    expect(svg).toContain('&lt;script&gt;&amp;&quot;')
    expect(svg).not.toContain('<b>')
  })

  test('however narrow the slide, the legend has room for what it is not for, before any note', async () => {
    const width = legendWidth(120)
    const legend = { title: 'a', scale: { kind: 'probability', of: 'tumor' }, mpp: 0.5 } as const
    const text = /<text[^>]*y="86"[^>]*>([^<]*)</.exec(legendSvg({ ...legend, note: 'a mosaic' }, width))![1]!
    expect(text).toMatch(/^For research and teaching only, not for diagnosis\..*a mosaic$/)
    const { data, info } = await sharp(Buffer.from(legendSvg({ ...legend, note: null }, width)))
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true })
    const inked = [...data.entries()].filter(([i, value]) => value < 200 && i >= 74 * info.width)
    expect(Math.max(...inked.map(([i]) => i % info.width))).toBeLessThan(width - 8)
  })
})

test.each([
  ['a/b\\c:d*e', 'a_b_c_d_e.csv'],
  ['..', 'unnamed.csv'],
  ['Präparat 🔬', 'Präparat 🔬.csv'],
  ['x'.repeat(300), `${'x'.repeat(120)}.csv`],
  ['🔬'.repeat(100), `${'🔬'.repeat(50)}.csv`], // 200 bytes, and no half of a character
  ['a\ud83d', 'a\ufffd.csv'],
])('“%s” becomes a file name every platform takes', (name, expected) => {
  expect(fileName(name, 'csv')).toBe(expected)
})
