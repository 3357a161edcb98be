/**
 * Devices: what can multiply the matrices of a network. The processor always can; any other is used only after a
 * self-test has found its numbers equal to the processor's. Explained in docs/devices.md.
 */
import * as z from 'zod'
import { FaultRecord } from './errors.ts'
import { Timestamp } from './ids.ts'
import { call, event } from './wire/contract.ts'

export const DeviceName = z.enum(['cpu', 'webgpu', 'cuda', 'dml', 'coreml'])
export type DeviceName = z.infer<typeof DeviceName>

/** `auto`: the processor, unless another device has just been tested to be right and faster. */
export const DeviceChoice = z.enum(['auto', ...DeviceName.options])
export type DeviceChoice = z.infer<typeof DeviceChoice>

export type DeviceWork = 'train' | 'predict'

/** @property provider what the runtime calls the part of itself that runs on the device */
export type DeviceFacts = { label: string; provider: string; works: readonly DeviceWork[] }

export const deviceFacts: Record<DeviceName, DeviceFacts> = {
  cpu: { label: 'CPU', provider: 'CPUExecutionProvider', works: ['train', 'predict'] },
  webgpu: { label: 'WebGPU', provider: 'WebGpuExecutionProvider', works: ['train', 'predict'] },
  cuda: { label: 'CUDA', provider: 'CUDAExecutionProvider', works: ['predict'] },
  dml: { label: 'DirectML', provider: 'DmlExecutionProvider', works: ['predict'] },
  coreml: { label: 'Core ML', provider: 'CoreMLExecutionProvider', works: ['predict'] },
}

/** One number of the self-test: how far the device is from the processor, and how far it may be. */
export const DeviceComparison = z.object({ what: z.string(), difference: z.number(), tolerance: z.number() })
export type DeviceComparison = z.infer<typeof DeviceComparison>

export const DeviceTest = z.object({
  /** null = equal within the tolerances */
  fault: FaultRecord.nullable(),
  comparisons: z.array(DeviceComparison),
  /** of one step or one batch, median; null when it was not timed */
  seconds: z.object({ cpu: z.number(), device: z.number() }).nullable(),
})
export type DeviceTest = z.infer<typeof DeviceTest>

export const Device = z.object({
  name: DeviceName,
  label: z.string(),
  provider: z.string(),
  works: z.array(z.enum(['train', 'predict'])),
  /** By its last self-test, with this driver and this version of the engine. `absent`: not in this build. */
  state: z.enum(['usable', 'refused', 'untested', 'absent']),
  /** why it was refused */
  fault: FaultRecord.nullable(),
  /** It ended its process in the self-test: it is not tried again until `devices.test` asks for it. */
  crashed: z.boolean(),
  testedAt: Timestamp.nullable(),
})
export type Device = z.infer<typeof Device>

export const deviceCalls = {
  /** Every device there is a name for, with what is known of it. Nothing is tested. */
  'devices.list': call(z.void(), z.array(Device)),
  /** Tests a device with a small network, in a process of its own, also one that crashed before. */
  'devices.test': call(z.object({ device: DeviceName }), Device),
}

export const deviceEvents = { 'devices.changed': event(z.object({ devices: z.array(Device) })) }
