/** Occlusion, excitement and what a value sees, by numbers one can check by head. */
import { describe, expect, test } from 'vitest'
import { seenBy } from '../../../src-shared/network/seenBy.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { EndOfOrder, excitement } from '../../../src-main/inspection/excitement.ts'
import { mapShape } from '../../../src-main/inspection/mapShape.ts'
import { occlusionMap, placesAlong } from '../../../src-main/inspection/occlusion.ts'
import { gradCam, gradientTimesInput, lastMap } from '../../../src-main/inspection/saliency.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import { referenceValues } from '../../../src-main/nn/reference/network.ts'
import { tensor } from '../../../src-main/nn/reference/tensor.ts'
import { network, networksOfEachKind, randomNetwork, randomWeights } from '../nn/randomNetworks.ts'

describe('occlusion', () => {
  test('squares lie a step apart, and the last ends at the edge', () => {
    expect(placesAlong(10, 4, 3)).toEqual([0, 3, 6])
    expect(placesAlong(10, 4, 4)).toEqual([0, 4, 6])
    expect(placesAlong(4, 6, 2)).toEqual([0])
  })

  test('each px has the mean of what the squares over it took from the score', async () => {
    // The score is the sum of a 1 × 4 patch; squares of 2 × 2 px, so that each covers two of its px.
    const patch = Float32Array.of(1, 2, 3, 4)
    const scores = (patches: Float32Array, count: number) =>
      Promise.resolve(
        Float32Array.from({ length: count }, (_, i) =>
          patches.subarray(4 * i, 4 * i + 4).reduce((sum, value) => sum + value, 0),
        ),
      )
    const work = occlusionMap({ patch, shape: [1, 1, 4], square: 2, step: 1, scores })
    let next = await work.next()
    while (!next.done) next = await work.next()
    // What the squares at 0, 1 and 2 take: 3, 5 and 7.
    expect(next.value.score).toBe(10)
    expect([...next.value.values]).toEqual([3, 4, 6, 7])
  })
})

test('Grad-CAM weighs each map by the mean of its gradient, and shows nothing below 0', () => {
  const output = { shape: [2, 1, 2], data: Float32Array.of(1, 2, 3, 1) }
  const gradient = { shape: [2, 1, 2], data: Float32Array.of(4, 0, -1, -1) }
  // α = 2 and −1
  expect([...gradCam(output, gradient)]).toEqual([0, 3])
})

test('gradient × input adds up the colours of a px', () => {
  const patch = { shape: [2, 1, 2], data: Float32Array.of(1, 2, 3, 4) }
  const gradient = { shape: [2, 1, 2], data: Float32Array.of(1, -1, 2, 0.5) }
  expect([...gradientTimesInput(patch, gradient)]).toEqual([7, 0])
})

test('Grad-CAM looks at the last layer with places', () => {
  const layers = [
    { name: 'conv', shape: [4, 5, 5] },
    { name: 'relu', shape: [4, 5, 5] },
    { name: 'pooled', shape: [4, 1, 1] },
    { name: 'classes', shape: [2] },
  ]
  expect(lastMap(layers)).toBe('relu')
  expect(lastMap(layers.slice(3))).toBeNull()
})

test('layers of other axes are shown as they lie', () => {
  expect(mapShape([7])).toEqual([7, 1, 1])
  expect(mapShape([3, 4, 5])).toEqual([3, 4, 5])
  expect(mapShape([197, 384])).toEqual([1, 197, 384])
  expect(mapShape([2, 3, 4, 5])).toEqual([6, 4, 5])
})

