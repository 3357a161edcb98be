/**
 * The main process's side of a slide process: starts it, asks it, and starts it again when it dies.
 *
 * A slide file can kill its decoder. Then every request in flight is sent once more, to a new process, each suspected
 * slide by itself (see suspicion.ts); the slide that kills again is set aside with an error, all others go on. A process
 * that does not answer in time is killed, which is a crash like any other.
 */
import {
  type FaultRecord,
  isTesseraError,
  tesseraError,
  toError,
  toFault,
  type TesseraError,
} from '../../src-shared/errors.ts'
import type { SlideId } from '../../src-shared/ids.ts'
import type { TileRequest } from '../../src-shared/slides.ts'
import { type Client, connect } from '../../src-shared/wire/connect.ts'
import type {
  CallInput,
  CallName,
  CallOutput,
  StreamInput,
  StreamItem,
  StreamName,
} from '../../src-shared/wire/contract.ts'
import { MEMORY_EXIT } from '../jobs/memoryWatch.ts'
import type { ProcessOptions, WorkerHost, WorkerProcess } from '../jobs/workerHost.ts'
import type { ProcessContract, ServedSlide, SlideFile } from './processContract.ts'
import { createSuspicion } from './suspicion.ts'

type Calls = CallName<ProcessContract>
type Streams = StreamName<ProcessContract>

/** What a request is about: a slide of the project by its id, or anything else by its path. */
export type Subject = { key: string; name: string }

export interface SlideReader {
  /**
   * @throws {TesseraError} what the process answers; SLIDE_SET_ASIDE, SLIDE_READER_DIED, CANCELLED
   */
  ask<K extends Calls>(
    subject: Subject,
    name: K,
    input: CallInput<ProcessContract, K>,
    signal?: AbortSignal,
  ): Promise<CallOutput<ProcessContract, K>>
  /** Resolves when the stream ends. After a crash it begins anew, so that items may come twice. */
  follow<K extends Streams>(
    subject: Subject,
    name: K,
    input: StreamInput<ProcessContract, K>,
    onItem: (item: StreamItem<ProcessContract, K>) => void,
    signal?: AbortSignal,
  ): Promise<void>
  /** Tells the process which slides a window may ask for over its own port, or why not; null = gone from the project. */
  serve(slide: SlideId, what: SlideFile | FaultRecord | null, name: string): void
  /** Tries a slide again that was set aside. */
  forgive(key: string): void
  /** Starts the process without waiting for a request. */
  start(): void
  /**
   * Called with every process that starts, so that windows get a port to it; a process that runs is told at once.
   * @returns the function that stops listening, as of all three
   */
  onStarted(listener: (process: WorkerProcess) => void): () => void
  /** A file is gone or another one now. */
  onLost(listener: (file: string, error: TesseraError) => void): () => void
  /** A slide was set aside. */
  onSetAside(listener: (key: string, error: TesseraError) => void): () => void
  /** Ends the process; whatever still waits fails with CANCELLED. */
  stop(): void
}

export type ReaderOptions = Pick<ProcessOptions, 'name' | 'niceness' | 'heapMb'> & {
  /** A process that sends nothing for so long is killed, ms; by default 10 s for a look, 60 s for long work. */
  patience?: { short: number; long: number }
  /** A process that takes more memory ends itself, MB. */
  memoryMb?: number
}

/** Twice what the largest picture that is read as a whole takes while it is decoded on every core. */
const MEMORY_MB = 2_000

/** A process that was killed and does not end, because a drive does not answer it, is left to itself after this, ms. */
const END_MS = 5_000

const PATIENCE = { short: 10_000, long: 60_000 }

/** What may take long on a large slide, or is queued behind something that does. */
const longWork = new Set<Calls | Streams>([
  'slides.prepare',
  'slides.thumbnail',
  'slides.region',
  'slides.tissue',
  'patches.sharpness',
  'patches.pictures',
  'patches.idxFacts',
  'patches.read',
  'patches.pictureFacts',
])

