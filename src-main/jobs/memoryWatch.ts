/**
 * A process of ours that ends itself when it takes too much memory. A limit of the JavaScript heap does not see what a
 * decoder takes beside it, and the operating system's own answer to that hits whichever process it likes.
 *
 * A thread of its own looks, so that work that never yields is seen, too.
 */
import { Worker } from 'node:worker_threads'

/** With this exit code a process says that it took too much memory. */
export const MEMORY_EXIT = 77

/** The bundler puts every entry into one folder, as in ../host/processEntries.ts. */
const workerFile = () =>
  new URL(import.meta.url.endsWith('.ts') ? './memoryWatch.worker.ts' : './memoryWatch.worker.js', import.meta.url)

/** @param limitMb resident memory of the whole process, 10^6 bytes */
export function watchMemory(limitMb: number): void {
  const worker = new Worker(workerFile(), { workerData: { limitMb } })
  worker.on('message', () => process.exit(MEMORY_EXIT))
  worker.unref()
}
