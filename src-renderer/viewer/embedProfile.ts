/**
 * Puts a colour profile into a tile, so that the browser's own colour management applies it when it decodes. The px of
 * the tile stay as they are stored.
 * Source: ICC.1:2022 annex B.4 (JPEG, marker APP2) and PNG (third edition) 11.3.2.3 (chunk iCCP).
 */

const MARK = new TextEncoder().encode('ICC_PROFILE\0')
/** Bytes of a profile in one segment: its length is a number of 16 bits that counts itself and the mark. */
const MOST_IN_SEGMENT = 0xffff - 2 - MARK.length - 2
/** SOI; signature and IHDR */
const JPEG_HEAD = 2
const PNG_HEAD = 8 + 25

const isPng = (tile: Uint8Array): boolean => tile[0] === 0x89 && tile[1] === 0x50

type Bytes = Uint8Array<ArrayBuffer>

/** What is the same for all tiles is made once for each profile. */
const made = new WeakMap<Uint8Array, { jpeg: Bytes[]; png: Promise<Bytes> }>()

/** @param tile a complete JPEG or PNG without a profile of its own */
export async function withProfile(tile: Uint8Array, profile: Uint8Array): Promise<Blob> {
  let parts = made.get(profile)
  if (!parts) {
    parts = { jpeg: jpegSegments(profile), png: pngChunk(profile) }
    made.set(profile, parts)
  }
  const bytes = tile as Bytes
  return isPng(tile)
    ? new Blob([bytes.subarray(0, PNG_HEAD), await parts.png, bytes.subarray(PNG_HEAD)], { type: 'image/png' })
    : new Blob([bytes.subarray(0, JPEG_HEAD), ...parts.jpeg, bytes.subarray(JPEG_HEAD)], { type: 'image/jpeg' })
}

export function jpegSegments(profile: Uint8Array): Bytes[] {
  const count = Math.ceil(profile.length / MOST_IN_SEGMENT)
  return Array.from({ length: count }, (_, i) => {
    const part = profile.subarray(i * MOST_IN_SEGMENT, (i + 1) * MOST_IN_SEGMENT)
    const length = 2 + MARK.length + 2 + part.length
    return joined(Uint8Array.of(0xff, 0xe2, length >> 8, length & 255), MARK, Uint8Array.of(i + 1, count), part)
  })
}

export async function pngChunk(profile: Uint8Array): Promise<Bytes> {
  const packing = new Blob([profile as Bytes]).stream().pipeThrough(new CompressionStream('deflate'))
  const packed = new Uint8Array(await new Response(packing).arrayBuffer())
  // a name of at least one letter, its end, and the way of packing, of which there is one
  const body = joined(new TextEncoder().encode('iCCPprofile\0'), Uint8Array.of(0), packed)
  const chunk = new Uint8Array(body.length + 8)
  const view = new DataView(chunk.buffer)
  view.setUint32(0, body.length - 4)
  chunk.set(body, 4)
  view.setUint32(4 + body.length, crc32(body))
  return chunk
}

function joined(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** The checksum of a PNG chunk, over its type and data (PNG annex D). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
