/** What an encoder file of another program is asked for, and where each fact is looked for. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { readEncoderFile } from '../../../src-main/features/encoderFile.ts'
import type { EncoderWords } from '../../../src-shared/features.ts'
import type { EngineClient } from '../../../src-main/nn/engine.ts'
import type { EncoderFacts } from '../../../src-main/nn/encoderContract.ts'
import { readFeatures, writeFeatures } from '../../../src-main/features/featureFile.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

/** An engine that has looked at the file. */
const seeing = (axes: EncoderFacts['axes']): EngineClient =>
  ({ call: async () => ({ own: false, axes, metadata: {} }) }) as unknown as EngineClient

const open = [3, null, null]

async function read(
  words: EncoderWords,
  { axes = open, config }: { axes?: EncoderFacts['axes']; config?: unknown } = {},
) {
  const folder = temporaryFolder()
  if (config !== undefined)
    writeFileSync(path.join(folder, 'config.json'), typeof config === 'string' ? config : JSON.stringify(config))
  return readEncoderFile(seeing(axes), path.join(folder, 'vit.onnx'), words)
}

const wsinfer = {
  spec_version: '1.0',
  architecture: 'resnet34',
  num_classes: 2,
  patch_size_pixels: 350,
  spacing_um_px: 0.25,
  class_names: ['Other', 'Tumor'],
  transform: [
    { name: 'Resize', arguments: { size: 224 } },
    { name: 'ToTensor' },
    { name: 'Normalize', arguments: { mean: [0.7238, 0.5716, 0.6779], std: [0.112, 0.1459, 0.1089] } },
  ],
}
const timm = {
  architecture: 'vit_small_patch16_224',
  num_features: 384,
  pretrained_cfg: { input_size: [3, 224, 224], mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], crop_pct: 0.9 },
}
const figures = { mean: [0.1, 0.2, 0.3], std: [0.4, 0.5, 0.6] }

describe('an ONNX file of another program', () => {
  test('alone says too little: all that is missing is asked for at once', async () => {
    await expect(read({})).rejects.toMatchObject({
      code: 'ENCODER_INCOMPLETE',
      data: { missing: [expect.stringContaining('--input-size'), expect.stringContaining('--mean R,G,B and --std')] },
    })
  })

  test('flags say it', async () => {
    expect(await read({ edgePx: 96, ...figures, mpp: 0.5, layer: 'pool' })).toMatchObject({
      name: 'vit',
      kind: 'onnx',
      layer: 'pool',
      input: { edgePx: 96, channels: 3, mpp: 0.5 },
      normalisation: figures,
      saidBy: { layer: 'flag', edgePx: 'flag', mpp: 'flag', normalisation: 'flag' },
    })
  })

  test('a config.json of the WSInfer zoo says it; the network sees its patches at the µm/px they are reduced to', async () => {
    const found = await read({}, { config: wsinfer })
    expect(found).toMatchObject({
      name: 'resnet34',
      input: { edgePx: 224, channels: 3 },
      normalisation: { mean: [0.7238, 0.5716, 0.6779], std: [0.112, 0.1459, 0.1089] },
      saidBy: { layer: 'file', edgePx: 'config.json', mpp: 'config.json', normalisation: 'config.json' },
    })
    expect(found.input.mpp).toBeCloseTo((0.25 * 350) / 224, 10)
  })

  test('so does one of timm, which knows no µm/px', async () => {
    expect(await read({}, { config: timm })).toMatchObject({
      name: 'vit_small_patch16_224',
      input: { edgePx: 224, channels: 3, mpp: null },
      normalisation: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
      saidBy: { mpp: 'nobody' },
    })
  })

  test('what a person says wins over the file, and the file over config.json', async () => {
    expect(await read({}, { axes: [3, 192, 192], config: timm })).toMatchObject({
      input: { edgePx: 192 },
      saidBy: { edgePx: 'file' },
    })
    expect(await read({ ...figures }, { config: timm })).toMatchObject({
      normalisation: figures,
      saidBy: { normalisation: 'flag', edgePx: 'config.json' },
    })
  })

  test('a grey one wants one figure each, and four channels are refused', async () => {
    expect(await read({ edgePx: 28, mean: [0.13], std: [0.31] }, { axes: [1, null, null] })).toMatchObject({
      input: { channels: 1 },
    })
    await expect(read({ edgePx: 28, mean: [0.13], std: [0.31] })).rejects.toMatchObject({
      data: { missing: [expect.stringContaining('3 means and 3 deviations')] },
    })
    await expect(read({ edgePx: 28, ...figures }, { axes: [4, null, null] })).rejects.toMatchObject({
      data: { missing: [expect.stringContaining('it has 4')] },
    })
  })

  test.each([
    ['no JSON', '{', /no JSON/],
    ['of neither kind', { a: 1 }, /pretrained_cfg/],
    ['of WSInfer with a step nobody knows', { ...wsinfer, transform: [{ name: 'Rotate' }] }, /transform/],
  ])('a config.json that is %s is refused by name', async (_, config, words) => {
    await expect(read({ edgePx: 96, ...figures }, { config })).rejects.toMatchObject({
      code: 'FILE_BROKEN',
      message: expect.stringMatching(words),
      data: { file: expect.stringContaining('config.json') },
    })
  })
})

describe('a file of features', () => {
  test('gives back the rows that were appended', async () => {
    const file = path.join(temporaryFolder(), 'features.f32')
    const writer = await writeFeatures(file)
    await writer.append(Float32Array.of(1, 2, 3, 4))
    await writer.append(Float32Array.of(5, 6).subarray(0))
    await writer.close()
    expect([...(await readFeatures(file, 3, 2))]).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('that was cut short, or is of other patches, is refused with both sizes', async () => {
    const file = path.join(temporaryFolder(), 'features.f32')
    writeFileSync(file, new Uint8Array(20))
    await expect(readFeatures(file, 3, 2)).rejects.toMatchObject({
      code: 'FILE_BROKEN',
      data: { reason: '24 bytes expected, 20 found' },
    })
  })
})
