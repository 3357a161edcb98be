/** The fast engine against the slow truth: loss, logits, batch statistics and every gradient of every kind of layer. */
import { describe, expect, test } from 'vitest'
import type { DeviceComparison } from '../../../src-shared/devices.ts'
import { Layer } from '../../../src-shared/networks.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { againstReference } from './conformance.ts'
import { networksOfEachKind, randomNetwork } from './randomNetworks.ts'

function expectEqual(comparisons: readonly DeviceComparison[]): void {
  expect(comparisons.length).toBeGreaterThan(4)
  for (const { what, difference, tolerance } of comparisons) expect(difference, what).toBeLessThan(tolerance)
}

const processor = onnxBackend(2)
const standard = onnxBackend(2, 'cpu', { operators: 'standard' })
const seeds = (count: number) => Array.from({ length: count }, (_, place) => place + 1)

describe.each([
  ['on the CPU', processor, 40],
  ['on the CPU, in the operators of graphics devices', standard, 15],
] as const)('loss, gradients and predictions equal the reference %s', (_, backend, networks) => {
  test.each(networksOfEachKind)('$name', async (network) => expectEqual(await againstReference(backend, network, 1)))

  // A norm over a few nearly equal values, as after a softmax, makes rounding errors larger: up to 3e-4 in 300 networks.
  test.each(seeds(networks))('a random network (seed %i)', async (seed) =>
    expectEqual(await againstReference(backend, randomNetwork(seed), seed, 5e-4)),
  )
})

describe('the networks compared', () => {
  test('the random networks have every kind of layer', () => {
    const kinds = seeds(40).flatMap((seed) => randomNetwork(seed).layers.map(({ kind }) => kind))
    expect([...new Set(kinds)].toSorted()).toEqual(Layer.options.map(({ shape }) => shape.kind.value).toSorted())
  })
})
