/**
 * A prediction run over a whole slide against what its two halves cost apart: the processor time of reading its patches
 * and nothing else, and of running the network on them and nothing else. Two cores that were never idle would take half of
 * the two together; how near the run comes to that says whether the network ever waits for the reading. Also what the run
 * does to the process that owns the database: memory, and how long it could not answer.
 *
 * Linux only: processor times of child processes are read from /proc.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { nodeWorkerHost } from '../../src-main/host/node/nodeWorkerHost.ts'
import { openRooms, type Rooms } from '../../src-main/host/rooms.ts'
import { createFileHandles } from '../../src-main/files/handles.ts'
import type { WorkerHost } from '../../src-main/jobs/workerHost.ts'
import { beginProject } from '../../src-main/labels/beginProject.ts'
import { weightsFile } from '../../src-main/models/modelFiles.ts'
import { openCheckedModel } from '../../src-main/models/openModel.ts'
import { deviceMemory } from '../../src-main/nn/deviceMemory.ts'
import { createDevices } from '../../src-main/nn/devices.ts'
import { withEngine } from '../../src-main/nn/engine.ts'
import { createProject } from '../../src-main/projects/projectStore.ts'
import { createSlideReader } from '../../src-main/slides/reader.ts'
import type { ModelCard } from '../../src-shared/models.ts'
import { PresetName } from '../../src-shared/networks.ts'
import { gridGeometry, sourceSize } from '../../src-shared/patches.ts'
import { TrainingSettings } from '../../src-shared/training.ts'
import { micronPerPx } from '../../src-shared/units.ts'
import { SAMPLE_PATCHES } from '../fixtures/samples.ts'
import { options, print } from './bench.ts'
import { BIG_EDGE, bigSlide } from './bigSlide.ts'

const CORES = 2
/** As a prediction run asks for them. */
const BLOCK = 256
/** Patches of the parts alone; the whole slide has more, and its figures are scaled to as many. */
const PART = 4096
/** /proc counts in these, on every Linux Node runs on. */
const TICKS_PER_SECOND = 100
const MPP = 0.5

const preset = PresetName.parse(options.only || 'small-vgg')
const file = await bigSlide()
const folder = mkdtempSync(path.join(tmpdir(), 'tessera-bench-'))

/** The program's own way of starting a process, and the id of the one it started last. */
function hostWithPid(): { host: WorkerHost; spent: () => number } {
  let pid: number | undefined
  return {
    host: {
      start(given) {
        const started = nodeWorkerHost.start(given)
        pid = started.pid
        return started
      },
    },
    spent: () => processorSeconds(pid!),
  }
}

function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

const memory = deviceMemory(path.join(folder, 'devices.json'))
const devices = createDevices({
  workerHost: nodeWorkerHost,
  memory,
  choice: () => 'cpu',
  goOnWithout: () => false,
  say() {},
})
const handles = createFileHandles()
const project = createProject(path.join(folder, 'project'), 'bench', { who: 'bench' })
beginProject(project.store)
const rooms = openRooms(project, {
  handles,
  workerHost: nodeWorkerHost,
  devices,
  personName: () => 'bench',
  publish() {},
})
try {
  const model = await trainedModel(rooms)
  const { edgePx } = model.card.input
  const slide = await rooms.addSlide(file, '')
  await rooms.calls['patches.createGrid']({
    slide: slide.id,
    params: { edgePx, mpp: micronPerPx(MPP), stridePx: edgePx, offsetXPx: 0, offsetYPx: 0 },
  })
  const source = (await rooms.calls['patches.sources']()).find((each) => each.kind === 'grid' && each.active)!
  const patches = sourceSize(source)

  const reading = (await readingAlone(edgePx)) * (patches / PART)
  const engine =
    (await engineAlone(model.card, weightsFile(path.join(project.folder, 'models', model.id)))) * (patches / PART)
  const run = await wholeRun(model.id, slide.id)
  const least = (reading + engine) / CORES
  print(
    'prediction',
    [
      {
        what: `${patches} patches of ${edgePx} px, ${preset}`,
        unit: 's',
        ours: run.seconds,
        peer: least,
        higherIsBetter: false,
      },
    ],
    'processor time of both halves alone, shared by two cores that never wait',
    [
      `reading alone ${reading.toFixed(1)} s of processor time, the engine alone ${engine.toFixed(1)} s, the run ${run.seconds.toFixed(1)} s: ${(run.seconds / least).toFixed(2)} times their half (wanted: at most 1.1)`,
      `${(patches / run.seconds).toFixed(0)} patches/s; during the run the main process grew by ${run.grownMb.toFixed(0)} MB (wanted: less than 50) and was not there for ${run.longestMs.toFixed(0)} ms at the longest (wanted: 50)`,
    ],
  )
} finally {
  await rooms.close()
  rmSync(folder, { recursive: true, force: true })
}

