/** Loaded before a utility process's own program: gives it `process.parentPort`, as Electron does. */
import { EventEmitter } from 'node:events'
import type { FromChild, ToChild } from './utility.ts'

const post = (message: FromChild) => process.send!(message, undefined, {}, (error) => error && process.exit(0))

class Port extends EventEmitter {
  private readonly id: number
  private started = false
  private readonly waiting: unknown[] = []
  constructor(id: number) {
    super()
    this.id = id
  }
  postMessage(data: unknown): void {
    post({ kind: 'port', port: this.id, data })
  }
  arrive(data: unknown): void {
    if (this.started) this.emit('message', { data, ports: [] })
    else this.waiting.push(data)
  }
  start(): void {
    this.started = true
    for (const data of this.waiting.splice(0)) this.emit('message', { data, ports: [] })
  }
}

const ports = new Map<number, Port>()
const parentPort = Object.assign(new EventEmitter(), {
  postMessage: (data: unknown) => void post({ kind: 'message', data }),
})
process.on('message', (message: ToChild) => {
  if (message.kind === 'port') return void ports.get(message.port)?.arrive(message.data)
  if (message.port === null) return void parentPort.emit('message', { data: message.data, ports: [] })
  const port = new Port(message.port)
  ports.set(message.port, port)
  parentPort.emit('message', { data: message.data, ports: [port] })
})
process.on('disconnect', () => process.exit(0))
Object.defineProperty(process, 'parentPort', { value: parentPort })
