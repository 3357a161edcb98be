/** What a device can do to a training or a prediction, and that nothing of it costs more than a sentence. */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { DeviceChoice } from '../../../src-shared/devices.ts'
import type { ModelId } from '../../../src-shared/ids.ts'
import { decodeModel } from '../../../src-main/nn/graph/onnx.ts'
import { RoomsBench } from '../../fixtures/roomsBench.ts'
import { type DeviceFault, unreliableEngine } from '../../fixtures/unreliableEngine.ts'

const STEPS = 8

type Broken = {
  bench: RoomsBench
  grid: Awaited<ReturnType<RoomsBench['addMosaic']>>['grid']
  become: (fault: DeviceFault) => void
}

/** A project with labels, on a machine whose WebGPU has a fault. */
async function onMachineWith(
  fault: DeviceFault,
  { device = 'webgpu', goOn = false }: { device?: DeviceChoice; goOn?: boolean } = {},
): Promise<Broken> {
  let now = fault
  const bench = RoomsBench.create({
    workerHost: unreliableEngine(() => now),
    device,
    goOnWithoutDevice: goOn,
  })
  const { grid } = await bench.addMosaic()
  await bench.labelMosaic(grid, 12)
  return { bench, grid, become: (fault) => void (now = fault) }
}

const start = ({ bench, grid }: Broken) =>
  bench.calls['training.start'](
    bench.settings({
      sources: [grid.id],
      length: { kind: 'steps', steps: STEPS },
      batchSize: 4,
      validation: { kind: 'none' },
    }),
  )

async function predicted({ bench, grid }: Broken, model: ModelId): Promise<Float32Array> {
  const [run] = await bench.calls['predictions.start']({ model, slides: [grid.slide], sets: [] })
  expect(await bench.settled(run!.job)).toMatchObject({ state: 'done' })
  return (await bench.rooms.readPredictions(run!.id)).probabilities
}

/** The numbers in a model's file; its card, which names the device, is beside them. */
async function weightsOf({ bench }: Broken, model: ModelId): Promise<unknown> {
  const file = path.join(bench.folder, 'taken.onnx')
  await bench.rooms.writeExport({ format: 'model', model }, file)
  return decodeModel(await readFile(file)).graph.initializer
}

const newest = async ({ bench }: Broken) => (await bench.calls['models.list']())[0]!

let calm: Promise<unknown> | null = null

/** The weights of a run that never knew a device. */
const calmWeights = (): Promise<unknown> => (calm ??= trainCalmly())

async function trainCalmly(): Promise<unknown> {
  const calm = await onMachineWith('none', { device: 'cpu' })
  await calm.bench.settled((await start(calm)).job)
  expect(calm.bench.said).toEqual([])
  return weightsOf(calm, (await newest(calm)).id)
}

describe('a device', { timeout: 180_000 }, () => {
  test('that passes is used, and the card and the log say so with the numbers; lost in a prediction, the CPU does the other blocks', async () => {
    const machine = await onMachineWith('none', { goOn: true })
    const run = await start(machine)
    expect(await machine.bench.settled(run.job)).toMatchObject({ state: 'done' })
    expect(machine.bench.said).toEqual([
      expect.stringMatching(
        /^On WebGPU\. WebGPU equals the CPU in this network: the loss .* differs by 0\.0e\+0 \(1e-4 is allowed\)/,
      ),
    ])
    expect((await machine.bench.calls['jobs.log']({ job: run.job })).map(({ text }) => text)).toContain(
      machine.bench.said[0],
    )
    const { id, card } = await newest(machine)
    expect(card.versions.device).toBe('WebGPU (WebGpuExecutionProvider)')

    const truth = await predicted(machine, id)
    machine.become('is-lost')
    expect(await predicted(machine, id)).toEqual(truth)
    expect(machine.bench.said.slice(-2)).toEqual([
      expect.stringContaining('(DEVICE_LOST)'),
      'The CPU goes on from what was saved, as the settings say.',
    ])
  })

  test('that computes wrongly is refused with code and numbers, and the CPU does the work', async () => {
    const machine = await onMachineWith('is-wrong')
    expect(await machine.bench.settled((await start(machine)).job)).toMatchObject({ state: 'done' })
    expect(machine.bench.said).toEqual([
      expect.stringMatching(
        /^On the CPU\. WebGPU does not compute “.*” as the CPU does: the gradient of \S+\.weight differs by \S+, where 2e-3 is allowed.*\(DEVICE_WRONG\)$/,
      ),
    ])
    const model = await newest(machine)
    expect(model.card.versions.device).toBe('CPU (CPUExecutionProvider)')
    await predicted(machine, model.id)
    expect(machine.bench.said[1]).toContain('a probability differs by')
  })
})

describe('a device lost in mid-run', { timeout: 180_000 }, () => {
  test.each(['is-lost', 'dies'] as const)(
    '(%s) stops the run with a code; resumed, it makes the same weights as one that was never lost',
    async (fault) => {
      const machine = await onMachineWith(fault)
      const { job } = await start(machine)
      expect(await machine.bench.settled(job)).toMatchObject({
        state: 'failed',
        fault: { code: 'DEVICE_LOST', message: expect.stringContaining('resume the job') },
      })
      expect(await machine.bench.calls['models.list']()).toEqual([])
      machine.become('none')
      await machine.bench.calls['jobs.resume']({ job })
      expect(await machine.bench.settled(job)).toMatchObject({ state: 'done', done: STEPS })
      expect(await weightsOf(machine, (await newest(machine)).id)).toEqual(await calmWeights())
    },
  )

  test('goes on on the CPU where the person chose so, from the very step, and the card names both', async () => {
    const machine = await onMachineWith('is-lost', { goOn: true })
    const { job } = await start(machine)
    expect(await machine.bench.settled(job)).toMatchObject({ state: 'done', done: STEPS })
    expect(machine.bench.said).toEqual([
      expect.stringMatching(/^On WebGPU/),
      expect.stringMatching(/WebGPU failed in mid-run: the driver was reset\. .*\(DEVICE_LOST\)$/),
      'The CPU goes on from what was saved, as the settings say.',
    ])
    const model = await newest(machine)
    expect(model.card.versions.device).toBe('WebGPU (WebGpuExecutionProvider), from step 6 CPU (CPUExecutionProvider)')
    expect(await weightsOf(machine, model.id)).toEqual(await calmWeights())
  })
})
