/** Which device is picked and what is said of it, with real processes and a device that is the processor in disguise. */
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DeviceChoice, DeviceName, DeviceTest } from '../../../../src-shared/devices.ts'
import { tesseraError } from '../../../../src-shared/errors.ts'
import { deviceMemory } from '../../../../src-main/nn/deviceMemory.ts'
import { createDevices } from '../../../../src-main/nn/devices.ts'
import { temporaryFolder } from '../../../fixtures/temporary.ts'
import { type DeviceFault, unreliableEngine } from '../../../fixtures/unreliableEngine.ts'

function machineWith(fault: DeviceFault, choice: DeviceChoice = 'webgpu', testSeconds = 60) {
  const machine = { fault, driver: 'driver 1', started: 0, said: [] as string[] }
  const engine = unreliableEngine(() => machine.fault)
  const file = path.join(temporaryFolder(), 'devices.json')
  const devices = createDevices({
    workerHost: {
      start(options) {
        machine.started++
        return engine.start(options)
      },
    },
    memory: deviceMemory(file, () => Promise.resolve(machine.driver)),
    choice: () => choice,
    goOnWithout: () => false,
    say: (sentence) => void machine.said.push(sentence),
    testSeconds,
  })
  const run = async (seconds: DeviceTest['seconds'] = null, stop = new AbortController()): Promise<DeviceName[]> => {
    const used: DeviceName[] = []
    await devices.run(
      {
        work: 'train',
        test: async (engine, device) => ({ ...(await engine.call('engine.testDevice', { device })), seconds }),
        say: () => undefined,
        signal: stop.signal,
      },
      (device) => Promise.resolve(void used.push(device)),
    )
    return used
  }
  return { machine, devices, run, file }
}

test('the devices of a build: the CPU is usable, others are not tested yet or absent', async () => {
  const { devices } = machineWith('none')
  expect((await devices.list()).map(({ name, state }) => [name, state])).toEqual([
    ['cpu', 'usable'],
    ['webgpu', 'untested'],
    ['cuda', 'absent'],
    ['dml', 'absent'],
    ['coreml', 'absent'],
  ])
})

test('the CPU, where a person chose it, starts no test and says nothing', async () => {
  const { machine, run } = machineWith('crashes', 'cpu')
  expect(await run()).toEqual(['cpu'])
  expect(machine).toMatchObject({ started: 0, said: [] })
})

test('a device that ends its process is remembered, not tried again, and tried again when asked or with another driver', async () => {
  const { machine, devices, run } = machineWith('crashes')
  expect(await run()).toEqual(['cpu'])
  expect(machine.said[0]).toMatch(/^On the CPU\. WebGPU ended its process in the self-test \(signal SIGKILL\)\./)
  expect(machine.said[0]).toContain('“tessera devices --test webgpu”')
  const { started } = machine
  expect(await run()).toEqual(['cpu'])
  expect(machine.started).toBe(started)
  expect(machine.said[1]).toContain('ended its process')
  expect(await devices.list()).toContainEqual(
    expect.objectContaining({
      name: 'webgpu',
      state: 'refused',
      crashed: true,
      fault: expect.objectContaining({ code: 'DEVICE_CRASHED', data: { device: 'webgpu', exit: 'signal SIGKILL' } }),
    }),
  )

  machine.driver = 'driver 2'
  expect(await devices.list()).toContainEqual(expect.objectContaining({ name: 'webgpu', state: 'untested' }))
  machine.driver = 'driver 1'
  machine.fault = 'none'
  expect(await devices.test('webgpu')).toMatchObject({ state: 'usable', crashed: false, fault: null })
  expect(await run()).toEqual(['webgpu'])
})

test('a device that never answers is given up and remembered like one that crashed', async () => {
  const { devices } = machineWith('hangs', 'webgpu', 2)
  expect(await devices.test('webgpu')).toMatchObject({
    state: 'refused',
    crashed: true,
    fault: { data: { exit: 'no answer within 2 s' } },
  })
})

describe('“auto”', () => {
  test('takes a device that is right and a tenth faster, and says both times', async () => {
    const { machine, run } = machineWith('none', 'auto')
    expect(await run({ cpu: 0.23, device: 0.2 })).toEqual(['webgpu'])
    expect(machine.said).toEqual([expect.stringContaining('It is faster: 200 ms against 230 ms on the CPU.')])
  })

  test('does not take one that is right and not faster', async () => {
    const { machine, run } = machineWith('none', 'auto')
    expect(await run({ cpu: 0.2, device: 0.19 })).toEqual(['cpu'])
    expect(machine.said).toEqual(['On the CPU. WebGPU is right, but not faster: 190 ms against 200 ms on the CPU.'])
  })

  test('does not take one that is fast and wrong', async () => {
    const { machine, run } = machineWith('is-wrong', 'auto')
    expect(await run({ cpu: 1, device: 0.01 })).toEqual(['cpu'])
    expect(machine.said[0]).toContain('(DEVICE_WRONG)')
  })
})

test.each([
  ['dml', 'This build of the engine has no DirectML.'],
  ['cuda', 'This build of the engine has no CUDA.'],
] as const)('%s, chosen where the build has none, is refused aloud', async (device, sentence) => {
  const { machine, run } = machineWith('none', device)
  expect(await run()).toEqual(['cpu'])
  expect(machine.said).toEqual([`On the CPU. ${sentence}`])
})

test('an error of the work itself is not told as the device’s', async () => {
  const { devices, machine } = machineWith('none')
  const broken = tesseraError('FILE_BROKEN', 'The pixels are half.', { file: 'pixels', reason: 'half' })
  const order = {
    work: 'train' as const,
    test: () => Promise.reject(broken),
    say: () => undefined,
    signal: new AbortController().signal,
  }
  await expect(devices.run(order, () => Promise.resolve())).rejects.toBe(broken)
  expect(machine.said).toEqual([])
})

test('stopping a run stops its self-test', async () => {
  const { run } = machineWith('hangs')
  const stop = new AbortController()
  setTimeout(() => stop.abort(), 1500)
  await expect(run(null, stop)).rejects.toMatchObject({ code: 'CANCELLED' })
})

test('a memory that can not be read holds nothing, and the next verdict is written', async () => {
  const { devices, file } = machineWith('none')
  await writeFile(file, '{ half')
  expect(await devices.list()).toContainEqual(expect.objectContaining({ name: 'webgpu', state: 'untested' }))
  await devices.test('webgpu')
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ webgpu: { fault: null } })
})
