/** The made-up main process's devices: one of each state. */
import { type Device, deviceFacts, DeviceName } from '../../../src-shared/devices.ts'

const ofState: Record<DeviceName, Pick<Device, 'state' | 'fault' | 'testedAt'>> = {
  cpu: { state: 'usable', fault: null, testedAt: null },
  webgpu: {
    state: 'refused',
    fault: {
      code: 'DEVICE_WRONG',
      message:
        'WebGPU does not compute “Tessera S” as the CPU does: the gradient of c2.weight differs by 8.5e-1, where 2e-3 is allowed; the first layer that differs is “c2”. It is not used for this network.',
      data: { device: 'webgpu', layer: 'c2', what: 'the gradient of c2.weight', difference: 0.85, tolerance: 0.002 },
    },
    testedAt: Date.UTC(2026, 10, 24, 9, 30),
  },
  cuda: { state: 'untested', fault: null, testedAt: null },
  dml: { state: 'absent', fault: null, testedAt: null },
  coreml: { state: 'absent', fault: null, testedAt: null },
}

export const fakeDevices: Device[] = DeviceName.options.map((name) => ({
  name,
  label: deviceFacts[name].label,
  provider: deviceFacts[name].provider,
  works: [...deviceFacts[name].works],
  crashed: false,
  ...ofState[name],
}))

/** As if its self-test had gone well. */
export const tested = (device: Device): Device =>
  device.state === 'absent' ? device : { ...device, state: 'usable', fault: null, testedAt: Date.now() }
