/** Features as HDF5: the layout other programs expect, read back here and by h5py where it is installed. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { File, ready } from 'h5wasm/node'
import type { EncoderCard } from '../../../src-shared/encoders.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { type FeatureTable, readFeatureH5, writeFeatureH5 } from '../../../src-main/features/featureH5.ts'
import { seeded } from '../../../src-main/nn/random.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const encoder: EncoderCard = {
  format: 'tessera-encoder-card',
  version: 1,
  name: 'Lymph node',
  kind: 'tessera',
  weights: { file: 'lymph.onnx', sha256: 'a'.repeat(64), bytes: 12 },
  layer: 'mean',
  pooling: 'none',
  dimensions: 4,
  input: { edgePx: 96, channels: 3, mpp: micronPerPx(0.5) },
  normalisation: { mean: [0.7, 0.5, 0.7], std: [0.2, 0.2, 0.2] },
  saidBy: { layer: 'file', edgePx: 'card', mpp: 'card', normalisation: 'card' },
}

const random = seeded(1)
const onSlide: FeatureTable = {
  name: 'Schnitt 1',
  encoder,
  features: Float32Array.from({ length: 12 }, random.normal),
  patches: 3,
  places: {
    topLeft: BigInt64Array.of(0n, 0n, 192n, 0n, 100_000n, 80_000n),
    attributes: {
      patch_size: 96,
      patch_size_level0: 192,
      level0_magnification: 40,
      target_magnification: 20,
      overlap: 0,
      level0_width: 120_000,
      level0_height: 90_000,
    },
  },
  files: null,
  labels: null,
}
const ofFiles: FeatureTable = {
  ...onSlide,
  places: null,
  files: ['tumor/a.jpg', 'normal/ü 😐.png', 'c.tif'],
  labels: ['tumor', 'normal', ''],
}

test('features and coords come back as they were written, row by row', async () => {
  const file = path.join(temporaryFolder(), 'Schnitt ü.h5')
  await writeFeatureH5(file, onSlide)
  expect(await readFeatureH5(file)).toEqual({
    features: onSlide.features,
    patches: 3,
    dimensions: 4,
    coords: onSlide.places!.topLeft,
    edgeLevel0: 192,
    edgePx: 96,
    encoderName: 'Lymph node',
    card: encoder,
  })
  expect(readdirSync(path.dirname(file))).toEqual(['Schnitt ü.h5'])
})

test('patches that are files have no place on a slide: their coords are −1, and their names stand beside them', async () => {
  const file = path.join(temporaryFolder(), 'set.h5')
  await writeFeatureH5(file, ofFiles)
  expect([...(await readFeatureH5(file)).coords]).toEqual(new Array(6).fill(-1n))
})

const hasH5py = spawnSync('/usr/bin/python3', ['-c', 'import h5py']).status === 0
const READ = `
import h5py, json, sys
f = h5py.File(sys.argv[1])
plain = lambda v: v.tolist() if hasattr(v, "tolist") else v
print(json.dumps({k: {"dtype": str(f[k].dtype), "shape": f[k].shape,
    "values": [v.decode() for v in f[k][:]] if f[k].dtype == object else f[k][:].ravel().tolist(),
    "attributes": {a: [type(v).__name__, plain(v)] for a, v in f[k].attrs.items()}} for k in f} | {"card": f.attrs["tessera_encoder"]}))
`
const asH5py = (file: string) => {
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['-c', READ, file], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Record<string, unknown>
}

test.skipIf(!hasH5py)('h5py reads the layout of TRIDENT: types, shapes, attributes', async () => {
  const folder = temporaryFolder()
  const file = path.join(folder, 'slide.h5')
  await writeFeatureH5(file, onSlide)
  const found = asH5py(file)
  expect(found).toMatchObject({
    features: {
      dtype: 'float32',
      shape: [3, 4],
      values: [...onSlide.features],
      attributes: { name: ['str', 'Schnitt 1'], savetodir: ['str', folder], encoder: ['str', 'Lymph node'] },
    },
    coords: {
      dtype: 'int64',
      shape: [3, 2],
      values: [0, 0, 192, 0, 100_000, 80_000],
      attributes: {
        name: ['str', 'Schnitt 1'],
        savetodir: ['str', folder],
        patch_size: ['int64', 96],
        patch_size_level0: ['int64', 192],
        level0_magnification: ['float64', 40],
        target_magnification: ['float64', 20],
        overlap: ['int64', 0],
        level0_width: ['int64', 120_000],
        level0_height: ['int64', 90_000],
      },
    },
  })
  expect(JSON.parse(found['card'] as string)).toEqual(encoder)
})

test.skipIf(!hasH5py)('h5py reads names and labels of patches that are files', async () => {
  const file = path.join(temporaryFolder(), 'set.h5')
  await writeFeatureH5(file, ofFiles)
  expect(asH5py(file)).toMatchObject({
    files: { shape: [3], values: ofFiles.files },
    labels: { shape: [3], values: ofFiles.labels },
  })
})

test('a file that is cut short, is no HDF5, or has other datasets is refused with the reason', async () => {
  const folder = temporaryFolder()
  const whole = path.join(folder, 'whole.h5')
  await writeFeatureH5(whole, onSlide)
  const half = path.join(folder, 'half.h5')
  const bytes = readFileSync(whole)
  writeFileSync(half, bytes.subarray(0, bytes.length / 2))
  const text = path.join(folder, 'text.h5')
  writeFileSync(text, 'dear diary')
  const other = path.join(folder, 'other.h5')
  await ready
  const out = new File(other, 'w')
  out.create_dataset({ name: 'features', data: Float64Array.of(1, 2), shape: [1, 2], dtype: '<d' })
  out.create_dataset({ name: 'coords', data: BigInt64Array.of(1n, 2n), shape: [1, 2], dtype: '<q' })
  out.close()
  for (const [file, words] of [
    [half, /no file of features.*: truncated file/],
    [text, /no file of features.*: file signature not found/],
    [other, /“features” is <d \[1, 2\], float32/],
  ] as const)
    await expect(readFeatureH5(file), file).rejects.toMatchObject({
      code: 'FILE_BROKEN',
      message: expect.stringMatching(words),
    })
  await expect(readFeatureH5(path.join(folder, 'none.h5'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
})

test('a folder that is not there is refused, and nothing is left behind', async () => {
  const folder = temporaryFolder()
  await expect(writeFeatureH5(path.join(folder, 'no', 'x.h5'), onSlide)).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
  })
  expect(readdirSync(folder)).toEqual([])
})
