/** Processes of our own as Electron's utilityProcess: fork is not available once the RunAsNode fuse is off. */
import { setPriority } from 'node:os'
import { type MessagePortMain, utilityProcess } from 'electron'
import type { Message } from '../../../src-shared/wire/message.ts'
import type { WorkerHost } from '../../jobs/workerHost.ts'
import { KEPT_QUIET } from '../../nn/keptQuiet.ts'
import { processFile } from '../processEntries.ts'

export const electronWorkerHost: WorkerHost = {
  start({ entry, name, niceness, heapMb }) {
    const child = utilityProcess.fork(processFile(entry), [], {
      env: { ...process.env, ...KEPT_QUIET },
      serviceName: `Tessera ${name}`,
      execArgv: [`--max-old-space-size=${heapMb}`],
      stdio: 'inherit',
      allowLoadingUnsignedLibraries: true, // macOS: the natives come from npm, signed by nobody
    })
    let ended: string | null = null
    const listeners: ((exit: string) => void)[] = []
    child.on('exit', (code) => {
      ended = `exit code ${code}`
      for (const listener of listeners) listener(ended)
    })
    child.on('spawn', () => {
      if (child.pid !== undefined && niceness > 0) lower(child.pid, niceness)
    })
    const exited = (listener: (exit: string) => void) => {
      if (ended === null) listeners.push(listener)
      else listener(ended)
    }
    return {
      get pid() {
        return child.pid
      },
      exited,
      kill: () => void child.kill(),
      handOver: (port) => child.postMessage(null, [port as MessagePortMain]),
      wire: {
        post: (message) => child.postMessage(message),
        listen: (onMessage) => void child.on('message', (message: Message) => onMessage(message)),
        closed: (onClosed) => exited(onClosed),
      },
    }
  },
}

function lower(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness)
  } catch {
    // It already ended: its exit is reported. Lowering a priority needs no rights.
  }
}
