/** Electron's MessagePortMain: messages wait until `start`, are cloned, and buffers can not be transferred. */
import { EventEmitter } from 'node:events'

export class FakePort extends EventEmitter {
  private other: FakePort | null = null
  private started = false
  private closed = false
  private readonly waiting: unknown[] = []

  static entangle(a: FakePort, b: FakePort): void {
    a.other = b
    b.other = a
  }

  postMessage(message: unknown, transfer: unknown[] = []): void {
    if (transfer.some((each) => !(each instanceof FakePort)))
      throw new TypeError('An object could not be transferred: only ports can')
    const copy = structuredClone(message)
    queueMicrotask(() => this.other?.arrive(copy))
  }

  start(): void {
    this.started = true
    for (const message of this.waiting.splice(0)) this.deliver(message)
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.emit('close')
    this.other?.close()
  }

  private arrive(message: unknown): void {
    if (this.closed) return
    if (this.started) this.deliver(message)
    else this.waiting.push(message)
  }

  private deliver(message: unknown): void {
    this.emit('message', { data: message, ports: [] })
  }
}
