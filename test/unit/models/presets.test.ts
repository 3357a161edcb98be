import { describe, expect, test } from 'vitest'
import { networkSummaries, presetNetwork } from '../../../src-main/models/presets.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { largestBatch, trainingMemory } from '../../../src-shared/network/trainingMemory.ts'
import { PresetName } from '../../../src-shared/networks.ts'

const MEMORY = 8e9
const edges = [16, 17, 20, 28, 32, 33, 48, 64, 96, 100, 128, 160, 224, 256, 299, 384, 512]
const parametersOf = (preset: PresetName, channels: number, edge: number, classes: number) =>
  networkShapes(presetNetwork(preset, channels, edge, classes)).parameters

describe('parameters are those of the paper', () => {
  // LeNet-5 with every filter reading all maps, counted by hand; the others as torchvision prints them, GoogLeNet without
  // its auxiliary classifiers.
  test.each<[PresetName, number, number, number, number]>([
    ['lenet-5', 1, 32, 10, 61_706],
    ['vgg-11', 3, 224, 1000, 132_863_336],
    ['vgg-16', 3, 224, 1000, 138_357_544],
    ['vgg-19', 3, 224, 1000, 143_667_240],
    ['googlenet', 3, 224, 1000, 6_624_904],
    ['resnet-18', 3, 224, 1000, 11_689_512],
    ['resnet-34', 3, 224, 1000, 21_797_672],
    ['resnet-50', 3, 224, 1000, 25_557_032],
    ['resnet-101', 3, 224, 1000, 44_549_160],
    ['resnet-152', 3, 224, 1000, 60_192_808],
    ['densenet-121', 3, 224, 1000, 7_978_856],
    ['mobilenet-v2', 3, 224, 1000, 3_504_872],
  ])('%s, %i channels of %i px, %i classes: %i', (preset, channels, edge, classes, parameters) => {
    expect(parametersOf(preset, channels, edge, classes)).toBe(parameters)
  })

  test('the perceptron’s by hand: 28 × 28 values to 256, 64 and 10 units', () => {
    expect(parametersOf('mlp', 1, 28, 10)).toBe(784 * 256 + 256 + 256 * 64 + 64 + 64 * 10 + 10)
  })

  test('P4M-DenseNet has within 5 % of the 119 thousand of its paper', () => {
    expect(parametersOf('p4m-densenet', 3, 96, 2)).toBeGreaterThan(119_000 * 0.95)
    expect(parametersOf('p4m-densenet', 3, 96, 2)).toBeLessThan(119_000 * 1.05)
  })

  test('Tessera S and M are as large as they are said to be, and S costs less than half of M', () => {
    const [s, m] = (['tessera-s', 'tessera-m'] as const).map((preset) => networkShapes(presetNetwork(preset, 3, 96, 2)))
    expect(s!.parameters).toBe(215_162)
    expect(m!.parameters).toBe(677_026)
    expect(s!.multiplyAdds).toBeLessThan(m!.multiplyAdds / 2)
  })
})

// The number of multiply-adds the papers' tables give for 224 px: wrong strides would show here, and not in parameters.
test.each<[PresetName, number]>([
  ['vgg-16', 15.5e9],
  ['vgg-19', 19.6e9],
  ['googlenet', 1.5e9],
  ['resnet-18', 1.8e9],
  ['resnet-34', 3.6e9],
  ['resnet-50', 4.1e9],
  ['resnet-101', 7.8e9],
  ['resnet-152', 11.5e9],
  ['densenet-121', 2.85e9],
  ['mobilenet-v2', 0.3e9],
])('%s takes about %d multiply-adds for 224 px', (preset, multiplyAdds) => {
  const { multiplyAdds: found } = networkShapes(presetNetwork(preset, 3, 224, 1000))
  expect(Math.abs(found / multiplyAdds - 1), `${found}`).toBeLessThan(0.03)
})

test.each(['digits-3', 'digits-5', 'digits-7'] as const)(
  '%s halves a 28 px digit twice, costs from 8 to 10 million multiply-adds, and has filters of its size alone',
  (preset) => {
    const network = presetNetwork(preset, 1, 28, 10)
    const { layers, multiplyAdds, classes } = networkShapes(network)
    expect(classes).toBe(10)
    expect(layers.findLast(({ shape }) => shape.length === 3)!.shape.slice(1)).toEqual([7, 7])
    expect(multiplyAdds).toBeGreaterThan(8e6)
    expect(multiplyAdds).toBeLessThan(10e6)
    const kernels = network.layers.map((layer) => layer.kind === 'convolution' && layer.kernel).filter(Boolean)
    expect(new Set(kernels)).toEqual(new Set([Number(preset.at(-1))]))
  },
)

