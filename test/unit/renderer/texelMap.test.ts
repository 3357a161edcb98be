/** What a million patches cost to draw: one picture, and only what changed is handed over. */
import { beforeEach, expect, type Mock, test, vi } from 'vitest'
import { level0Px } from '../../../src-shared/units.ts'
import type { GridGeometry } from '../../../src-shared/patches.ts'
import type { Frame } from '../../../src-renderer/viewer/layers/layer.ts'
import { TexelMap } from '../../../src-renderer/viewer/layers/texelMap.ts'

const grid = (columns: number, rows: number): GridGeometry => ({
  edgeX: level0Px(96),
  edgeY: level0Px(96),
  strideX: level0Px(96),
  strideY: level0Px(96),
  offsetX: level0Px(0),
  offsetY: level0Px(0),
  columns,
  rows,
})

let put: Mock<(...where: unknown[]) => void>
let halved: Mock<(...where: unknown[]) => void>

beforeEach(() => {
  put = vi.fn<(...where: unknown[]) => void>()
  halved = vi.fn<(...where: unknown[]) => void>()
  vi.stubGlobal(
    'ImageData',
    class {
      data: Uint8ClampedArray
      constructor(width: number, height: number) {
        this.data = new Uint8ClampedArray(4 * width * height)
      }
    },
  )
  vi.stubGlobal(
    'OffscreenCanvas',
    class {
      width: number
      height: number
      constructor(width: number, height: number) {
        this.width = width
        this.height = height
      }
      getContext() {
        return { putImageData: put, drawImage: halved }
      }
    },
  )
})

function aFrame(pxPerLevel0 = 0.01): { frame: Frame; calls: string[] } {
  const calls: string[] = []
  const g = new Proxy(
    {},
    {
      get: (_, name) => () => {
        calls.push(String(name))
      },
      set: () => true,
    },
  ) as CanvasRenderingContext2D
  const centre = { x: level0Px(640 / pxPerLevel0), y: level0Px(400 / pxPerLevel0) }
  const view = { pxPerLevel0, centre, rotation: 0, mirrored: false, width: 1280, height: 800 }
  return { frame: { g, density: 1, view }, calls }
}

test('a grid of 1,000,000 patches is drawn with one drawImage', () => {
  const map = new TexelMap(grid(1000, 1000))
  map.update()
  const { frame, calls } = aFrame()
  map.draw(frame, 0.5)
  expect(
    calls.filter((name) => name.startsWith('draw') || name.startsWith('fill') || name.startsWith('stroke')),
  ).toEqual(['drawImage'])
  expect(put).toHaveBeenCalledTimes(1)
})

test('patches that changed are handed over as the rectangle around them, not as the whole grid', () => {
  const map = new TexelMap(grid(1000, 1000))
  map.update([5 * 1000 + 7, 6 * 1000 + 9])
  const [, , , x, y, width, height] = put.mock.calls[0] as number[]
  expect([x, y, width, height]).toEqual([7, 5, 3, 2])
})

test('a grid wider than a canvas can be is drawn in as many pieces as it needs', () => {
  const map = new TexelMap(grid(10_000, 100))
  map.update()
  const { frame, calls } = aFrame()
  map.draw(frame, 1)
  expect(calls.filter((name) => name === 'drawImage')).toHaveLength(3)
})

test('texels much smaller than a pixel are halved once and kept, until patches change', () => {
  const map = new TexelMap(grid(1000, 1000))
  map.update()
  for (let i = 0; i < 5; i++) map.draw(aFrame(0.001).frame, 1) // cells of 0.096 px
  expect(halved).toHaveBeenCalledTimes(3)
  map.update([7])
  map.draw(aFrame(0.001).frame, 1)
  expect(halved).toHaveBeenCalledTimes(6)
})
