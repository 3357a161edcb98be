/** WebGPU against the reference and the processor, through a software driver. */
import { fork } from 'node:child_process'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { DeviceComparison, DeviceTest } from '../../../../src-shared/devices.ts'
import { startProcess } from '../../../../src-main/host/node/nodeWorkerHost.ts'
import { processFile } from '../../../../src-main/host/processEntries.ts'
import type { EngineContract } from '../../../../src-main/nn/engineContract.ts'
import { connect } from '../../../../src-shared/wire/connect.ts'
import { hasSoftwareGpu, noGpu, softwareGpu } from '../../../fixtures/softwareGpu.ts'

if (!hasSoftwareGpu)
  process.stderr.write('WebGPU is not tested: there is no SwiftShader in /usr/lib/chromium (Debian’s chromium).\n')

/** @throws {Error} when the process ends without an answer */
function onGpu<T>(what: 'conformance' | 'wrong' | 'right'): Promise<T> {
  const child = fork(new URL('onSoftwareGpu.process.ts', import.meta.url), {
    env: { ...process.env, ...softwareGpu },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  child.on('message', (answer: { result: T } | { error: string }) =>
    'error' in answer ? reject(new Error(answer.error)) : resolve(answer.result),
  )
  child.on('exit', (code, signal) => reject(new Error(`It ended: ${signal ?? `exit code ${code}`}.`)))
  child.send(what)
  return promise
}

test.skipIf(process.platform !== 'linux')(
  'where there is no driver, WebGPU is refused in the runtime’s own words, without places in its source',
  async () => {
    const options = { name: 'engine-test', niceness: 0, heapMb: 1024 }
    const started = startProcess(processFile('engine'), options, noGpu)
    onTestFinished(() => started.kill())
    const engine = connect<EngineContract>(started.wire)
    expect(await engine.call('engine.devices', undefined)).toContain('webgpu')
    await expect(engine.call('engine.testDevice', { device: 'webgpu' })).rejects.toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      message: 'WebGPU can not be used on this machine: Failed to get a WebGPU adapter: No supported adapters.',
    })
  },
)

describe.skipIf(!hasSoftwareGpu)('WebGPU through SwiftShader', { timeout: 120_000 }, () => {
  test('every kind of layer: loss, gradients, batch statistics and probabilities equal the reference', async () => {
    const comparisons = await onGpu<DeviceComparison[]>('conformance')
    expect(comparisons.map(({ what }) => what)).toContain('gradient of norm.scale')
    for (const { what, difference, tolerance } of comparisons) expect(difference, what).toBeLessThan(tolerance)
  })

  test('a convolution from 6 to 16 channels in the provider’s own layout is found wrong, and named', async () => {
    const { fault } = await onGpu<DeviceTest>('wrong')
    expect(fault).toMatchObject({
      code: 'DEVICE_WRONG',
      message: expect.stringContaining('WebGPU does not compute “six to sixteen” as the CPU does'),
      data: { device: 'webgpu', layer: 'sixteen' },
    })
    const { difference } = fault!.data as { difference: number }
    expect(difference).toBeGreaterThan(0.1)
  })

  test('the same network in our layout passes, with differences below a hundredth of what is allowed', async () => {
    const { fault, comparisons } = await onGpu<DeviceTest>('right')
    expect(fault).toBe(null)
    for (const { what, difference, tolerance } of comparisons) expect(difference, what).toBeLessThan(tolerance / 100)
  })
})