describe('excitement', () => {
  const values = { shape: [2, 1, 3], data: Float32Array.of(1, 5, 3, 0, 0, 6, 9, 1, 2, 3, 3, 3) }

  test('is the largest value of a channel’s map, with its place, or the mean', () => {
    const largest = excitement(values, 2, 'largest')
    expect([...largest.value]).toEqual([5, 6, 9, 3])
    expect([...largest.place]).toEqual([1, 2, 0, 0])
    expect(largest).toMatchObject({ channels: 2, width: 3 })
    expect([...excitement(values, 2, 'mean').value]).toEqual([3, 2, 4, 3])
  })

  test.each([1, 2, 3])('the ends of the order are those of sorting all patches, block by block (seed %i)', (seed) => {
    const random = seeded(seed)
    const [channels, kept] = [3, 5]
    const all = Array.from({ length: 40 }, (_, patch) => ({
      patch: 100 + patch,
      value: Array.from({ length: channels }, () => Math.fround(random.below(12) / 4)),
    }))
    const [most, least] = [new EndOfOrder(kept, 'most'), new EndOfOrder(kept, 'least')]
    for (let first = 0; first < all.length; first += 7) {
      const block = all.slice(first, first + 7)
      const of = [
        Uint32Array.from(block, ({ patch }) => patch),
        channels,
        Float32Array.from(block.flatMap(({ value }) => value)),
        new Uint32Array(block.length * channels),
      ] as const
      most.add(...of)
      least.add(...of)
    }
    for (let channel = 0; channel < channels; channel++) {
      const by = (sign: number) => all.toSorted((a, b) => sign * (a.value[channel]! - b.value[channel]!)).slice(0, kept)
      const found = ({ patch }: { patch: Uint32Array }) => [...patch.subarray(channel * kept, (channel + 1) * kept)]
      expect(found(most.ends())).toEqual(by(-1).map(({ patch }) => patch))
      expect(found(least.ends())).toEqual(by(1).map(({ patch }) => patch))
    }
  })
})

/** Norms over a patch, gates and softmax over channels let a value hang on the whole patch: left out, as the docs say. */
const PASSES_ALL = new Set(['group-norm', 'layer-norm', 'squeeze-excitation', 'multiply'])
const local = [
  ...networksOfEachKind,
  ...[1, 2, 3, 4, 5, 6].map((seed) => ({ ...randomNetwork(seed), name: `seed ${seed}` })),
].filter(({ layers }) => !layers.some(({ kind }) => PASSES_ALL.has(kind)))

test('what a value sees is counted back window by window, and ends at the edge of the patch', () => {
  const of = network(
    'two windows',
    [1, 12, 12],
    [
      { kind: 'convolution', id: 'c', filters: 2, kernel: 3, stride: 2, padding: 1 },
      { kind: 'max-pool', id: 'p', kernel: 2, stride: 2 },
      { kind: 'flatten', id: 'f' },
      { kind: 'dense', id: 'classes', units: 2 },
    ],
  )
  const { layers } = networkShapes(of)
  // Row 1 of the pool reads rows 2 and 3 of the convolution, and these rows 3 to 5 and 5 to 7 of the patch.
  expect(seenBy(layers, of.input, 'p', 1, 0)).toEqual({ top: 3, bottom: 7, left: 0, right: 3 })
  expect(seenBy(layers, of.input, 'input', 4, 5)).toEqual({ top: 4, bottom: 4, left: 5, right: 5 })
  expect(seenBy(layers, of.input, 'classes', 0, 0)).toEqual({ top: 0, bottom: 11, left: 0, right: 11 })
})

describe('what a value sees: px outside of it change nothing', () => {
  test.each(local)('$name', (of) => {
    const { layers } = networkShapes(of)
    const random = seeded(4)
    const patch = Float64Array.from({ length: of.input.reduce((a, b) => a * b, 1) }, random.normal)
    const raw = randomWeights(of, 2)
    const weights = {
      parameters: Float64Array.from(raw.parameters),
      mean: Float64Array.from(raw.mean),
      variance: Float64Array.from(raw.variance),
    }
    const valuesOf = (values: Float64Array) => referenceValues(of, weights, tensor([1, ...of.input], values))
    const before = valuesOf(patch)
    const [, height, width] = of.input
    for (const { layer, shape } of layers) {
      if (shape.length !== 3) continue
      const [channels, rows, columns] = shape
      const [row, column] = [random.below(rows), random.below(columns)]
      const { top, left, bottom, right } = seenBy(layers, of.input, layer.id, row, column)
      expect(top, layer.id).toBeLessThanOrEqual(bottom)
      const outside = patch.map((value, at) => {
        const [y, x] = [Math.floor(at / width) % height, at % width]
        return y >= top && y <= bottom && x >= left && x <= right ? value : value + 1
      })
      const after = valuesOf(outside).get(layer.id)!
      for (let channel = 0; channel < channels; channel++) {
        const at = (channel * rows + row) * columns + column
        expect(after.data[at], `${layer.id} at ${row}, ${column}`).toBe(before.get(layer.id)!.data[at])
      }
    }
  })
})
