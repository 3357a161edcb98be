/** A contract's wire over one WebSocket: each message is one binary frame. */
import type { WebSocket } from 'ws'
import { decodeMessage, encodeMessage } from '../../../src-shared/wire/codec.ts'
import type { Message, Wire } from '../../../src-shared/wire/message.ts'

/** WebSocket close code “invalid frame payload data” (RFC 6455, 7.4.1). */
const INVALID_DATA = 1007

export function socketWire(socket: WebSocket): Wire {
  return {
    post(message) {
      if (socket.readyState === socket.OPEN) socket.send(encodeMessage(message))
    },
    listen(onMessage) {
      socket.on('message', (data: Buffer, isBinary) => {
        const message = isBinary ? decoded(data) : null
        if (message) onMessage(message)
        else socket.close(INVALID_DATA)
      })
    },
    closed(onClosed) {
      socket.on('close', onClosed)
      socket.on('error', () => socket.terminate()) // followed by close
    },
  }
}

function decoded(data: Uint8Array): Message | null {
  try {
    return decodeMessage(data)
  } catch {
    return null // not our window: the closing code is all it is told
  }
}