/** A request for tiles is for up to 16, each of which may have to be decoded on a machine that also trains. */
const TILES_PATIENCE = 3

/** More in flight would only wait inside the process, where waiting looks like hanging; tiles must find a place. */
const IN_FLIGHT = 8
const LONG_IN_FLIGHT = 4

/** Wait before the next start, after so many crashes in a row, ms. */
const BACK_OFF = [0, 250, 1000, 4000]

/** Starts that may fail in a row before it is said that no process can be started. */
const FAILED_STARTS = 3

/** Crashes this far apart have nothing to do with each other, ms. */
const CALM_MS = 60_000

type Request = {
  subject: Subject
  patience: number
  signal: AbortSignal | undefined
  /** It was in flight at a crash and is sent for the second time. */
  owed: boolean
  send(client: Client<ProcessContract>, alive: () => void): Promise<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

type Running = {
  process: WorkerProcess
  client: Client<ProcessContract>
  ready: boolean
  inFlight: Set<Request>
  /** Why it is killed, when we do it. */
  reason: string | null
  /** Requests of windows, by number. */
  fromWindows: Map<number, TileRequest>
}

export function createSlideReader(host: WorkerHost, options: ReaderOptions): SlideReader {
  const patience = options.patience ?? PATIENCE
  const memoryMb = options.memoryMb ?? MEMORY_MB
  const suspicion = createSuspicion()
  const served = new Map<SlideId, { what: SlideFile | FaultRecord; name: string }>()
  const listeners = {
    started: new Set<(process: WorkerProcess) => void>(),
    lost: new Set<(file: string, error: TesseraError) => void>(),
    setAside: new Set<(key: string, error: TesseraError) => void>(),
  }
  /** Why the process ended, of the last time a slide was in flight. */
  const reasons = new Map<string, string>()
  let waiting: Request[] = []
  let running: Running | null = null
  let restart: NodeJS.Timeout | null = null
  let crashes = 0
  let failedStarts = 0
  let crashedAt = -Infinity
  let stopped = false

  const start = (): void => {
    if (running || restart || stopped) return
    if (performance.now() - crashedAt > CALM_MS) crashes = 0
    const wait = BACK_OFF[Math.min(crashes, BACK_OFF.length) - 1] ?? 0
    restart = setTimeout(() => {
      restart = null
      begin()
    }, wait)
  }

  const begin = (): void => {
    const process = host.start({ entry: 'slides', ...options })
    const one: Running = {
      process,
      client: connect<ProcessContract>(process.wire),
      ready: false,
      inFlight: new Set(),
      reason: null,
      fromWindows: new Map(),
    }
    running = one
    process.exited((exit) => ended(one, exit))
    one.client.on('slides.lost', ({ file, fault }) => {
      for (const listener of listeners.lost) listener(file, toError(fault))
    })
    one.client.on('tiles.reading', ({ number, request }) => {
      if (request) one.fromWindows.set(number, request)
      else one.fromWindows.delete(number)
    })
    const watchdog = setTimeout(() => end(one, patience.long), patience.long)
    greet(one)
      .then(pump)
      .catch(() => undefined) // it died while it started: its exit is handled
      .finally(() => clearTimeout(watchdog))
  }

  const greet = async (one: Running): Promise<void> => {
    await one.client.call('process.ready', { memoryMb })
    await one.client.call('tiles.serve', [...served.keys()].map(servedSlide))
    one.ready = true
    failedStarts = 0
    for (const listener of listeners.started) listener(one.process)
  }

  const servedSlide = (slide: SlideId): ServedSlide => {
    const known = served.get(slide)
    if (!known) return { slide, serve: null }
    if (suspicion.setAside(slide) !== null)
      return { slide, serve: toFault(setAsideError({ key: slide, name: known.name })) }
    // under suspicion it is not served to windows, which would mix its requests with others; they wait
    return { slide, serve: suspicion.isSuspect(slide) ? null : known.what }
  }

  const tellServed = (slide: SlideId): void => {
    if (running?.ready) running.client.call('tiles.serve', [servedSlide(slide)]).catch(() => undefined) // told again after a crash
  }

  /** Ends a process that has not answered for so long, ms. */
  const end = (one: Running, silent: number): void => {
    one.reason = `it did not answer for ${silent / 1000} s`
    one.process.kill()
    setTimeout(() => ended(one, 'it does not end'), END_MS).unref()
  }

  const ended = (one: Running, exit: string): void => {
    if (running !== one) return
    running = null
    if (stopped) return
    if (!one.ready && ++failedStarts >= FAILED_STARTS) {
      const none = waiting
      waiting = []
      failedStarts = 0
      for (const request of none) request.reject(diedError(request.subject, exit))
      return
    }
    crashes++
    crashedAt = performance.now()
    const again = [...one.inFlight, ...[...one.fromWindows.values()].map(asProof)]
    for (const request of again) request.owed = true
    waiting.unshift(...again)
    const counts = new Map<string, number>()
    const tooLarge = exit === `exit code ${MEMORY_EXIT}`
    const reason = one.reason ?? (tooLarge ? `it took more than ${memoryMb} MB of memory` : exit)
    for (const { subject } of again) reasons.set(subject.key, reason)
    for (const { subject } of again) counts.set(subject.key, (counts.get(subject.key) ?? 0) + 1)
    if (counts.size > 0) suspicion.crashed(counts)
    for (const key of counts.keys()) if (suspicion.setAside(key) !== null) rejectGuilty(key)
    if (waiting.length > 0 || listeners.started.size > 0) start()
  }

  const rejectGuilty = (key: string): void => {
    const theirs = waiting.filter((request) => request.subject.key === key)
    waiting = waiting.filter((request) => request.subject.key !== key)
    const subject = theirs[0]!.subject
    for (const request of theirs) request.reject(setAsideError(subject))
    for (const listener of listeners.setAside) listener(key, setAsideError(subject))
  }

  /** A window's request that was in flight at a crash, repeated only to prove that it is harmless. */
  const asProof = (request: TileRequest): Request => {
    const { slide, ...tiles } = request
    const known = served.get(slide)
    return {
      subject: { key: slide, name: known?.name ?? slide },
      patience: patience.short,
      signal: undefined,
      owed: true,
      send: async (client) => known && 'file' in known.what && client.call('slides.tiles', { ...known.what, ...tiles }),
      resolve: () => undefined,
      reject: () => undefined,
    }
  }

  const setAsideError = ({ key, name }: Subject) => {
    const times = suspicion.setAside(key) ?? 0
    return tesseraError(
      'SLIDE_SET_ASIDE',
      `“${name}” ended the program that reads slides ${times} times (the last time: ${reasons.get(key) ?? 'unknown'}), so it was set aside; your labels are safe. The file is probably damaged: copy it again, then try again.`,
      { slide: name, crashes: times },
    )
  }

  /** Sends what may travel now. */
  const pump = (): void => {
    if (waiting.length === 0 || stopped) return
    if (!running) return start()
    if (!running.ready) return
    const suspect = waiting.find(({ subject }) => suspicion.isSuspect(subject.key))?.subject.key
    const isLong = (request: Request) => request.patience === patience.long
    for (const request of waiting.toSorted((a, b) => a.patience - b.patience)) {
      if (running.inFlight.size >= IN_FLIGHT) return
      if (isLong(request) && [...running.inFlight].filter(isLong).length >= LONG_IN_FLIGHT) return
      if (suspect !== undefined && request.subject.key !== suspect) continue
      if (!mayTravel(running, request)) return
      waiting.splice(waiting.indexOf(request), 1)
      void send(running, request)
    }
  }

  /** A suspect travels alone: nothing of other slides is in flight with it. */
  const mayTravel = ({ inFlight }: Running, { subject }: Request): boolean =>
    [...inFlight].every(
      ({ subject: other }) =>
        other.key === subject.key || !(suspicion.isSuspect(subject.key) || suspicion.isSuspect(other.key)),
    )

  const send = async (one: Running, request: Request): Promise<void> => {
    one.inFlight.add(request)
    let watchdog: NodeJS.Timeout | undefined
    const alive = () => {
      clearTimeout(watchdog)
      watchdog = setTimeout(() => end(one, request.patience), request.patience)
    }
    alive()
    try {
      const value = await request.send(one.client, alive)
      if (one.inFlight.delete(request)) settle(request, () => request.resolve(value))
    } catch (error) {
      // Of a process that died, its exit says what happens to the request.
      if (running !== one || isTesseraError(error, 'CONNECTION_LOST')) return
      if (one.inFlight.delete(request)) settle(request, () => request.reject(error))
    } finally {
      clearTimeout(watchdog)
    }
  }

  const settle = (request: Request, tell: () => void): void => {
    const { key } = request.subject
    if (request.owed) {
      suspicion.settled(key)
      if (!suspicion.isSuspect(key) && served.has(key as SlideId)) tellServed(key as SlideId)
    }
    tell()
    pump()
  }

  const enqueue = <T>(
    subject: Subject,
    name: Calls | Streams,
    signal: AbortSignal | undefined,
    send: (client: Client<ProcessContract>, alive: () => void) => Promise<T>,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      const cancelled = () => tesseraError('CANCELLED', 'Reading the slide was cancelled.', {})
      if (signal?.aborted || stopped) return reject(cancelled())
      if (suspicion.setAside(subject.key) !== null) return reject(setAsideError(subject))
      const request: Request = {
        subject,
        patience: longWork.has(name)
          ? patience.long
          : name === 'slides.tiles'
            ? TILES_PATIENCE * patience.short
            : patience.short,
        signal,
        owed: false,
        send,
        resolve: finish(resolve as (value: unknown) => void),
        reject: finish(reject),
      }
      function finish(tell: (value: unknown) => void) {
        return (value: unknown) => {
          signal?.removeEventListener('abort', abandon)
          tell(value)
        }
      }
      /** What waits is forgotten; what is in flight is answered by nobody. */
      function abandon() {
        const place = waiting.indexOf(request)
        if (place !== -1) waiting.splice(place, 1)
        if (place !== -1 && request.owed) suspicion.settled(subject.key)
        request.reject(cancelled())
        pump()
      }
      signal?.addEventListener('abort', abandon)
      waiting.push(request)
      pump()
    })

  return {
    ask: (subject, name, input, signal) => enqueue(subject, name, signal, (client) => client.call(name, input)),
    async follow(subject, name, input, onItem, signal) {
      await enqueue(subject, name, signal, async (client, alive) => {
        for await (const item of client.stream(name, input)) {
          if (signal?.aborted) return // leaving the loop ends the work in the process
          alive()
          onItem(item)
        }
      })
    },
    serve(slide, what, name) {
      if (what) served.set(slide, { what, name })
      else served.delete(slide)
      tellServed(slide)
    },
    forgive(key) {
      suspicion.forgive(key)
      reasons.delete(key)
      tellServed(key as SlideId)
    },
    start,
    onStarted(listener) {
      if (running?.ready) listener(running.process)
      return added(listeners.started, listener)
    },
    onLost: (listener) => added(listeners.lost, listener),
    onSetAside: (listener) => added(listeners.setAside, listener),
    stop() {
      stopped = true
      if (restart) clearTimeout(restart)
      const all = [...waiting, ...(running?.inFlight ?? [])]
      waiting = []
      running?.process.kill()
      running = null
      for (const request of all)
        request.reject(tesseraError('CANCELLED', 'Tessera is being closed, so the slide is not read any more.', {}))
    },
  }
}

function added<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

const diedError = ({ name }: Subject, exit: string) =>
  tesseraError(
    'SLIDE_READER_DIED',
    `The program that reads slides could not be started (${exit}), so “${name}” can not be read. Start Tessera again; if that does not help, install it anew.`,
    { slide: name, exit },
  )
