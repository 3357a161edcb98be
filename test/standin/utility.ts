/** Electron's utilityProcess as a child process of Node, with `process.parentPort` and ports that are handed over. */
import { fork } from 'node:child_process'
import { EventEmitter } from 'node:events'
import path from 'node:path'
import type * as E from 'electron'
import type { FakePort } from './ports.ts'

export type ToChild =
  | { kind: 'message'; data: unknown; port: number | null }
  | { kind: 'port'; port: number; data: unknown }
export type FromChild = { kind: 'message'; data: unknown } | { kind: 'port'; port: number; data: unknown }

const children = new Set<ReturnType<typeof fork>>()

/** Electron ends its utility processes with itself; a test does it here. */
export function endUtilities(): void {
  for (const child of children) child.kill('SIGKILL')
}

export function forkUtility(file: string, args: string[], options: E.ForkOptions) {
  const child = fork(file, args, {
    serialization: 'advanced',
    execArgv: [...(options.execArgv ?? []), '--import', path.join(import.meta.dirname, 'parentPort.ts')],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  children.add(child)
  const ports = new Map<number, FakePort>()
  let nextPort = 1
  const events = new EventEmitter()
  child.on('spawn', () => events.emit('spawn'))
  child.on('exit', (code, signal) => {
    children.delete(child)
    events.emit('exit', code ?? (signal === 'SIGKILL' ? 9 : 1))
  })
  child.on('message', (message: FromChild) => {
    if (message.kind === 'message') events.emit('message', message.data)
    else ports.get(message.port)?.postMessage(message.data)
  })
  const send = (message: ToChild) => void (child.connected && child.send(message, () => {}))

  return {
    get pid() {
      return child.pid
    },
    postMessage(data: unknown, transfer: FakePort[] = []): void {
      const [port] = transfer
      if (!port) return send({ kind: 'message', data: structuredClone(data), port: null })
      const id = nextPort++
      ports.set(id, port)
      send({ kind: 'message', data, port: id })
      port.on('message', ({ data: arrived }: { data: unknown }) => send({ kind: 'port', port: id, data: arrived }))
      port.start()
    },
    kill: () => child.kill(),
    on: (name: string, listener: (...args: never[]) => void) => void events.on(name, listener as never),
    once: (name: string, listener: (...args: never[]) => void) => void events.once(name, listener as never),
  }
}
