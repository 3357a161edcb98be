/**
 * Which device does a piece of work. The processor, unless a person chose another or `auto`, and that one has just passed
 * its self-test with the very network; `auto` also asks that it was faster. Whatever is decided, and why, is said.
 *
 * Self-tests run in a process of their own: a driver that ends it costs a sentence, and is remembered.
 */
import {
  type Device,
  type DeviceChoice,
  DeviceName,
  deviceFacts,
  type DeviceTest,
  type DeviceWork,
} from '../../src-shared/devices.ts'
import { type FaultRecord, isTesseraError, type TesseraError, tesseraError, toFault } from '../../src-shared/errors.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import { comparisonsInWords, deviceCrashed, deviceLost, deviceMissing, deviceOnlyPredicts } from './deviceWords.ts'
import type { DeviceMemory } from './deviceMemory.ts'
import { type EngineClient, withEngine } from './engine.ts'

/** `auto` takes a device only when it is faster than the processor by this factor. */
export const FASTER_BY = 1.1
/** A test that has not ended by then has hung; shaders of a large network take a minute to compile. */
const TEST_SECONDS = 300
/** In which order `auto` tries. */
const AUTO_ORDER: readonly DeviceName[] = ['cuda', 'coreml', 'dml', 'webgpu']

export type DeviceOrder = {
  work: DeviceWork
  /** The self-test with what is to be done. */
  test: (engine: EngineClient, device: DeviceName, timed: boolean) => Promise<DeviceTest>
  /** Told what was decided and why; not called when the processor was chosen by a person. */
  say: (sentence: string) => void
  signal: AbortSignal
}

export interface Devices {
  list(): Promise<Device[]>
  /** Tests with a small network, also what crashed before. */
  test(device: DeviceName): Promise<Device>
  /**
   * Picks a device and does the work on it. Where the device is lost in mid-run, the work is begun once more on the
   * processor, to go on from what it saved, if the person chose so; else it ends with DEVICE_LOST.
   *
   * @throws what is wrong with the work itself; DEVICE_LOST; CANCELLED
   */
  run(order: DeviceOrder, work: (device: DeviceName) => Promise<void>): Promise<void>
}

export type DevicesOptions = {
  workerHost: WorkerHost
  memory: DeviceMemory
  choice: () => DeviceChoice
  /** When a device is lost in mid-run: whether the processor takes over. */
  goOnWithout: () => boolean
  /** Said to whoever runs the program, beside the job's log. */
  say?: (sentence: string) => void
  /** Told the whole list when a test has changed it. */
  onChanged?: (devices: Device[]) => void
  testSeconds?: number
}

