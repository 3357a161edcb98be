/**
 * The wire to the main process: the bridge that Electron's preload exposes, else the WebSocket of the web host.
 * Knows no calls; see index.ts.
 */
import { decodeMessage, encodeMessage } from '../../src-shared/wire/codec.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { Message, Wire } from '../../src-shared/wire/message.ts'

/** All that Electron's preload lets the window see. */
interface ElectronBridge {
  post(message: Message): void
  listen(onMessage: (message: Message) => void): void
}

declare global {
  interface Window {
    tesseraWire?: ElectronBridge
  }
}

export const inElectron = (): boolean => window.tesseraWire !== undefined

/** @throws CONNECTION_LOST when the web host does not answer */
export function openWire(): Promise<Wire> {
  const bridge = window.tesseraWire
  return bridge ? Promise.resolve(electronWire(bridge)) : socketWire()
}

const electronWire = (bridge: ElectronBridge): Wire => ({
  post: (message) => bridge.post(message),
  listen: (onMessage) => bridge.listen(onMessage),
  // The window dies with its main process; there is nobody left to be told.
  closed: () => undefined,
})

function socketWire(): Promise<Wire> {
  const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/wire`)
  socket.binaryType = 'arraybuffer'
  return new Promise((resolve, reject) => {
    socket.addEventListener('error', () =>
      reject(tesseraError('CONNECTION_LOST', 'Tessera does not answer. Is it still running?', {})),
    )
    socket.addEventListener('open', () =>
      resolve({
        post: (message) => socket.send(encodeMessage(message)),
        listen(onMessage) {
          socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) =>
            onMessage(decodeMessage(new Uint8Array(data))),
          )
        },
        closed: (onClosed) => socket.addEventListener('close', onClosed, { once: true }),
      }),
    )
  })
}
