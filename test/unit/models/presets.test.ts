import { describe, expect, test } from 'vitest'
import { PresetName } from '../../../src-shared/networks.ts'
import { LARGEST_EDGE, networkSummaries, presetNetwork, SMALLEST_EDGE } from '../../../src-main/models/presets.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'

const edges = [16, 17, 20, 28, 32, 48, 64, 96, 100, 128, 160, 224, 256, 299, 384, 512]

describe.each(PresetName.options)('%s', (preset) => {
  test.each(edges)('fits patches of %i px, grey or in colour', (edge) => {
    for (const channels of [1, 3])
      for (const classes of [2, 9]) {
        const shapes = networkShapes(presetNetwork(preset, channels, edge, classes))
        expect(shapes.input).toEqual([channels, edge, edge])
        expect(shapes.classes).toBe(classes)
        const [, height] = shapes.layers.findLast(({ layer }) => layer.kind === 'convolution')!.shape
        expect(height, 'edge of the last map').toBeGreaterThanOrEqual(6)
        expect(height, 'edge of the last map').toBeLessThanOrEqual(13)
      }
  })

  test('costs no more for a patch of 224 px than twice what one of 96 px costs', () => {
    const costOf = (edge: number) => networkShapes(presetNetwork(preset, 3, edge, 2)).multiplyAdds
    expect(costOf(224)).toBeLessThan(2 * costOf(96))
  })
})

test('patches too small or too large are refused, and no summary is given for them', () => {
  for (const edge of [SMALLEST_EDGE - 1, LARGEST_EDGE + 1]) {
    expect(() => presetNetwork('small-vgg', 3, edge, 2)).toThrow(`these have ${edge} px`)
    expect(networkSummaries(3, edge, 2)).toEqual([])
  }
})

test('summaries say what the networks are', () => {
  const summaries = networkSummaries(3, 96, 2)
  expect(summaries.map(({ preset }) => preset)).toEqual(PresetName.options)
  for (const { preset, parameters, receptiveFieldPx, idea } of summaries) {
    const shapes = networkShapes(presetNetwork(preset, 3, 96, 2))
    expect({ parameters, receptiveFieldPx }).toEqual({
      parameters: shapes.parameters,
      receptiveFieldPx: shapes.receptiveFieldPx,
    })
    expect(idea).toMatch(/\(.* 20\d\d\)\.$/)
  }
})
