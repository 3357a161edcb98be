/** Layers changed by hand. */
import { describe, expect, test } from 'vitest'
import {
  addLayer,
  inputsOf,
  moveLayer,
  readFrom,
  removeLayer,
  renameLayer,
  setOfLayer,
  simplified,
} from '../../../../src-shared/network/editLayers.ts'
import { layersSoFar, networkShapes } from '../../../../src-shared/network/shapes.ts'
import { Layer, NetworkDescription } from '../../../../src-shared/networks.ts'
import { presetNetwork } from '../../../../src-main/models/presets.ts'
import { PresetName } from '../../../../src-shared/networks.ts'

const chain = simplified(
  NetworkDescription.parse({
    name: 'chain',
    input: [3, 32, 32],
    layers: [
      { kind: 'convolution', id: 'c1', inputs: ['input'], filters: 8, kernel: 3, padding: 1 },
      { kind: 'batch-norm', id: 'n1', inputs: ['c1'] },
      { kind: 'relu', id: 'r1', inputs: ['n1'] },
      { kind: 'global-average-pool', id: 'mean', inputs: ['r1'] },
      { kind: 'dense', id: 'classes', inputs: ['mean'], units: 2 },
    ],
  }),
)
const names = ({ layers }: NetworkDescription): string[] => layers.map(({ id }) => id)

test.each(PresetName.options)(
  '%s says less, but is the same network, when inputs that go without saying are left out',
  (preset) => {
    const network = presetNetwork(preset, 3, preset.startsWith('digits') ? 28 : 96, 2)
    const { layers, ...facts } = networkShapes(simplified(network))
    const { layers: before, ...factsBefore } = networkShapes(network)
    expect(facts).toEqual(factsBefore)
    expect(layers.map(({ inputs, shape }) => [inputs, shape])).toEqual(
      before.map(({ inputs, shape }) => [inputs, shape]),
    )
  },
)

describe('in a chain', () => {
  test('layers are added, moved and taken away, and it stays a chain that can be built', () => {
    const longer = addLayer(addLayer(chain, 3, 'convolution'), 4, 'max-pool')
    expect(names(longer)).toEqual(['c1', 'n1', 'r1', 'convolution1', 'max_pool1', 'mean', 'classes'])
    expect(networkShapes(longer).layers[4]!.shape).toEqual([32, 16, 16])
    const moved = moveLayer(longer, 4, -1)
    expect(names(moved).slice(2, 5)).toEqual(['r1', 'max_pool1', 'convolution1'])
    expect(networkShapes(moved).layers[4]!.inputs).toEqual(['max_pool1'])
    expect(removeLayer(removeLayer(moved, 4), 3)).toEqual(chain)
  })

  test('at an end nothing moves further', () => {
    expect(moveLayer(chain, 0, -1)).toBe(chain)
    expect(moveLayer(chain, 4, 1)).toBe(chain)
  })
})

describe('with a shortcut', () => {
  const shortcut = readFrom(addLayer(chain, 3, 'add'), 3, ['r1', 'c1'])

  test('a layer taken away is passed by: those who read it read what it read', () => {
    expect(networkShapes(shortcut).layers[3]!.inputs).toEqual(['r1', 'c1'])
    const without = removeLayer(shortcut, 0)
    expect(inputsOf(without, 2)).toEqual(['r1', 'input'])
    // the sum reads two layers, whoever stands before it
    expect(inputsOf(removeLayer(shortcut, 2), 2)).toEqual(['n1', 'c1'])
    expect(inputsOf(removeLayer(shortcut, 3), 3)).toEqual(['r1'])
  })

  test('a layer that has another name is read by that name', () => {
    const renamed = renameLayer(shortcut, 0, 'first')
    expect(inputsOf(renamed, 3)).toEqual(['r1', 'first'])
    expect(layersSoFar(renamed).problem).toBeNull()
  })

  test('a layer moved above what it reads is the one that can not be built', () => {
    const { layers, problem } = layersSoFar(moveLayer(shortcut, 3, -1))
    expect(layers).toHaveLength(2)
    expect(problem?.data).toMatchObject({ layer: 'add1', found: 'input “r1”' })
  })
})

test('a number of a layer is set; one that can not be is refused', () => {
  expect(setOfLayer(chain, 0, 'filters', 16).layers[0]).toMatchObject({ filters: 16, kernel: 3 })
  expect(setOfLayer(setOfLayer(chain, 2, 'ceiling', 6), 2, 'ceiling', undefined).layers[2]).not.toHaveProperty(
    'ceiling',
    6,
  )
  expect(() => setOfLayer(chain, 0, 'filters', 0)).toThrow()
  expect(() => renameLayer(chain, 0, 'two words')).toThrow()
})

test('a layer of every kind can be added, with a name of its own', () => {
  let network = chain
  for (const { shape } of Layer.options) network = addLayer(network, 1, shape.kind.value)
  for (const { shape } of Layer.options) network = addLayer(network, 1, shape.kind.value)
  expect(new Set(names(network)).size).toBe(names(network).length)
  expect(NetworkDescription.parse(network)).toEqual(network)
})
