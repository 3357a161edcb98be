/**
 * Whether each slide can be read, and where its file is: found at the start without holding anything up, and kept true
 * when a file disappears, comes back, or has to be set aside.
 */
import { toFault, type TesseraError } from '../../src-shared/errors.ts'
import type { SlideId } from '../../src-shared/ids.ts'
import type { SlideState } from '../../src-shared/slides.ts'
import type { Fault } from '../../src-shared/wire/message.ts'
import { fileMissing } from './lostFile.ts'
import type { SlideFile } from './processContract.ts'
import type { SlideReader } from './reader.ts'
import { locate } from './relocate.ts'
import type { StoredSlide } from './rows.ts'

/** Missing files are looked for again by themselves, ms: a drive that is back is used again without a word. */
const LOOK_AGAIN_MS = 15_000

/** Files looked for at once; a network drive answers slowly, but many at a time. */
const LOOKS_AT_ONCE = 8

export interface Whereabouts {
  stateOf(slide: SlideId): SlideState
  /** @throws {TesseraError} SLIDE_FILE_MISSING */
  fileOf(slide: StoredSlide): Promise<SlideFile>
  /** Looks for every slide's file. */
  check(slides: readonly StoredSlide[]): Promise<void>
  markMissing(slide: StoredSlide): void
  markPreparing(slide: SlideId): void
  markReady(slide: SlideId): void
  markUnreadable(slide: SlideId, error: TesseraError): void
  /** Forgets what is known of a slide, because its file is another one or a person wants to try again. */
  forget(slide: SlideId): void
  close(): void
}

/**
 * @param changed told of slides whose state is another one now
 * @param lookAgainMs how often missing files are looked for again
 */
export function followFiles(
  projectFolder: string,
  readers: readonly SlideReader[],
  changed: (slides: readonly SlideId[]) => void,
  lookAgainMs = LOOK_AGAIN_MS,
): Whereabouts {
  /** Every slide that was looked for. */
  const sought = new Map<SlideId, StoredSlide>()
  const states = new Map<SlideId, SlideState>()
  const files = new Map<SlideId, SlideFile>()
  const ready: SlideState = { kind: 'ready' }
  let closed = false

  const enter = (slide: SlideId, state: SlideState): void => {
    const before = states.get(slide) ?? ready
    states.set(slide, state)
    if (JSON.stringify(before) !== JSON.stringify(state)) changed([slide])
  }

  /** @param fault told to windows that ask for tiles; null = they are not told anything, they wait */
  const lose = (slide: SlideId, fault: Fault | null): void => {
    files.delete(slide)
    for (const reader of readers) reader.serve(slide, fault, '')
  }

  const markMissing = (slide: StoredSlide): void => {
    lose(slide.id, toFault(fileMissing(slide.absolutePath)))
    enter(slide.id, { kind: 'missing', file: slide.absolutePath })
  }

  const markUnreadable = (slide: SlideId, error: TesseraError): void =>
    enter(slide, { kind: 'unreadable', fault: toFault(error) })

  const find = async (slide: StoredSlide): Promise<SlideFile | null> => {
    sought.set(slide.id, slide)
    const file = await locate(projectFolder, slide)
    const found = file === null ? null : { file, fingerprint: slide.fingerprint }
    if (closed) return found
    if (!found) {
      markMissing(slide)
      return null
    }
    files.set(slide.id, found)
    for (const reader of readers) reader.serve(slide.id, found, slide.name)
    if (states.get(slide.id)?.kind === 'missing') enter(slide.id, ready)
    return found
  }

  const onLost = (file: string, error: TesseraError): void => {
    for (const [slide, known] of files) {
      if (known.file !== file) continue
      lose(slide, toFault(error))
      if (error.code === 'SLIDE_FILE_MISSING') enter(slide, { kind: 'missing', file })
      else markUnreadable(slide, error)
    }
  }

  const onSetAside = (key: string, error: TesseraError): void => {
    if (files.has(key as SlideId)) markUnreadable(key as SlideId, error)
  }

  const check = async (slides: readonly StoredSlide[]): Promise<void> => {
    const left = [...slides]
    const look = async () => {
      for (let slide = left.shift(); slide; slide = left.shift()) await find(slide)
    }
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, look))
  }

  let looking = false // a drive that hangs must not be asked again and again
  const timer = setInterval(() => {
    const missing = [...sought.values()].filter(({ id }) => states.get(id)?.kind === 'missing')
    if (looking || missing.length === 0) return
    looking = true
    void check(missing).finally(() => (looking = false))
  }, lookAgainMs)
  timer.unref()

  const listening = readers.flatMap((reader) => [reader.onLost(onLost), reader.onSetAside(onSetAside)])

  return {
    stateOf: (slide) => states.get(slide) ?? ready,
    async fileOf(slide) {
      const file = files.get(slide.id) ?? (await find(slide))
      if (!file) throw fileMissing(slide.absolutePath)
      return file
    },
    check,
    markMissing,
    markPreparing: (slide) => enter(slide, { kind: 'preparing' }),
    markReady: (slide) => enter(slide, ready),
    markUnreadable,
    forget(slide) {
      sought.delete(slide)
      lose(slide, null)
      for (const reader of readers) reader.forgive(slide)
      enter(slide, ready)
    },
    close() {
      closed = true
      clearInterval(timer)
      for (const stop of listening) stop()
      for (const slide of states.keys()) lose(slide, null)
      for (const slide of files.keys()) lose(slide, null)
    },
  }
}
