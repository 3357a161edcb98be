import { expect, test } from 'vitest'
import { devicesInWords } from '../../../src-main/training/runner.ts'

const cpu = { device: 'CPU', provider: 'CPUExecutionProvider', fromStep: 0 }
const webgpu = { device: 'WebGPU', provider: 'WebGpuExecutionProvider', fromStep: 0 }

test.each([
  ['one network on one device', [[cpu]], 'CPU (CPUExecutionProvider)'],
  [
    'one network that went on elsewhere',
    [[webgpu, { ...cpu, fromStep: 120 }]],
    'WebGPU (WebGpuExecutionProvider), from step 120 CPU (CPUExecutionProvider)',
  ],
  ['folds that were all trained alike', [[webgpu], [webgpu], [webgpu]], 'WebGPU (WebGpuExecutionProvider)'],
  [
    'folds of which some were trained elsewhere',
    [[webgpu], [webgpu, { ...cpu, fromStep: 6 }], [cpu]],
    'fold 1: WebGPU (WebGpuExecutionProvider); fold 2: WebGPU (WebGpuExecutionProvider), from step 6 CPU (CPUExecutionProvider); fold 3: CPU (CPUExecutionProvider)',
  ],
])('a card says what trained %s', (_, networks, words) => {
  expect(devicesInWords(networks)).toBe(words)
})

test('of an ensemble it counts members', () => {
  expect(devicesInWords([[webgpu], [cpu]], 'member')).toBe(
    'member 1: WebGPU (WebGpuExecutionProvider); member 2: CPU (CPUExecutionProvider)',
  )
})