/** A model of one step: what it says is of no interest here. */
async function trainedModel({ calls, jobs }: Rooms) {
  const set = await calls['patches.addFolder']({ folder: handles.handleOf(SAMPLE_PATCHES), mpp: micronPerPx(MPP) })
  await calls['labels.importFromSet']({ set: set.id })
  const settings = {
    name: 'bench',
    classes: [1, 2],
    sources: [set.id],
    network: preset,
    length: { kind: 'steps', steps: 1 },
  }
  const run = await calls['training.start'](TrainingSettings.parse(settings))
  const job = await jobs.settled(run.job)
  const model = (await calls['models.list']())[0]
  if (!model) throw new Error(`The training ended as “${job.state}”: ${job.fault?.message ?? 'no reason given'}`)
  return model
}

function pixels(first: number): string {
  return path.join(folder, `${first}.pixels`)
}

/** @returns processor seconds of PART patches, read in blocks as a run reads them; the files stay for the engine */
async function readingAlone(edge: number): Promise<number> {
  const mpp = micronPerPx(MPP)
  const grid = gridGeometry('bench', { width: BIG_EDGE, height: BIG_EDGE }, mpp, mpp, {
    edgePx: edge,
    mpp,
    stridePx: edge,
    offsetXPx: 0,
    offsetYPx: 0,
  })
  const { host, spent } = hostWithPid()
  const reader = createSlideReader(host, { name: 'slide-read', niceness: 0, heapMb: 512 })
  const subject = { key: 'bench', name: 'bench' }
  await reader.ask(subject, 'slides.open', { file, fingerprint: null })
  const before = spent()
  for (let first = 0; first < PART; first += BLOCK) {
    const wanted = Uint32Array.from({ length: BLOCK }, (_, i) => first + i)
    const origin = { kind: 'grid' as const, slide: { file, fingerprint: null }, grid, patches: wanted }
    const order = { origin, edgePx: edge, channels: 3 as const, file: pixels(first) }
    await reader.follow(subject, 'patches.read', order, () => undefined)
  }
  const seconds = spent() - before
  reader.stop()
  return seconds
}

/** @returns processor seconds of PART patches through the network, in blocks as a run gives them */
async function engineAlone(card: ModelCard, weights: string): Promise<number> {
  const { host, spent } = hostWithPid()
  return withEngine(host, async (engine) => {
    const { handle } = await openCheckedModel(engine, weights, { testTime: card.testTime, device: 'cpu' })
    const predict = (first: number) =>
      engine.call('engine.predict', { model: handle, file: pixels(first), patches: BLOCK, first: 0, count: BLOCK })
    await predict(0) // memory is set up once
    const before = spent()
    for (let first = 0; first < PART; first += BLOCK) await predict(first)
    return spent() - before
  })
}

async function wholeRun(model: Parameters<Rooms['calls']['predictions.start']>[0]['model'], slide: string) {
  const delay = monitorEventLoopDelay({ resolution: 2 })
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 100)
  delay.enable()
  const start = performance.now()
  const [run] = await rooms.calls['predictions.start']({ model, slides: [slide as never], sets: [] })
  const job = await rooms.jobs.settled(run!.job)
  const seconds = (performance.now() - start) / 1000
  delay.disable()
  clearInterval(timer)
  if (job.state !== 'done')
    throw new Error(`The run ended as “${job.state}”: ${job.fault?.message ?? 'no reason given'}`)
  return { seconds, grownMb: (most - before) / 2 ** 20, longestMs: delay.max / 1e6 }
}
