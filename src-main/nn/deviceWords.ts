/** What is said of a device: that it is right, refused or lost, each with its numbers. */
import { type DeviceComparison, type DeviceName, deviceFacts } from '../../src-shared/devices.ts'
import { tesseraError } from '../../src-shared/errors.ts'

export const deviceLost = (device: DeviceName, reason: string, cause?: unknown) =>
  tesseraError(
    'DEVICE_LOST',
    `${deviceFacts[device].label} failed in mid-run: ${reason} Nothing that was saved is lost: resume the job to go on from its last checkpoint, or choose the CPU in the settings first.`,
    { device, reason },
    { cause },
  )

export const deviceCrashed = (device: DeviceName, exit: string) =>
  tesseraError(
    'DEVICE_CRASHED',
    `${deviceFacts[device].label} ended its process in the self-test (${exit}). It is not tried again with this driver and this version of the engine until you ask for it: “tessera devices --test ${device}”.`,
    { device, exit },
  )

export const deviceWrong = (
  device: DeviceName,
  network: string,
  layer: string | null,
  { what, difference, tolerance }: { what: string; difference: number; tolerance: number },
) =>
  tesseraError(
    'DEVICE_WRONG',
    `${deviceFacts[device].label} does not compute “${network}” as the CPU does: ${what} differs by ${difference.toExponential(1)}, where ${tolerance.toExponential(0)} is allowed${layer === null ? '' : `; the first layer that differs is “${layer}”`}. It is not used for this network.`,
    { device, layer, what, difference, tolerance },
  )

export const deviceMissing = (device: DeviceName) =>
  tesseraError('DEVICE_UNAVAILABLE', `This build of the engine has no ${deviceFacts[device].label}.`, {
    device,
    reason: 'not in this build',
  })

export const deviceOnlyPredicts = (device: DeviceName) =>
  tesseraError(
    'DEVICE_UNAVAILABLE',
    `${deviceFacts[device].label} runs finished networks only; Tessera trains on the CPU or on WebGPU.`,
    { device, reason: 'it only predicts' },
  )

export const comparisonsInWords = (device: DeviceName, comparisons: readonly DeviceComparison[]): string =>
  `${deviceFacts[device].label} equals the CPU in this network: ${comparisons
    .map(
      ({ what, difference, tolerance }) =>
        `${what} differs by ${difference.toExponential(1)} (${tolerance.toExponential(0)} is allowed)`,
    )
    .join(', ')}.`
