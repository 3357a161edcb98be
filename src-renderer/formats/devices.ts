/** Devices in words. Pure. */
import { type Device, type DeviceChoice, deviceFacts } from '../../src-shared/devices.ts'
import { when } from './times.ts'

export const choiceInWords = (choice: DeviceChoice): string =>
  choice === 'auto' ? 'Automatic' : deviceFacts[choice].label

/** What a choice means for the next run. */
export function choiceExplained(choice: DeviceChoice): string {
  if (choice === 'cpu') return 'The same labels, settings and seed give the same weights, to the last bit.'
  if (choice === 'auto')
    return 'The CPU, unless another device computes the run’s first batch as the CPU does, and faster. Which it was stands in the model’s card.'
  return 'Used where it computes the run’s first batch as the CPU does; where it does not, the CPU does the work and the log says why.'
}

/** What is known of a device. */
export function stateInWords({ name, state, crashed, testedAt }: Device): string {
  if (name === 'cpu') return 'always usable'
  const at = testedAt === null ? '' : `, ${when(testedAt)}`
  switch (state) {
    case 'usable':
      return `passed its self-test${at}`
    case 'refused':
      return `${crashed ? 'crashed in' : 'failed'} its self-test${at}`
    case 'untested':
      return 'not tested yet'
    case 'absent':
      return 'not in this build'
  }
}
