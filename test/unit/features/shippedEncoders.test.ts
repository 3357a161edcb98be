/** Encoders that come with the program. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { encoderFile } from '../../../src-main/cli/modelFile.ts'
import { readEncoderFile } from '../../../src-main/features/encoderFile.ts'
import { ENCODER_KEY } from '../../../src-main/features/encoderInFile.ts'
import { shippedEncoders } from '../../../src-main/features/shippedEncoders.ts'
import { encoderServer } from '../../../src-main/host/encoderServer.ts'
import { shippedEncodersFolder } from '../../../src-main/host/resources.ts'
import { sha256Of } from '../../../src-main/models/modelFiles.ts'
import { onnxBackend } from '../../../src-main/nn/backendOnnx.ts'
import type { EngineClient } from '../../../src-main/nn/engine.ts'
import { EncoderCard } from '../../../src-shared/encoders.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

/** Bytes a download grows by, at most, for each. */
const LARGEST = 6e6

const server = () => encoderServer((threads = 1) => onnxBackend(threads))
const engineOf = ({ calls }: ReturnType<typeof server>): EngineClient =>
  ({ call: (name: keyof typeof calls, input: never) => calls[name](input) }) as unknown as EngineClient

describe('encoders that come with Tessera', () => {
  test('each is small, says inside the file what its card says, and has credits', async () => {
    const found = await shippedEncoders(shippedEncodersFolder)
    expect(found.map(({ key }) => key)).toEqual(['embedded'])
    const credits = readFileSync(path.join(shippedEncodersFolder, 'CREDITS.md'), 'utf8')
    for (const { key, file, card } of found) {
      expect(statSync(file).size).toBeLessThan(LARGEST)
      expect(card.weights).toEqual({
        file: path.basename(file),
        sha256: await sha256Of(file),
        bytes: statSync(file).size,
      })
      const { metadata } = await server().calls['engine.inspectEncoder']({ file })
      const { weights: _weights, ...rest } = card
      expect(JSON.parse(metadata[ENCODER_KEY]!)).toEqual(rest)
      expect(card.made!.licence).toBe('CC0 1.0')
      expect(credits).toContain(`${key}.onnx`)
      expect(statSync(path.join(import.meta.dirname, '../../..', card.made!.script)).isFile()).toBe(true)
    }
  })

  test('a name is found among encoders, then among models, and one that does not exist is refused with those that do', async () => {
    expect(await encoderFile('embedded')).toBe(path.join(shippedEncodersFolder, 'embedded.onnx'))
    expect(await encoderFile('lymph-node')).toMatch(/models.lymph-node\.onnx$/)
    await expect(async () => encoderFile('kidney')).rejects.toMatchObject({
      code: 'MODEL_UNKNOWN',
      message: expect.stringContaining('There are: embedded, lymph-node') as string,
    })
  })

  test('a file of that name wins over the encoder', async () => {
    const before = process.cwd()
    process.chdir(temporaryFolder())
    try {
      writeFileSync('embedded', '')
      expect(await encoderFile('embedded')).toBe(path.resolve('embedded'))
    } finally {
      process.chdir(before)
    }
  })

  test.each([48, 96, 256])('the embedded one gives features of patches of %i px', async (edgePx) => {
    const engine = server()
    const file = await encoderFile('embedded')
    const { input, normalisation } = await readEncoderFile(engineOf(engine), file, {})
    expect(edgePx).toBeGreaterThanOrEqual(input.edges!.smallest)
    expect(edgePx).toBeLessThanOrEqual(input.edges!.largest)
    const order = { file, input: { edgePx, channels: 3 as const }, normalisation, layer: null }
    const { encoder, dimensions } = await engine.calls['engine.openEncoder'](order)
    const pixels = path.join(temporaryFolder(), 'one.pixels')
    writeFileSync(
      pixels,
      Uint8Array.from({ length: 2 * 3 * edgePx ** 2 }, (_, i) => (i * 7919) % 256),
    )
    const wanted = { encoder, file: pixels, patches: 2, numbers: Uint32Array.of(0, 1) }
    const { features } = await engine.calls['engine.encode'](wanted)
    expect(features).toHaveLength(2 * dimensions)
    expect(new Set(features).size).toBeGreaterThan(dimensions / 2)
  })

  test('nothing need be said of it, and what is said is refused', async () => {
    const file = await encoderFile('embedded')
    const engine = engineOf(server())
    const { card } = (await shippedEncoders(shippedEncodersFolder))[0]!
    expect(await readEncoderFile(engine, file, {})).toMatchObject({
      name: 'embedded',
      kind: 'tessera',
      layer: null,
      input: card.input,
      normalisation: card.normalisation,
    })
    for (const words of [{ layer: 'features' }, { edgePx: 96 }, { mpp: 0.5 }])
      await expect(readEncoderFile(engine, file, words)).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('a card inside that is of a newer version, or none, is refused', async () => {
    const broken = (text: string) =>
      readEncoderFile(
        { call: async () => ({ own: false, axes: [3, null, null], metadata: { [ENCODER_KEY]: text } }) } as never,
        'new.onnx',
        {},
      )
    const { weights: _weights, ...rest } = (await shippedEncoders(shippedEncodersFolder))[0]!.card
    await expect(broken(JSON.stringify({ ...rest, version: 2 }))).rejects.toMatchObject({
      code: 'MODEL_CARD_INVALID',
      data: { file: 'new.onnx', reason: expect.stringContaining('version') as string },
    })
    await expect(broken('{')).rejects.toMatchObject({ code: 'MODEL_CARD_INVALID' })
  })

  test('a folder that is not there has none', async () => {
    expect(await shippedEncoders(path.join(temporaryFolder(), 'encoders'))).toEqual([])
  })
})

test('a card written before edges could be free is read as one of a single edge', () => {
  const old = {
    format: 'tessera-encoder-card',
    version: 1,
    name: 'old',
    kind: 'onnx',
    weights: { file: 'old.onnx', sha256: 'x', bytes: 1 },
    layer: 'pooled',
    pooling: 'none',
    dimensions: 384,
    input: { edgePx: 224, channels: 3, mpp: 0.5 },
    normalisation: { mean: [0, 0, 0], std: [1, 1, 1] },
    saidBy: { layer: 'file', edgePx: 'flag', mpp: 'flag', normalisation: 'flag' },
  }
  const card = EncoderCard.parse(old)
  expect(card).toEqual(old)
  expect(card.input.edges).toBeUndefined()
})
