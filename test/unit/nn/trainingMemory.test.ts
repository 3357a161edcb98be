/** The estimate of a training's memory against what a process really took. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { LayerInput } from '../../../src-shared/networks.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { trainingMemory } from '../../../src-shared/network/trainingMemory.ts'
import { presetNetwork } from '../../../src-main/models/presets.ts'
import { network } from './randomNetworks.ts'

const stage = (filters: number, at: number): LayerInput[] => [
  { kind: 'convolution', id: `c${at}`, filters, kernel: 3, stride: 2, padding: 1 },
  { kind: 'group-norm', id: `n${at}`, groups: 8 },
  { kind: 'gelu', id: `g${at}` },
  { kind: 'convolution', id: `d${at}`, filters, kernel: 5, padding: 2, groups: filters },
  { kind: 'layer-norm', id: `l${at}` },
  { kind: 'silu', id: `s${at}` },
  { kind: 'squeeze-excitation', id: `e${at}`, squeezed: 4 },
]
const modern = network(
  'norms over a patch, gates, depthwise',
  [3, 96, 96],
  [
    ...[24, 48, 96].flatMap(stage),
    { kind: 'global-average-pool', id: 'mean' },
    { kind: 'dense', id: 'classes', units: 2 },
  ],
)

test.each([
  { described: presetNetwork('small-vgg', 3, 96, 2), batch: 32 },
  { described: presetNetwork('small-resnet', 3, 96, 2), batch: 64 },
  { described: modern, batch: 16 },
])('the estimate is right within a factor of 1.5: $described.name, batch $batch', ({ described, batch }) => {
  const child = path.join(import.meta.dirname, 'trainingMemory.process.ts')
  const measured = Number(
    execFileSync(process.execPath, [child, JSON.stringify(described), String(batch)], { encoding: 'utf8' }),
  )
  const { total } = trainingMemory(networkShapes(described), batch)
  expect(measured / total, `measured ${measured}, estimated ${total}`).toBeGreaterThan(1 / 1.5)
  expect(measured / total, `measured ${measured}, estimated ${total}`).toBeLessThan(1.5)
})
