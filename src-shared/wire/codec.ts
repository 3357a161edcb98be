/**
 * Messages as bytes, for wires that know no structured clone (WebSocket): MessagePack, with typed arrays as extensions.
 *
 * A typed array is one extension value: its raw little-endian bytes. JSON would turn 100,000 patch numbers into a
 * megabyte of text.
 */
import { decode, encode, ExtensionCodec } from '@msgpack/msgpack'
import type { Message } from './message.ts'

type ArrayType = { new (buffer: ArrayBuffer): ArrayBufferView; BYTES_PER_ELEMENT: number }

/** Extension numbers are part of the protocol: append, never renumber. Uint8Array is MessagePack's own binary type. */
const arrayTypes: readonly (readonly [number, ArrayType])[] = [
  [1, Uint16Array],
  [2, Uint32Array],
  [3, Int32Array],
  [4, Float32Array],
  [5, Float64Array],
]

const extensionCodec = new ExtensionCodec()
for (const [type, ArrayOf] of arrayTypes) {
  extensionCodec.register({
    type,
    encode: (value) =>
      value instanceof ArrayOf ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : null,
    // Copied, because a view into the message may start at an address its element size does not divide. The constructor
    // copies whatever kind of bytes these are; Node's Buffer has a `slice` that does not.
    decode: (bytes) => new ArrayOf(new Uint8Array(bytes).buffer),
  })
}

export const encodeMessage = (message: Message): Uint8Array<ArrayBuffer> =>
  encode(message, { extensionCodec, ignoreUndefined: true })

/** @throws {Error} when the bytes are not one MessagePack value */
export const decodeMessage = (bytes: Uint8Array): Message => decode(bytes, { extensionCodec }) as Message
