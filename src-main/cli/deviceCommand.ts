/** `tessera devices`, and the choice of a device as the other commands take it. */
import path from 'node:path'
import { type Command, Option } from 'commander'
import { type Device, DeviceChoice, DeviceName } from '../../src-shared/devices.ts'
import { nodeWorkerHost } from '../host/node/nodeWorkerHost.ts'
import { deviceMemory } from '../nn/deviceMemory.ts'
import { createDevices, type Devices } from '../nn/devices.ts'
import { dataFolder } from '../settings/dataFolder.ts'
import { output } from './output.ts'

export type DeviceOptions = { device?: DeviceChoice; deviceLost?: 'stop' | 'cpu' }

/** Commands take no settings from the window: the same line does the same on every machine. */
export const withDeviceOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--device <device>', 'what runs the network; any but the CPU must first pass a self-test')
        .choices(DeviceChoice.options)
        .default('cpu'),
    )
    .addOption(
      new Option('--device-lost <what>', 'when the device fails in mid-run: stop, or go on on the CPU')
        .choices(['stop', 'cpu'])
        .default('stop'),
    )

/** What the self-tests found is shared with the window. */
export const devicesOfCommand = ({ device = 'cpu', deviceLost = 'stop' }: DeviceOptions): Devices =>
  createDevices({
    workerHost: nodeWorkerHost,
    memory: deviceMemory(path.join(dataFolder(process.platform, process.env), 'devices.json')),
    choice: () => device,
    goOnWithout: () => deviceLost === 'cpu',
    say: output(false).say,
  })

export function addDeviceCommand(program: Command): void {
  program
    .command('devices')
    .description('what can run networks on this machine, and what its self-test said')
    .addOption(
      new Option('--test <device>', 'test it now, in a process of its own, also if it crashed before').choices(
        DeviceName.options,
      ),
    )
    .option('--json', 'one JSON object on stdout')
    .action(async ({ test, json }: { test?: DeviceName; json?: boolean }) => {
      const devices = devicesOfCommand({})
      if (test !== undefined) await devices.test(test)
      const listed = await devices.list()
      output(json ?? false).result({ devices: listed }, listed.map(lineOf).join('\n'))
    })
}

const WORK = { train: 'trains', predict: 'predicts' } as const

const STATE = {
  usable: 'usable',
  refused: 'refused',
  untested: 'not tested yet',
  absent: 'not in this build',
} as const

const lineOf = ({ name, label, works, state, fault, testedAt }: Device): string =>
  [
    name.padEnd(8),
    label.padEnd(10),
    STATE[state].padEnd(18),
    works
      .map((work) => WORK[work])
      .join(', ')
      .padEnd(18),
    testedAt === null ? '' : `tested ${new Date(testedAt).toISOString().slice(0, 16).replace('T', ' ')}`,
    fault ? `\n         ${fault.message} (${fault.code})` : '',
  ]
    .join(' ')
    .trimEnd()
