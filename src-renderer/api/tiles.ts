/**
 * Tiles of the open slide, on a wire of their own: a MessagePort in Electron, one binary request a batch on the web
 * host. At most TILES_PER_REQUEST tiles a request; batching is done by viewer/tileSource.ts.
 */
import { decode, encode } from '@msgpack/msgpack'
import { tesseraError, toError } from '../../src-shared/errors.ts'
import type { tileContract, TileReply, TileRequest } from '../../src-shared/slides.ts'
import { connect } from '../../src-shared/wire/connect.ts'
import type { Fault, Message, Wire } from '../../src-shared/wire/message.ts'
import { inElectron } from './wire.ts'

export type ReadTiles = (request: TileRequest) => Promise<TileReply[]>

let reader: ReadTiles | undefined

/** Reads tiles from somewhere else: the in-memory main of tests. */
export function useTileReader(readTiles: ReadTiles): void {
  reader = readTiles
}

/** Must run before the first await of the program: Electron hands the port over once, early. */
export function openTiles(): void {
  reader = inElectron() ? portReader() : requestTiles
}

/** @returns one reply for each tile asked for, in order */
export function readTiles(request: TileRequest): Promise<TileReply[]> {
  if (!reader) throw new Error('Tiles were asked for before openTiles().')
  return reader(request)
}

function portReader(): ReadTiles {
  const client = new Promise<ReturnType<typeof connect<typeof tileContract>>>((resolve) => {
    window.addEventListener('message', (event) => {
      const port = event.ports[0]
      if (event.source === window && event.data === 'tessera-tiles' && port)
        resolve(connect<typeof tileContract>(portWire(port)))
    })
  })
  return async (request) => (await client).call('tiles.read', request)
}

function portWire(port: MessagePort): Wire {
  return {
    post: (message) => port.postMessage(message),
    listen(onMessage) {
      port.addEventListener('message', ({ data }: MessageEvent<Message>) => onMessage(data))
      port.start()
    },
    closed: (onClosed) => port.addEventListener('close', onClosed, { once: true }),
  }
}

async function requestTiles(request: TileRequest): Promise<TileReply[]> {
  const response = await fetch('/tiles', {
    method: 'POST',
    headers: { 'content-type': 'application/msgpack' },
    body: encode(request),
  }).catch(() => {
    throw tesseraError('CONNECTION_LOST', 'Tiles can not be read: Tessera does not answer.', {})
  })
  if (!response.ok)
    throw tesseraError('UNEXPECTED', `Tiles can not be read: the web host answered ${response.status}.`, {})
  const answer = decode(new Uint8Array(await response.arrayBuffer())) as TileReply[] | { fault: Fault }
  // a batch that failed as a whole must not look like tiles that are not stored, which are white
  if (!Array.isArray(answer)) throw toError(answer.fault)
  return answer
}
