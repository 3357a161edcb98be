/** The web host: the same program and the same window, in an ordinary browser of this machine. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { decode, encode } from '@msgpack/msgpack'
import { WebSocketServer } from 'ws'
import { toFault, tesseraError } from '../../../src-shared/errors.ts'
import { type TileReply, TileRequest } from '../../../src-shared/slides.ts'
import type { Wire } from '../../../src-shared/wire/message.ts'
import type { AppFetch } from '../appFetch.ts'
import { securityHeaders } from '../contentSecurity.ts'
import { createGate } from './gate.ts'
import { packTiles } from './packTiles.ts'
import { socketWire } from './socketWire.ts'

/** A gesture on every patch of the largest grid is 16 MB. */
const LARGEST_MESSAGE = 64 * 1024 * 1024
const LARGEST_TILE_REQUEST = 16 * 1024

export type WebHostOptions = {
  /** Answers for the window's files, with the sources its content security policy must allow. */
  appFetch: (connect: readonly string[]) => AppFetch
  tiles: (request: TileRequest) => Promise<TileReply[]>
  onWindow: (wire: Wire) => void
  port?: number
}

export interface WebHost {
  /** The address to open, with its token. */
  readonly entrance: string
  close(): Promise<void>
}

export async function startWebHost(options: WebHostOptions): Promise<WebHost> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  const gate = createGate((server.address() as AddressInfo).port)
  const connect = [gate.origin.replace('http:', 'ws:')]
  const appFetch = options.appFetch(connect)
  const headers = securityHeaders(connect)

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const verdict = gate.judge(request)
    if (verdict.pass === 'enter') {
      response
        .writeHead(303, { ...headers, location: '/', 'set-cookie': verdict.cookie, 'cache-control': 'no-store' })
        .end()
    } else if (!verdict.pass) {
      response.writeHead(verdict.status, headers).end()
    } else if (request.method === 'POST' && request.url === '/tiles') {
      const pieces = await readTiles(request, options.tiles)
      response.writeHead(200, {
        ...headers,
        'content-type': 'application/vnd.msgpack',
        'content-length': pieces.reduce((sum, piece) => sum + piece.length, 0),
        'cache-control': 'no-store',
      })
      response.cork() // leaves in one go, though nobody put the pieces together
      for (const piece of pieces) response.write(piece)
      response.uncork()
      response.end()
    } else {
      await pour(
        await appFetch(new Request(`${gate.origin}${request.url}`, { method: request.method ?? 'GET' })),
        request,
        response,
      )
    }
  }

  server.on('request', (request, response) => {
    answer(request, response).catch(() => {
      // The browser went away in mid-answer, or a file did: there is nobody to tell.
      if (!response.headersSent) response.writeHead(500, headers)
      response.end()
    })
  })

  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE })
  server.on('upgrade', (request, socket, head) => {
    if (request.url !== '/wire' || !gate.judgeUpgrade(request)) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => options.onWindow(socketWire(webSocket)))
  })

  return {
    entrance: gate.entrance,
    async close() {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/**
 * One binary request for a batch of tiles: a request for each would cost more than the tile.
 * @returns the answer in MessagePack, in pieces: an array of replies, or { fault }
 */
async function readTiles(request: IncomingMessage, tiles: WebHostOptions['tiles']): Promise<Uint8Array[]> {
  try {
    const parsed = TileRequest.safeParse(decode(await bodyOf(request, LARGEST_TILE_REQUEST)))
    if (!parsed.success)
      throw tesseraError('INPUT_INVALID', 'The window asked for tiles in a way Tessera does not know. Reload it.', {
        call: 'tiles.read',
        issues: parsed.error.issues.map((issue) => issue.message),
      })
    return packTiles(await tiles(parsed.data))
  } catch (error) {
    return [encode({ fault: toFault(error) })]
  }
}

async function bodyOf(request: IncomingMessage, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of request as AsyncIterable<Uint8Array>) {
    length += part.length
    if (length > most) throw new Error('The request is too long.')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

async function pour(answer: Response, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  if (request.method === 'HEAD' || !answer.body) {
    await answer.body?.cancel()
    response.end()
    return
  }
  for await (const chunk of Readable.fromWeb(answer.body as ReadableStream)) {
    if (!response.write(chunk)) await new Promise((resolve) => response.once('drain', resolve))
    if (response.destroyed) return
  }
  response.end()
}
