/**
 * A batch of tiles as one MessagePack array, in pieces: the bytes of a tile go out as they lie in memory, never copied
 * into a larger buffer.
 * Source: MessagePack specification, formats array 16 and bin 32.
 */
import { encode } from '@msgpack/msgpack'
import type { TileReply } from '../../../src-shared/slides.ts'

const ARRAY_16 = 0xdc
const BIN_32 = 0xc6

/** @returns pieces that are one value when they follow each other */
export function packTiles(replies: readonly TileReply[]): Uint8Array[] {
  const head = Buffer.alloc(3)
  head.writeUInt8(ARRAY_16, 0)
  head.writeUInt16BE(replies.length, 1)
  return [head, ...replies.flatMap((reply) => (reply instanceof Uint8Array ? binary(reply) : [encode(reply)]))]
}

function binary(bytes: Uint8Array): Uint8Array[] {
  const head = Buffer.alloc(5)
  head.writeUInt8(BIN_32, 0)
  head.writeUInt32BE(bytes.length, 1)
  return [head, bytes]
}
