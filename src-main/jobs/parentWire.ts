/** The wire of a process of ours to the one that started it, under Electron's utilityProcess or under Node. */
import type { Message, Wire } from '../../src-shared/wire/message.ts'

/** What utilityProcess gives its child; typed here because only the main process may import Electron. */
type PortEvent = { data: unknown; ports: ElectronPort[] }
type ElectronPort = {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: PortEvent) => void): void
  on(event: 'close', listener: () => void): void
  start(): void
}

/** @param onPort called with the wire of each window that connects directly; only Electron has such connections */
export function parentWire(onPort: (wire: Wire) => void = () => {}): Wire {
  const parentPort = (process as unknown as { parentPort?: ElectronPort }).parentPort
  return parentPort ? electronParent(parentPort, onPort) : nodeParent()
}

function electronParent(parentPort: ElectronPort, onPort: (wire: Wire) => void): Wire {
  let onMessage = (_: Message): void => {}
  parentPort.on('message', (event) => {
    const [port] = event.ports
    if (port) onPort(portWire(port))
    else onMessage(event.data as Message)
  })
  return {
    post: (message) => parentPort.postMessage(message),
    listen(listener) {
      onMessage = listener
    },
    closed() {
      // a utilityProcess ends with the program that started it
    },
  }
}

function portWire(port: ElectronPort): Wire {
  return {
    // Buffers are copied, never transferred: a MessagePortMain accepts only ports in its transfer list.
    post: (message) => port.postMessage(message),
    listen(listener) {
      port.on('message', (event) => listener(event.data as Message))
      port.start()
    },
    closed: (listener) => port.on('close', listener),
  }
}

function nodeParent(): Wire {
  if (!process.send) throw new Error('This program is started by Tessera, not by hand.')
  return {
    post(message) {
      // The parent is gone when this fails: nobody is left to answer.
      process.send?.(message, undefined, {}, (error) => {
        if (error) process.exit(0)
      })
    },
    listen(listener) {
      process.on('message', (message) => listener(message as Message))
    },
    closed(listener) {
      process.on('disconnect', () => {
        listener()
        process.exit(0)
      })
    },
  }
}
