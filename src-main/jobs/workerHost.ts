/**
 * Processes of our own, beside the one that owns the database: a slide file that kills its decoder, or a network that
 * runs out of memory, costs a message and never a label.
 *
 * Electron runs them as utilityProcess, Node as child processes; `host` injects which. They speak a contract over a wire,
 * as the window does.
 */
import type { Wire } from '../../src-shared/wire/message.ts'

/** Which program: `slides.process.ts`, `engine.process.ts`, `similarity.process.ts` or `render.process.ts`. */
export type ProcessEntry = 'slides' | 'engine' | 'similarity' | 'render'

export type ProcessOptions = {
  entry: ProcessEntry
  /** What the system's process list shows. */
  name: string
  /** 0 = as the window; 19 = only when nothing else wants the processor. Long work must not slow a label down. */
  niceness: number
  /** Limit of the JavaScript heap, MB. Native memory is not counted. */
  heapMb: number
}

export interface WorkerProcess {
  readonly wire: Wire
  readonly pid: number | undefined
  /** Calls back once, with how it ended in words: “exit code 1”, “signal SIGKILL”. */
  exited(onExit: (exit: string) => void): void
  kill(): void
  /**
   * Gives the process one end of a direct connection to a window, so that tiles bypass the main process. `port` is
   * Electron's MessagePortMain; a host without such ports has no such method.
   */
  handOver?(port: unknown): void
}

export interface WorkerHost {
  start(options: ProcessOptions): WorkerProcess
}
