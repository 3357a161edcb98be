/** What an extraction asks of the reader and of the engine; the engine itself is tested beside it. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { EncoderFile } from '../../../src-main/features/encoderFile.ts'
import { openEncoderFile } from '../../../src-main/features/extract.ts'
import type { EngineClient } from '../../../src-main/nn/engine.ts'
import type { PatchSource } from '../../../src-shared/patches.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const described: EncoderFile = {
  name: 'an encoder',
  kind: 'tessera',
  file: 'encoder.onnx',
  layer: null,
  input: { edgePx: 96, edges: { smallest: 48, largest: 256 }, channels: 3, mpp: micronPerPx(1) },
  normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
  saidBy: { layer: 'file', edgePx: 'card', mpp: 'card', normalisation: 'card' },
}
const setOf = (width: number) => ({ kind: 'set', width, mpp: 1 }) as PatchSource

/** An engine whose encoder of edge e gives e as the only feature of each patch. */
async function bench() {
  const opened: number[] = []
  const read: number[] = []
  const call = async (name: string, input: { encoder: number; patches: number; input: { edgePx: number } }) => {
    if (name === 'engine.encode') return { features: new Float32Array(input.patches).fill(input.encoder) }
    opened.push(input.input.edgePx)
    return { encoder: input.input.edgePx, layer: 'l', pooling: 'none', dimensions: 1, sha256: 'x', bytes: 1 }
  }
  const readPixels = async ({ edgePx }: { edgePx: number }, file: string) => {
    read.push(edgePx)
    writeFileSync(file, '')
    return new Uint32Array()
  }
  const folder = temporaryFolder()
  const scratch = path.join(folder, 'features', 'scratch')
  const encoder = await openEncoderFile({ call } as unknown as EngineClient, readPixels, described, scratch)
  const extract = async (source: PatchSource, name: string): Promise<number[]> => {
    const file = path.join(folder, 'features', name)
    const signal = new AbortController().signal
    await encoder.extract({ source, patches: Uint32Array.of(4, 9), file, signal, onProgress: () => undefined })
    return [...new Float32Array(new Uint8Array(readFileSync(file)).buffer)]
  }
  return { opened, read, encoder, extract }
}

test('patches inside the range of an encoder are read and encoded at their own size, others are refused', async () => {
  const { opened, read, extract } = await bench()
  expect(await extract(setOf(64), 'a')).toEqual([64, 64])
  expect(await extract(setOf(96), 'b')).toEqual([96, 96])
  expect(await extract(setOf(64), 'c')).toEqual([64, 64])
  expect(read).toEqual([64, 96, 64])
  // once for each edge
  expect(opened).toEqual([96, 64])
  await expect(extract(setOf(300), 'd')).rejects.toMatchObject({ code: 'MODEL_SPACING_MISMATCH' })
})

test('the card says the range', async () => {
  const { encoder } = await bench()
  expect(encoder.card).toMatchObject({ dimensions: 1, input: described.input })
})

test('features go into a folder that is not there yet', async () => {
  const { extract } = await bench()
  expect(await extract(setOf(96), 'first')).toEqual([96, 96])
})
