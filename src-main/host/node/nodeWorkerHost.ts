/** Processes of our own as child processes of Node: for the web host, the command line and the tests. */
import { type ChildProcess, fork } from 'node:child_process'
import { setPriority } from 'node:os'
import type { Message } from '../../../src-shared/wire/message.ts'
import type { ProcessOptions, WorkerHost, WorkerProcess } from '../../jobs/workerHost.ts'
import { KEPT_QUIET } from '../../nn/keptQuiet.ts'
import { processFile } from '../processEntries.ts'

export const nodeWorkerHost: WorkerHost = {
  start: (options) => startProcess(processFile(options.entry), options),
}

/** @param environment beside that of this process */
export function startProcess(
  file: string,
  { name, niceness, heapMb }: Omit<ProcessOptions, 'entry'>,
  environment: NodeJS.ProcessEnv = {},
): WorkerProcess {
  const child = fork(file, [], {
    env: { ...process.env, ...environment, ...KEPT_QUIET },
    serialization: 'advanced', // structured clone: typed arrays travel as they are
    execArgv: [`--max-old-space-size=${heapMb}`, `--title=tessera-${name}`],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  if (child.pid !== undefined && niceness > 0) lower(child.pid, niceness)
  return workerProcess(child)
}

function lower(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness)
  } catch {
    // It already ended: its exit is reported. Lowering a priority needs no rights.
  }
}

function workerProcess(child: ChildProcess): WorkerProcess {
  let ended: string | null = null
  const listeners: ((exit: string) => void)[] = []
  const end = (exit: string) => {
    if (ended !== null) return
    ended = exit
    for (const listener of listeners) listener(exit)
  }
  child.on('exit', (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`))
  child.on('error', (error) => {
    // A message that could not be delivered is followed by the exit; a process that never started has none.
    if (child.pid === undefined) end(error.message)
  })
  const exited = (listener: (exit: string) => void) => {
    if (ended === null) listeners.push(listener)
    else listener(ended)
  }
  return {
    pid: child.pid,
    exited,
    kill: () => void child.kill('SIGKILL'),
    wire: {
      post(message) {
        if (child.connected) child.send(message, () => {})
      },
      listen: (onMessage) => void child.on('message', (message) => onMessage(message as Message)),
      closed: (onClosed) => exited(onClosed),
    },
  }
}
