/**
 * What the self-tests of this machine's devices found, as JSON in the data folder: above all, which device ended its
 * process and must not be tried again. A verdict holds for one driver and one version of the engine.
 */
import { readFileSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import * as z from 'zod'
import { DeviceName } from '../../src-shared/devices.ts'
import { FaultRecord } from '../../src-shared/errors.ts'
import { Timestamp } from '../../src-shared/ids.ts'
import { systemCode } from '../files/fileErrors.ts'
import { writeBytes } from '../files/writeFile.ts'
import { ENGINE_NAME } from './engineFacts.ts'

const Verdict = z.object({
  /** the machine's drivers and the engine's version when it was found */
  of: z.string(),
  fault: FaultRecord.nullable(),
  at: Timestamp,
})
export type Verdict = Omit<z.infer<typeof Verdict>, 'of'>

const MemoryFile = z.partialRecord(DeviceName, Verdict)
type MemoryFile = z.infer<typeof MemoryFile>

export interface DeviceMemory {
  /** null when nothing is known for the driver and engine of now */
  of(device: DeviceName): Promise<Verdict | null>
  /** On the disk when it resolves. */
  remember(device: DeviceName, verdict: Verdict): Promise<void>
}

/** @param drivers what tells one driver from another, see `driversOf` */
export function deviceMemory(file: string, drivers: () => Promise<string> = driversOf): DeviceMemory {
  const key = async () => `${ENGINE_NAME}; ${await drivers()}`
  let writing: Promise<void> = Promise.resolve()
  const write = async (device: DeviceName, verdict: Verdict): Promise<void> => {
    const content = { ...load(file), [device]: { ...verdict, of: await key() } }
    await mkdir(path.dirname(file), { recursive: true })
    await writeBytes(file, `${JSON.stringify(content, null, 2)}\n`)
  }
  return {
    async of(device) {
      const found = load(file)[device]
      if (!found || found.of !== (await key())) return null
      return { fault: found.fault, at: found.at }
    },
    remember(device, verdict) {
      // One write after the other; a failed one was told to whoever asked for it.
      writing = writing.catch(() => undefined).then(() => write(device, verdict))
      return writing
    },
  }
}

/** A file that can not be read holds no verdicts: the devices are tested anew, which is what it would say at worst. */
function load(file: string): MemoryFile {
  try {
    return MemoryFile.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return {}
  }
}

/**
 * The system and, on Linux, its graphics cards and the versions of their drivers. Windows and macOS do not tell a
 * program without rights and without their own tools, so there a driver changes with the system's version only; asking
 * for a test by hand always tests.
 */
async function driversOf(): Promise<string> {
  const system = [os.type(), os.release(), os.arch()].join(' ')
  if (process.platform !== 'linux') return system
  const cards = await cardsOf('/sys/class/drm')
  const modules = await Promise.all(
    ['nvidia', 'amdgpu', 'i915', 'xe'].map(async (name) => {
      const version = await textOf(`/sys/module/${name}/version`)
      return version === null ? [] : [`${name} ${version}`]
    }),
  )
  // Which Vulkan driver is asked for, where somebody chose one.
  const chosen = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES']
  return [system, ...cards, ...modules.flat(), ...(chosen === undefined ? [] : [chosen])].join('; ')
}

/** “10de:2330” of each card: vendor and device as the PCI bus names them. */
async function cardsOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  })
  const cards = await Promise.all(
    names
      .filter((name) => /^card\d+$/.test(name))
      .toSorted()
      .map(async (name) => {
        const vendor = await textOf(path.join(folder, name, 'device/vendor'))
        const device = await textOf(path.join(folder, name, 'device/device'))
        return vendor === null || device === null ? [] : [`${vendor}:${device}`.replaceAll('0x', '')]
      }),
  )
  return cards.flat()
}

/** null when the system has no such file */
const textOf = (file: string): Promise<string | null> =>
  readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => null,
  )
