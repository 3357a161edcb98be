/**
 * JPEG 2000 codestreams to pixels, on all cores.
 *
 * The header is read here before the decoder sees anything: a codestream of any other size than the tile is refused, as
 * it could be a bomb. Each is decoded on one of as many threads as there are cores; one that takes too long is ended and
 * another one started.
 * Source: ITU-T T.800 annex A (marker SIZ).
 */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { messageOf } from '../../../src-shared/errors.ts'
import type { Rgb } from '../pixels/decoder.ts'

export type Jpeg2000Order = { codestream: Uint8Array; width: number; height: number; yCbCr: boolean }
export type Jpeg2000Answer = { data: Uint8Array } | { reason: string }

/** Says what is wrong with a codestream; the caller knows which tile of which file it is. */
export class Jpeg2000Fault extends Error {}

/** A tile of 512 px takes 20 to 200 ms; a machine may be busy. */
const PATIENCE_MS = 8000

/** px: parts of its own that a codestream may be cut into. */
const MOST_PARTS = 4096

type Jpeg2000Header = {
  width: number
  height: number
  components: number
  /** colour is stored coarser than brightness; the decoder then makes RGB of it by itself */
  subsampled: boolean
}

/** @throws {Jpeg2000Fault} */
export function jpeg2000Header(bytes: Buffer): Jpeg2000Header {
  if (bytes.length < 49 || bytes.readUInt32BE(0) !== 0xff4fff51)
    throw new Jpeg2000Fault('it is not a JPEG 2000 codestream')
  const [right, bottom, left, top] = [8, 12, 16, 20].map((at) => bytes.readUInt32BE(at)) as [
    number,
    number,
    number,
    number,
  ]
  const [partWidth, partHeight] = [bytes.readUInt32BE(24), bytes.readUInt32BE(28)]
  const components = bytes.readUInt16BE(40)
  const [width, height] = [right - left, bottom - top]
  const parts = Math.ceil(width / partWidth) * Math.ceil(height / partHeight)
  if (!(width > 0 && height > 0 && parts > 0 && parts <= MOST_PARTS && components >= 1))
    throw new Jpeg2000Fault('its header holds sizes that can not be')
  if ((components !== 1 && components !== 3) || bytes.length < 42 + 3 * components)
    throw new Jpeg2000Fault(`it has ${components} channels, 1 and 3 are read`)
  const steps: number[] = []
  for (let component = 0; component < components; component++) {
    const at = 42 + 3 * component
    if (bytes[at] !== 7) throw new Jpeg2000Fault(`a channel has ${(bytes[at]! & 0x7f) + 1} bits, only 8 are read`)
    steps.push(bytes[at + 1]!, bytes[at + 2]!)
  }
  if (steps.some((step) => step < 1 || step > 4) || steps[0] !== 1 || steps[1] !== 1)
    throw new Jpeg2000Fault('its header holds steps between px that can not be')
  return { width, height, components, subsampled: steps.some((step) => step !== 1) }
}

/**
 * @param form what the file says of its tiles
 * @throws {Jpeg2000Fault}
 */
export async function decodeJpeg2000(
  codestream: Buffer,
  form: { width: number; height: number; yCbCr: boolean },
): Promise<Rgb> {
  const { width, height, components, subsampled } = jpeg2000Header(codestream)
  if (width !== form.width || height !== form.height)
    throw new Jpeg2000Fault(
      `its JPEG 2000 has ${width} × ${height} px, but the tiles of this image have ${form.width} × ${form.height}`,
    )
  const yCbCr = form.yCbCr && components === 3 && !subsampled
  const answer = await onAThread({ codestream: Uint8Array.from(codestream), width, height, yCbCr })
  if ('reason' in answer) throw new Jpeg2000Fault(answer.reason)
  const { data } = answer
  return { data: Buffer.from(data.buffer, data.byteOffset, data.length), width, height }
}

export const THREADS = Math.max(1, availableParallelism())

/** The bundler puts every entry into one folder, as in ../../host/processEntries.ts. */
const workerFile = () =>
  new URL(import.meta.url.endsWith('.ts') ? './jpeg2000.worker.ts' : './jpeg2000.worker.js', import.meta.url)

const idle: Worker[] = []
const waiting: ((worker: Worker) => void)[] = []
let threads = 0

async function onAThread(order: Jpeg2000Order): Promise<Jpeg2000Answer> {
  const worker = await freeWorker()
  let timer: NodeJS.Timeout | undefined
  try {
    const answered = once(worker, 'message').then(([answer]) => answer as Jpeg2000Answer)
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), PATIENCE_MS)
    })
    worker.ref()
    worker.postMessage(order, [order.codestream.buffer as ArrayBuffer])
    const answer = await Promise.race([answered, late])
    if (answer) {
      release(worker)
      return answer
    }
    answered.catch(() => undefined) // nobody waits for it any more
    retire(worker)
    return { reason: `it took more than ${PATIENCE_MS / 1000} s to decode` }
  } catch (error) {
    retire(worker)
    return { reason: `the decoder ended (${messageOf(error)})` }
  } finally {
    clearTimeout(timer)
  }
}

async function freeWorker(): Promise<Worker> {
  const free = idle.pop()
  if (free) return free
  if (threads < THREADS) {
    threads++
    return new Worker(workerFile())
  }
  return new Promise((resolve) => waiting.push(resolve))
}

function release(worker: Worker): void {
  const next = waiting.shift()
  if (next) return next(worker)
  worker.unref() // a thread that waits keeps no process alive
  idle.push(worker)
}

/** Ends a thread, and starts another one for whoever waits. */
function retire(worker: Worker): void {
  threads--
  worker.removeAllListeners()
  worker.on('error', () => undefined) // it is being ended
  void worker.terminate()
  const next = waiting.shift()
  if (!next) return
  threads++
  next(new Worker(workerFile()))
}
