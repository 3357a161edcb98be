/**
 * Shift and zoom of a patch: a little more to the left, a little nearer. What would come in from outside is mirrored at the
 * edge (…2 1 0 | 0 1 2…), so that no border of one colour gives the change away.
 *
 *   source = centre + (target − centre) / zoom + shift        bilinear, rounded to whole grey levels
 */
import type { Random } from '../nn/random.ts'
import type { PatchShape } from './patchShape.ts'

/** px, whole numbers; zoom above 1 enlarges. */
export type Placement = { right: number; down: number; zoom: number }

/** @param shift largest, px @param zoom largest relative change of size, either way */
export function drawPlacement(shift: number, zoom: number, random: Random): Placement {
  const whole = () => Math.round(random.between(-shift, shift))
  const [right, down] = shift > 0 ? [whole(), whole()] : [0, 0]
  return { right, down, zoom: zoom > 0 ? (1 + zoom) ** random.between(-1, 1) : 1 }
}

/** Bits of the weight between two pixels. */
const BITS = 8
const ONE = 1 << BITS
const HALF = 1 << (2 * BITS - 1)

/** Makes the function that moves patches of one shape; it keeps tables of its own between calls. */
export function placer({ channels, height, width }: PatchShape) {
  const columns = axis(width)
  const rows = axis(height)
  const length = width * channels
  /** One row between two of the patch, in 1/256. */
  const between = new Uint16Array(length)
  /** @param into [height, width, channel] */
  return (pixels: Uint8Array, from: number, { right, down, zoom }: Placement, into: Uint8Array): void => {
    columns.fill(right, zoom, channels)
    rows.fill(down, zoom, length)
    for (let row = 0; row < height; row++) {
      const above = from + rows.near[row]!
      const below = from + rows.far[row]!
      const low = rows.share[row]!
      if (low === 0) for (let i = 0; i < length; i++) between[i] = pixels[above + i]! << BITS
      else
        for (let i = 0; i < length; i++) {
          const value = pixels[above + i]!
          between[i] = (value << BITS) + (pixels[below + i]! - value) * low
        }
      alongRow(between, columns, channels, into, row * length)
    }
  }
}

type Axis = ReturnType<typeof axis>

function alongRow(
  values: Uint16Array,
  { near, far, share }: Axis,
  channels: number,
  into: Uint8Array,
  start: number,
): void {
  if (channels === 3) return alongColourRow(values, near, far, share, into, start)
  for (let column = 0; column < near.length; column++)
    into[start + column] = mixed(values[near[column]!]!, values[far[column]!]!, share[column]!)
}

/** The three channels written out: this is where the time goes. */
function alongColourRow(
  values: Uint16Array,
  near: Int32Array,
  far: Int32Array,
  share: Int32Array,
  into: Uint8Array,
  start: number,
): void {
  const columns = near.length
  for (let column = 0, at = start; column < columns; column++, at += 3) {
    const left = near[column]!
    const right = far[column]!
    const part = share[column]!
    into[at] = mixed(values[left]!, values[right]!, part)
    into[at + 1] = mixed(values[left + 1]!, values[right + 1]!, part)
    into[at + 2] = mixed(values[left + 2]!, values[right + 2]!, part)
  }
}

/** Between two values in 1/256, to a whole grey level. */
const mixed = (a: number, b: number, part: number): number => (a * ONE + (b - a) * part + HALF) >> (2 * BITS)

/** For each place along one axis: the two places it lies between, as offsets, and how near it is to the second. */
function axis(length: number) {
  const near = new Int32Array(length)
  const far = new Int32Array(length)
  const share = new Int32Array(length)
  const mirrored = (place: number): number => {
    const around = ((place % (2 * length)) + 2 * length) % (2 * length)
    return around < length ? around : 2 * length - 1 - around
  }
  return {
    near,
    far,
    share,
    fill(shift: number, zoom: number, stride: number): void {
      const centre = (length - 1) / 2
      for (let place = 0; place < length; place++) {
        const source = centre + (place - centre) / zoom + shift
        const whole = Math.floor(source)
        near[place] = stride * mirrored(whole)
        far[place] = stride * mirrored(whole + 1)
        share[place] = Math.round((source - whole) * ONE)
      }
    },
  }
}
