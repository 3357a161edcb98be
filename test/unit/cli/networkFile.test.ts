/** A network of one's own from a file: read whole, or refused with the file and the reason. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readNetworkFile } from '../../../src-main/cli/networkFile.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const network = {
  name: 'four filters',
  input: [3, 96, 96],
  layers: [
    { kind: 'convolution', id: 'c1', filters: 4, kernel: 5 },
    { kind: 'global-average-pool', id: 'mean' },
    { kind: 'dense', id: 'classes', units: 2 },
  ],
}

function aFile(text: string): string {
  const file = path.join(temporaryFolder(), 'network.json')
  writeFileSync(file, text)
  return file
}

test('a network is read with the defaults of its layers', async () => {
  const read = await readNetworkFile(aFile(JSON.stringify(network)))
  expect(read).toMatchObject(network)
  expect(read.layers[0]).toMatchObject({ stride: 1, padding: 0, bias: true })
})

test.each([
  ['{ "name": ', 'no JSON'],
  ['[]', 'expected object'],
  [JSON.stringify({ ...network, layers: [{ kind: 'magic', id: 'm' }] }), 'layers[0].kind'],
])('%s is refused: %s', (text, reason) =>
  expect(readNetworkFile(aFile(text))).rejects.toMatchObject({
    code: 'FILE_BROKEN',
    data: { reason: expect.stringContaining(reason) },
  }),
)

test('a file that is not there is named', () =>
  expect(readNetworkFile('/nowhere/network.json')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' }))
