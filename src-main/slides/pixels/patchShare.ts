/** Which share of each patch of a grid a mask covers. Pure. */
import { type GridGeometry, patchCount, patchRect } from '../../../src-shared/patches.ts'

type ScaledMask = {
  /** 0 or 1: [height, width] */
  mask: Uint8Array
  width: number
  height: number
  /** level-0 px that one px stands for, along each axis */
  scaleX: number
  scaleY: number
}

/** @returns 0 … 1: [patch] */
export function shareOfPatches({ mask, width, height, scaleX, scaleY }: ScaledMask, grid: GridGeometry): Float32Array {
  const sums = integral(mask, width, height)
  const share = new Float32Array(patchCount(grid))
  for (let patch = 0; patch < share.length; patch++) {
    const rect = patchRect(grid, patch)
    const left = rect.x / scaleX
    const top = rect.y / scaleY
    const right = Math.min(width, (rect.x + rect.width) / scaleX)
    const bottom = Math.min(height, (rect.y + rect.height) / scaleY)
    const covered = sums(right, bottom) - sums(left, bottom) - sums(right, top) + sums(left, top)
    share[patch] = Math.min(1, Math.max(0, covered / ((right - left) * (bottom - top))))
  }
  return share
}

/**
 * Area of the mask above and left of a point, which may lie inside a pixel: an integral image is exact between its points
 * when it is interpolated, because a pixel is one value all over.
 */
function integral(mask: Uint8Array, width: number, height: number): (x: number, y: number) => number {
  const stride = width + 1
  const sums = new Uint32Array(stride * (height + 1))
  for (let y = 0; y < height; y++) {
    let row = 0
    for (let x = 0; x < width; x++) {
      row += mask[y * width + x]!
      sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1]! + row
    }
  }
  return (x, y) => {
    const column = Math.min(width - 1, Math.floor(x))
    const line = Math.min(height - 1, Math.floor(y))
    const [right, down] = [x - column, y - line]
    const at = line * stride + column
    const above = sums[at]! * (1 - right) + sums[at + 1]! * right
    const below = sums[at + stride]! * (1 - right) + sums[at + stride + 1]! * right
    return above * (1 - down) + below * down
  }
}
