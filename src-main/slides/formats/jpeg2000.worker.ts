/**
 * A thread that decodes JPEG 2000 codestreams with OpenJPEG as WebAssembly: whatever a crafted codestream does to it, it
 * does inside the memory of the module.
 */
import { parentPort } from 'node:worker_threads'
import loadCodec from '@cornerstonejs/codec-openjpeg/decodewasmjs'
import { messageOf } from '../../../src-shared/errors.ts'
import type { Jpeg2000Answer, Jpeg2000Order } from './jpeg2000.ts'

/** What OpenJPEG says on the way. The module answers with blank pixels where OpenJPEG gave up, so this is how one knows. */
let said: string[] = []
const hear = (line: string): void => void said.push(line)
const codec = await loadCodec({ print: hear, printErr: hear })

parentPort!.on('message', ({ codestream, width, height, yCbCr }: Jpeg2000Order) => {
  const answer = ((): Jpeg2000Answer => {
    try {
      return { data: decoded(codestream, width, height, yCbCr) }
    } catch (error) {
      return { reason: typeof error === 'number' ? 'it ended the decoder' : messageOf(error) }
    }
  })()
  parentPort!.postMessage(answer, 'data' in answer ? [answer.data.buffer as ArrayBuffer] : [])
})

function decoded(codestream: Uint8Array, width: number, height: number, yCbCr: boolean): Uint8Array {
  said = []
  const decoder = new codec.J2KDecoder()
  try {
    decoder.getEncodedBuffer(codestream.length).set(codestream)
    decoder.decode()
    const frame = decoder.getFrameInfo()
    const pixels = decoder.getDecodedBuffer()
    const { componentCount: components, bitsPerSample, isSigned } = frame
    refuseBlanks()
    if (frame.width !== width || frame.height !== height || pixels.length !== width * height * components)
      throw new Error(`it unpacked to ${frame.width} × ${frame.height} px, ${width} × ${height} were expected`)
    if (bitsPerSample !== 8 || isSigned || (components !== 1 && components !== 3))
      throw new Error(`it has ${components} channels of ${isSigned ? 'signed ' : ''}${bitsPerSample} bits`)
    return rgb(pixels, components, yCbCr)
  } finally {
    decoder.delete()
  }
}

/** @throws when OpenJPEG complained, or did not find every part the codestream is cut into */
function refuseBlanks(): void {
  const fault = said.find((line) => line.includes('[ERROR]'))
  if (fault) throw new Error(fault.replace('[ERROR]', '').trim())
  const parts = said
    .map((line) => /Header of tile (\d+) \/ (\d+) has been read/.exec(line))
    .filter((part) => part !== null)
  const found = new Set(parts.map(([, part]) => part)).size
  const of = Number(parts[0]?.[2] ?? 1)
  if (found !== of) throw new Error(`only ${found} of its ${of} parts are there`)
}

/** A copy, as RGB. Y, Cb, Cr → R, G, B as in JPEG: ITU-T T.871 (JFIF), section 7. */
function rgb(pixels: Uint8Array, components: 1 | 3, yCbCr: boolean): Uint8Array {
  if (components === 3 && !yCbCr) return Uint8Array.from(pixels)
  const out = new Uint8ClampedArray((pixels.length / components) * 3) // rounds and clamps
  for (let from = 0, to = 0; to < out.length; from += components, to += 3) {
    const y = pixels[from]!
    const cb = components === 1 ? 0 : pixels[from + 1]! - 128
    const cr = components === 1 ? 0 : pixels[from + 2]! - 128
    out[to] = y + 1.402 * cr
    out[to + 1] = y - 0.344136 * cb - 0.714136 * cr
    out[to + 2] = y + 1.772 * cb
  }
  return new Uint8Array(out.buffer)
}