test.each<[PresetName, number]>([
  ['vgg-16', 7],
  ['googlenet', 7],
  ['resnet-50', 7],
  ['densenet-121', 7],
  ['mobilenet-v2', 7],
])('%s ends in a map of %i px for 224 px', (preset, last) => {
  const { layers } = networkShapes(presetNetwork(preset, 3, 224, 1000))
  expect(layers.findLast(({ shape }) => shape.length === 3)!.shape.slice(1)).toEqual([last, last])
})

test.each(edges)('every preset can be built for patches of %i px, grey or in colour, or says why not', (edge) => {
  for (const channels of [1, 3])
    for (const classes of [2, 9])
      for (const summary of networkSummaries(channels, edge, classes, MEMORY)) {
        const { preset, title } = summary
        if (!summary.usable) {
          expect(summary.reason).toContain(`${title} is made for patches of`)
          expect(() => presetNetwork(preset, channels, edge, classes)).toThrow(
            expect.objectContaining({
              code: 'NETWORK_INVALID',
              message: summary.reason,
              data: { layer: null, expected: expect.stringMatching(/^patches of \d+ to \d+ px$/), found: `${edge} px` },
            }),
          )
          continue
        }
        const shapes = networkShapes(presetNetwork(preset, channels, edge, classes))
        expect(shapes.input).toEqual([channels, edge, edge])
        expect(shapes.classes).toBe(classes)
        expect(summary).toMatchObject({
          parameters: shapes.parameters,
          multiplyAdds: shapes.multiplyAdds,
          receptiveFieldPx: shapes.receptiveFieldPx,
          trainingBytes: trainingMemory(shapes, 32).total,
          largestBatch: largestBatch(shapes, MEMORY),
        })
      }
})

test.each<[PresetName, number, number]>([
  ['mlp', 16, 512],
  ['lenet-5', 28, 512],
  ['vgg-16', 32, 256],
  ['resnet-50', 32, 512],
  ['p4m-densenet', 16, 512],
  ['tessera-m', 16, 512],
  ['digits-5', 28, 64],
])('%s takes patches of %i to %i px and no others', (preset, smallest, largest) => {
  for (const edge of [smallest, largest]) expect(presetNetwork(preset, 3, edge, 2).input).toEqual([3, edge, edge])
  for (const edge of [smallest - 1, largest + 1])
    expect(() => presetNetwork(preset, 3, edge, 2)).toThrow(`these have ${edge} px`)
})

describe.each(['small-vgg', 'small-resnet', 'small-inception', 'tessera-s', 'tessera-m'] as const)(
  '%s shapes itself after the patch',
  (preset) => {
    test.each(edges)('%i px', (edge) => {
      const { layers } = networkShapes(presetNetwork(preset, 3, edge, 2))
      const [, height] = layers.findLast(({ layer }) => layer.kind === 'convolution')!.shape
      expect(height, 'edge of the last map').toBeGreaterThanOrEqual(4)
      expect(height, 'edge of the last map').toBeLessThanOrEqual(18)
    })

    test('costs no more for a patch of 224 px than twice what one of 96 px costs', () => {
      const costOf = (edge: number) => networkShapes(presetNetwork(preset, 3, edge, 2)).multiplyAdds
      expect(costOf(224)).toBeLessThan(2 * costOf(96))
    })
  },
)

test('LeNet-5 is the network of 32 px for digits of 28 px, too', () => {
  expect(parametersOf('lenet-5', 1, 28, 10)).toBe(61_706)
})

test('the dense layers of VGG follow the map: 3 × 3 places of 96 px', () => {
  const { layers } = networkShapes(presetNetwork('vgg-16', 3, 96, 2))
  expect(layers.find(({ layer }) => layer.id === 'flat')!.shape).toEqual([512 * 3 * 3])
})

test('the perceptron and LeNet-5 see patches above 128 px reduced, so that they stay of a size', () => {
  for (const preset of ['mlp', 'lenet-5'] as const)
    for (const edge of [224, 256, 299, 512]) {
      const [first] = networkShapes(presetNetwork(preset, 3, edge, 2)).layers
      expect(first!.layer.kind).toBe('average-pool')
      expect(first!.shape[1]).toBeLessThanOrEqual(128)
    }
})

test('the perceptron’s classes see the whole patch, though it has no convolution', () => {
  expect(networkShapes(presetNetwork('mlp', 3, 96, 2)).receptiveFieldPx).toBe(96)
})

test('summaries stand in the order of the names, recommended first, each with an idea, who had it and when', () => {
  const summaries = networkSummaries(3, 96, 2, MEMORY)
  expect(summaries.map(({ preset }) => preset)).toEqual(PresetName.options)
  const groups = summaries.map(({ group }) => group)
  expect([...new Set(groups)]).toEqual(['recommended', 'digits', 'paper'])
  expect(groups).toEqual(groups.toSorted((a, b) => groups.indexOf(a) - groups.indexOf(b)))
  for (const { group, idea, usable } of summaries) {
    expect(usable).toBe(group !== 'digits')
    expect(idea).toMatch(/\(.*\b(19|20)\d\d\)\.$/)
  }
})