export function createDevices(options: DevicesOptions): Devices {
  const { workerHost, memory, choice, goOnWithout, testSeconds = TEST_SECONDS } = options
  let known: Promise<DeviceName[]> | null = null

  /** What the runtime has providers for; a build does not change while it runs. */
  const inThisBuild = (): Promise<DeviceName[]> => {
    known ??= withEngine(workerHost, (engine) => engine.call('engine.devices', undefined)).catch((error: unknown) => {
      known = null
      throw error
    })
    return known
  }

  const describe = async (name: DeviceName, built: readonly DeviceName[]): Promise<Device> => {
    const { label, provider, works } = deviceFacts[name]
    const base = { name, label, provider, works: [...works], crashed: false, fault: null, testedAt: null }
    if (name === 'cpu') return { ...base, state: 'usable' }
    if (!built.includes(name)) return { ...base, state: 'absent' }
    const verdict = await memory.of(name)
    if (!verdict) return { ...base, state: 'untested' }
    const { fault, at } = verdict
    return { ...base, state: fault ? 'refused' : 'usable', fault, crashed: isCrash(fault), testedAt: at }
  }

  const list = async (): Promise<Device[]> => {
    const built = await inThisBuild()
    return Promise.all(DeviceName.options.map((name) => describe(name, built)))
  }

  /**
   * One self-test, remembered.
   * @returns what was measured, or why the device is refused
   * @throws whatever is wrong with the work itself
   */
  const tested = async (
    device: DeviceName,
    test: (engine: EngineClient) => Promise<DeviceTest>,
    signal: AbortSignal,
  ): Promise<DeviceTest> => {
    const result = await withEngine(workerHost, (engine) => inTime(device, test(engine), signal, testSeconds)).catch(
      (error: unknown): DeviceTest => ({ fault: refusal(device, error), comparisons: [], seconds: null }),
    )
    await memory.remember(device, { fault: result.fault, at: Date.now() })
    options.onChanged?.(await list())
    return result
  }

  /** Why `device` does not do the work, as an error; null = it does, and `measured` says how it was found. */
  const judge = async (
    device: DeviceName,
    { work, test, signal }: DeviceOrder,
    timed: boolean,
  ): Promise<{ reason: string } | { usable: string }> => {
    if (!(await inThisBuild()).includes(device)) return { reason: deviceMissing(device).message }
    if (!deviceFacts[device].works.includes(work)) return { reason: deviceOnlyPredicts(device).message }
    const before = await memory.of(device)
    if (before?.fault && isCrash(before.fault)) return { reason: before.fault.message }
    const { fault, comparisons, seconds } = await tested(device, (engine) => test(engine, device, timed), signal)
    if (fault) return { reason: `${fault.message} (${fault.code})` }
    const equal = comparisonsInWords(device, comparisons)
    if (!timed) return { usable: equal }
    if (!seconds) return { reason: `${deviceFacts[device].label} was not timed.` }
    const times = `${inMs(seconds.device)} against ${inMs(seconds.cpu)} on the CPU`
    return seconds.device * FASTER_BY <= seconds.cpu
      ? { usable: `${equal} It is faster: ${times}.` }
      : { reason: `${deviceFacts[device].label} is right, but not faster: ${times}.` }
  }

  const pick = async (order: DeviceOrder): Promise<DeviceName> => {
    const wanted = choice()
    if (wanted === 'cpu') return 'cpu'
    const timed = wanted === 'auto'
    const built = timed ? await inThisBuild() : []
    const candidates = timed
      ? AUTO_ORDER.filter((name) => built.includes(name) && deviceFacts[name].works.includes(order.work))
      : [wanted]
    const reasons: string[] = []
    for (const device of candidates) {
      const judged = await judge(device, order, timed)
      if ('usable' in judged) {
        order.say(`On ${deviceFacts[device].label}. ${judged.usable}`)
        return device
      }
      reasons.push(judged.reason)
    }
    order.say(`On the CPU. ${reasons.length > 0 ? reasons.join(' ') : 'There is no other device in this build.'}`)
    return 'cpu'
  }

  return {
    list,
    async test(device) {
      if (device !== 'cpu') {
        if (!(await inThisBuild()).includes(device)) throw deviceMissing(device)
        const never = new AbortController().signal
        await tested(device, (engine) => engine.call('engine.testDevice', { device }), never)
      }
      return describe(device, await inThisBuild())
    },
    async run(order, work) {
      const say = (sentence: string) => {
        order.say(sentence)
        options.say?.(sentence)
      }
      const device = await pick({ ...order, say })
      try {
        await work(device)
      } catch (error) {
        if (device === 'cpu' || !isDeviceLoss(error)) throw error
        const lost = lossOf(device, error)
        if (!goOnWithout()) throw lost
        say(`${lost.message} (${lost.code})`)
        say('The CPU goes on from what was saved, as the settings say.')
        await work('cpu')
      }
    },
  }
}

/** Whether a piece of work ended because of its device, as far as one can know. */
const isDeviceLoss = (error: unknown): error is TesseraError =>
  isTesseraError(error, 'DEVICE_LOST') ||
  isTesseraError(error, 'DEVICE_UNAVAILABLE') ||
  isTesseraError(error, 'ENGINE_DIED')

/** The loss in words; a process that ended while its device worked is told as the device's loss. */
const lossOf = (device: DeviceName, error: TesseraError): TesseraError =>
  isTesseraError(error, 'ENGINE_DIED') ? deviceLost(device, `its process ended (${error.data.exit}).`, error) : error

const isCrash = (fault: FaultRecord | null): boolean => fault?.code === 'DEVICE_CRASHED'

/** Errors that are the device's own become its refusal; all others are the work's. */
function refusal(device: DeviceName, error: unknown): FaultRecord {
  if (isTesseraError(error, 'ENGINE_DIED')) return toFault(deviceCrashed(device, error.data.exit))
  if (
    isTesseraError(error, 'DEVICE_CRASHED') ||
    isTesseraError(error, 'DEVICE_UNAVAILABLE') ||
    isTesseraError(error, 'DEVICE_LOST')
  )
    return toFault(error)
  throw error
}

async function inTime(
  device: DeviceName,
  work: Promise<DeviceTest>,
  signal: AbortSignal,
  seconds: number,
): Promise<DeviceTest> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(tesseraError('CANCELLED', 'The self-test was stopped.', {}))
  const timer = setTimeout(() => reject(deviceCrashed(device, `no answer within ${seconds} s`)), 1000 * seconds)
  signal.addEventListener('abort', onAbort)
  try {
    if (signal.aborted) onAbort()
    return await Promise.race([work, stopped])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

const inMs = (seconds: number): string => `${(1000 * seconds).toPrecision(3)} ms`
