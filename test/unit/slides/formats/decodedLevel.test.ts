/** Tiles that are decoded here are kept, within a limit that all open slides share. */
import { expect, test } from 'vitest'
import { decodedLevel } from '../../../../src-main/slides/formats/decodedLevel.ts'

/** Tiles of 48 MB each, of which two may be kept; none is really stored. */
function level() {
  const decoded: number[] = []
  const grid = { width: 40_000, height: 4000, tileWidth: 4000, tileHeight: 4000, columns: 10, rows: 1 }
  const reader = decodedLevel(
    grid,
    async (column) => {
      decoded.push(column)
      return null
    },
    1,
  )
  return { reader, decoded }
}

test('a tile that is asked for again is not decoded again', async () => {
  const { reader, decoded } = level()
  await reader.tile(0, 0)
  await reader.tile(0, 0)
  await reader.region({ x: 100, y: 100, width: 50, height: 50 })
  expect(decoded).toEqual([0])
})

test('what is kept is bounded: the tile not used longest is decoded anew', async () => {
  const { reader, decoded } = level()
  for (const column of [0, 1, 0, 2, 0, 1]) await reader.tile(column, 0)
  expect(decoded).toEqual([0, 1, 2, 1])
})
