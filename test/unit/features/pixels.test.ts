import { open, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { normalisationTables, toNetworkInput } from '../../../src-main/features/networkInput.ts'
import { measureNormalisation } from '../../../src-main/features/normalisation.ts'
import { inMemory, openPixelFile, WHOLE_UP_TO } from '../../../src-main/features/pixelFile.ts'
import { symmetriesOf } from '../../../src-main/features/symmetries.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const shape = { channels: 3, height: 2, width: 2 }
const [asItIs] = symmetriesOf(shape)
/** Five patches; the bytes are 0, 1, 2 … */
const bytes = Uint8Array.from({ length: 60 }, (_, place) => place)

describe('network input', () => {
  test('brings channels apart and normalises each by its own mean and deviation', () => {
    const into = new Float32Array(12)
    const pixels = Uint8Array.of(0, 51, 255, 51, 102, 255, 102, 153, 255, 255, 255, 255)
    toNetworkInput(pixels, 1, shape, normalisationTables({ mean: [0, 0.2, 1], std: [1, 0.5, 2] }, 3), asItIs, into)
    const expected = [0, 0.2, 0.4, 1, 0, 0.4, 0.8, 1.6, 0, 0, 0, 0]
    for (const [place, value] of expected.entries()) expect(into[place]).toBeCloseTo(value, 6)
  })

  test('a normalisation of one channel is refused for a picture of three', () =>
    expect(() => normalisationTables({ mean: [0.5], std: [0.2] }, 3)).toThrow('channel 2 is needed'))
})

describe('mean and deviation of the training patches', () => {
  test('are those of every channel', () => {
    const two = Uint8Array.of(0, 255, 51, 255, 255, 51)
    expect(measureNormalisation(inMemory(two, 1, { channels: 3, height: 1, width: 2 }))).toEqual({
      mean: [0.5, 1, 0.2],
      std: [0.5, 0.01, 0.01],
    })
  })
})

describe.each([
  ['in memory', WHOLE_UP_TO],
  ['on disk', 0],
])('a pixel file read %s', (_, wholeUpTo) => {
  const written = async (content: Uint8Array) => {
    const file = path.join(temporaryFolder(), 'pixels')
    await writeFile(file, content)
    return file
  }

  test('gives each patch and each range its own bytes', async () => {
    const pixels = await openPixelFile(await written(bytes), 5, shape, wholeUpTo)
    const { pixels: one, at } = pixels.patch(3)
    expect([...one.subarray(at, at + 12)]).toEqual([...bytes.subarray(36, 48)])
    expect([...pixels.range(1, 2)]).toEqual([...bytes.subarray(12, 36)])
    await pixels.close()
  })

  test('that was not written to its end is refused with both sizes', async () => {
    const file = await written(bytes.subarray(0, 59))
    await expect(openPixelFile(file, 5, shape, wholeUpTo)).rejects.toMatchObject({
      code: 'FILE_BROKEN',
      data: { file, reason: '60 bytes expected, 59 found' },
    })
  })

  test('that is not there is refused', async () => {
    const file = path.join(temporaryFolder(), 'missing')
    await expect(openPixelFile(file, 5, shape, wholeUpTo)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })
})

test('a pixel file cut short while it is read is refused, not filled with old bytes', async () => {
  const file = path.join(temporaryFolder(), 'pixels')
  await writeFile(file, bytes)
  const pixels = await openPixelFile(file, 5, shape, 0)
  await truncate(file, 30)
  expect(() => pixels.patch(4)).toThrow('was not written to its end')
  await pixels.close()
})

test('a closed pixel file leaves no handle open', async () => {
  const file = path.join(temporaryFolder(), 'pixels')
  await writeFile(file, bytes)
  const pixels = await openPixelFile(file, 5, shape, 0)
  await pixels.close()
  expect(() => pixels.patch(0)).toThrow()
  await (await open(file, 'r+')).close()
})
