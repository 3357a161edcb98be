/** How numbers from inside a network are written and coloured. */
import { describe, expect, test } from 'vitest'
import type { InspectedLayer } from '../../../src-shared/inspection.ts'
import { VIRIDIS } from '../../../src-shared/viridis.ts'
import { AGAINST, FOR, mapColours, mostOf, rangeOf, strongOf } from '../../../src-renderer/formats/mapColours.ts'
import { alike, readable } from '../../../src-renderer/formats/numbers.ts'
import { filterPixels } from '../../../src-renderer/views/inside/filterPixels.ts'
import { fieldText, windowText } from '../../../src-renderer/views/inside/layerWords.ts'

test.each([
  [0, '0'],
  [0.02134, '0.0213'],
  [-12.44, '−12.4'],
  [-1234.2, '−1,234'],
  [999.7, '1,000'],
  [2.5e6, '2.5e6'],
  [3.14e-7, '3.1e−7'],
])('%f is written with the digits that count: %s', (value, text) => {
  expect(readable(value)).toBe(text)
})

test('numbers that stand together have as many decimals as the largest needs', () => {
  expect([-1.361, 0.2, -0.001, 0].map(alike(1.361))).toEqual(['−1.36', '0.20', '0.00', '0.00'])
  expect([0.0123, -0.00049].map(alike(0.0123))).toEqual(['0.0123', '−0.0005'])
  expect([512.4].map(alike(512.4))).toEqual(['512'])
})

describe('colours of a map', () => {
  const coloursOf = (values: number[], scale: Parameters<typeof mapColours>[2], first = 0) => {
    const into = new Uint8ClampedArray(4 * (values.length - first))
    mapColours(Float32Array.from(values), first, scale, into)
    return Array.from({ length: into.length / 4 }, (_, px) => [...into.subarray(4 * px, 4 * px + 4)])
  }

  test('go from the least to the greatest number through viridis; a map of one number has the first colour', () => {
    const scale = { kind: 'viridis', least: -1, greatest: 1 } as const
    expect(coloursOf([-1, 1], scale)).toEqual([
      [...VIRIDIS[0]!, 255],
      [...VIRIDIS[255]!, 255],
    ])
    expect(coloursOf([5], { kind: 'viridis', least: 5, greatest: 5 })).toEqual([[...VIRIDIS[0]!, 255]])
    expect(coloursOf([9, 9, 1], scale, 2)).toEqual([[...VIRIDIS[255]!, 255]])
  })

  test('say by hue for or against a class, and by opacity how much', () => {
    const found = coloursOf([0, 2, -1, 9], { kind: 'signed', most: 2, opacity: 0.8 })
    expect(found).toEqual([
      [...FOR, 0],
      [...FOR, 204],
      [...AGAINST, 102],
      [...FOR, 204],
    ])
  })

  test('take their scale from the largest, or from what all but one in a hundred stay below', () => {
    const values = Float32Array.from({ length: 200 }, (_, at) => (at === 7 ? -100 : at / 200))
    expect(mostOf(values)).toBe(100)
    expect(strongOf(values)).toBeLessThan(1)
    expect(strongOf(values)).toBeGreaterThan(0.97)
    expect(strongOf(Float32Array.of(0, 0, 0, -3))).toBe(3)
    expect(rangeOf(values, 5, 3)).toEqual({ least: -100, greatest: Math.fround(6 / 200) })
  })
})

test('a filter is grey where it is 0, and has its weights as red, green and blue', () => {
  const weights = Float32Array.of(1, 0, -1, 0, 0, 1)
  const colour = { layer: 'c', filters: 1, channels: 3, height: 1, width: 2, weights }
  expect([...filterPixels(colour, 0, 1)]).toEqual([255, 0, 128, 128, 128, 255])
  const grey = { layer: 'c', filters: 2, channels: 1, height: 1, width: 1, weights: Float32Array.of(0, -0.5) }
  expect([...filterPixels(grey, 1, 0.5)]).toEqual([0, 0, 0])
})

test('a window and what a value sees are said in the words of the field', () => {
  const layer: InspectedLayer = {
    name: 'c',
    kind: 'convolution',
    inputs: ['input'],
    shape: [8, 10, 10],
    window: { kernel: [3, 5], stride: [2, 2], padding: [1, 2], dilation: [1, 1], groups: 4 },
    parameters: 0,
    multiplyAdds: 0,
    receptiveField: { size: 35, jump: 2 },
    fullyConnected: null,
  }
  expect(windowText(layer)).toBe('3 × 5, step 2, padding 1 × 2, in 4 groups')
  expect(fieldText(layer, 0.97)).toBe('35 px = 34 µm')
  expect(fieldText(layer, null)).toBe('35 px')
})
