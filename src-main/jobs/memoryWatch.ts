/**
 * A process of ours that takes too much memory is ended. A limit of the JavaScript heap does not see what a decoder takes
 * beside it, and the operating system's own answer to that hits whichever process it likes.
 *
 * The process looks at itself, which works everywhere but not while it does something that never yields. So whoever
 * started it looks, too, where the system tells of other processes by a file (Linux); elsewhere the watchdog of its
 * requests is what ends it then. A thread that looks would cost 18 MB in each process.
 */
import { readFileSync } from 'node:fs'

/** With this exit code a process says that it took too much memory. */
export const MEMORY_EXIT = 77

/** ms; a decoder that takes a gigabyte a second is caught within half a gigabyte. */
export const LOOK_MS = 250

/** This process ends itself. @param limitMb resident memory, 10^6 bytes */
export function watchOwnMemory(limitMb: number): void {
  setInterval(() => {
    if (process.memoryUsage.rss() > limitMb * 1e6) process.exit(MEMORY_EXIT)
  }, LOOK_MS).unref()
}

/** Resident memory of another process, MB; null where the system does not say, and when it has ended. */
export function memoryOf(pid: number | undefined): number | null {
  if (process.platform !== 'linux' || pid === undefined) return null
  try {
    const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? null : (Number(kilobytes) * 1024) / 1e6
  } catch {
    return null // it has ended
  }
}
