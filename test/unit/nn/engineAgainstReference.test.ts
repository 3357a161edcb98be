/** The fast engine against the slow truth: loss, logits, batch statistics and every gradient of every kind of layer. */
import { describe, expect, test } from 'vitest'
import type { DeviceComparison } from '../../../src-shared/devices.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import { againstReference } from './conformance.ts'
import { networksOfEachKind, randomNetwork } from './randomNetworks.ts'

function expectEqual(comparisons: readonly DeviceComparison[]): void {
  expect(comparisons.length).toBeGreaterThan(4)
  for (const { what, difference, tolerance } of comparisons) expect(difference, what).toBeLessThan(tolerance)
}

describe.each([
  ['on the CPU', onnxBackend(2)],
  ['on the CPU, in the operators of graphics devices', onnxBackend(2, 'cpu', { operators: 'standard' })],
])('loss, gradients and predictions equal the reference %s', (_, backend) => {
  test.each(networksOfEachKind)('$name', async (network) => expectEqual(await againstReference(backend, network, 1)))

  test.each(Array.from({ length: 25 }, (_, place) => place + 1))('a random network (seed %i)', async (seed) =>
    expectEqual(await againstReference(backend, randomNetwork(seed), seed)),
  )
})
