/**
 * Shift, zoom and tilt of a patch: a little more to the left, a little nearer, a little turned, in one resampling. What
 * would come in from outside is mirrored at the edge (…2 1 0 | 0 1 2…), so that no border of one colour gives the change
 * away.
 *
 *   source = centre + R(−tilt) · (target − centre) / zoom + shift        bilinear, rounded to whole grey levels
 *   R(t) = [cos t, −sin t; sin t, cos t] over (right, down): clockwise as seen
 *
 * Without a tilt the two axes are worked out apart, each with a table of its own, which is several times as fast.
 */
import type { Random } from '../nn/random.ts'
import type { PatchShape } from './patchShape.ts'

/** right, down: px, whole numbers; zoom above 1 enlarges; tilt in degrees, above 0 turns what is seen clockwise. */
export type Placement = { right: number; down: number; zoom: number; tilt: number }

/** shift: largest, px; zoom: largest relative change of size; tilt: largest, degrees; each either way. 0 draws nothing. */
type Reach = { shift: number; zoom: number; tilt: number }

export function drawPlacement({ shift, zoom, tilt }: Reach, random: Random): Placement {
  const whole = () => Math.round(random.between(-shift, shift))
  const [right, down] = shift > 0 ? [whole(), whole()] : [0, 0]
  return {
    right,
    down,
    zoom: zoom > 0 ? (1 + zoom) ** random.between(-1, 1) : 1,
    tilt: tilt > 0 ? random.between(-tilt, tilt) : 0,
  }
}

/** Bits of the weight between two pixels. */
const BITS = 8
const ONE = 1 << BITS
const HALF = 1 << (2 * BITS - 1)

/** @param into [height, width, channel] */
type Place = (pixels: Uint8Array, from: number, placement: Placement, into: Uint8Array) => void

/** Makes the function that moves patches of one shape; it keeps tables of its own between calls. */
export function placer(shape: PatchShape): Place {
  const placeStraight = straightPlacer(shape)
  return (pixels, from, placement, into) => {
    if (placement.tilt === 0) placeStraight(pixels, from, placement, into)
    else placeTilted(shape, pixels, from, placement, into)
  }
}

/** Each pixel for itself, from the four around its source. */
function placeTilted(
  { channels, height, width }: PatchShape,
  pixels: Uint8Array,
  from: number,
  { right, down, zoom, tilt }: Placement,
  into: Uint8Array,
): void {
  const cos = Math.cos((tilt * Math.PI) / 180) / zoom
  const sin = Math.sin((tilt * Math.PI) / 180) / zoom
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2]
  let at = 0
  for (let row = 0; row < height; row++) {
    const rowX = centreX + right + sin * (row - centreY)
    const rowY = centreY + down + cos * (row - centreY)
    for (let column = 0; column < width; column++) {
      const x = rowX + cos * (column - centreX)
      const y = rowY - sin * (column - centreX)
      const wholeX = Math.floor(x)
      const wholeY = Math.floor(y)
      const partX = Math.round((x - wholeX) * ONE)
      const partY = Math.round((y - wholeY) * ONE)
      const near = mirrored(wholeX, width)
      const far = mirrored(wholeX + 1, width)
      const above = from + channels * width * mirrored(wholeY, height)
      const below = from + channels * width * mirrored(wholeY + 1, height)
      for (let channel = 0; channel < channels; channel++) {
        const nearAbove = pixels[above + channels * near + channel]!
        const farAbove = pixels[above + channels * far + channel]!
        const nearBelow = pixels[below + channels * near + channel]!
        const farBelow = pixels[below + channels * far + channel]!
        const left = (nearAbove << BITS) + (nearBelow - nearAbove) * partY
        into[at++] = mixed(left, (farAbove << BITS) + (farBelow - farAbove) * partY, partX)
      }
    }
  }
}

/** Axis by axis: rows first, then along each row. */
function straightPlacer({ channels, height, width }: PatchShape): Place {
  const columns = axis(width)
  const rows = axis(height)
  const length = width * channels
  /** One row between two of the patch, in 1/256. */
  const between = new Uint16Array(length)
  return (pixels, from, { right, down, zoom }, into) => {
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

/** Where a place outside 0 … length − 1 is seen in the mirror at the edge. */
function mirrored(place: number, length: number): number {
  if (place >= 0 && place < length) return place
  const around = ((place % (2 * length)) + 2 * length) % (2 * length)
  return around < length ? around : 2 * length - 1 - around
}

/** For each place along one axis: the two places it lies between, as offsets, and how near it is to the second. */
function axis(length: number) {
  const near = new Int32Array(length)
  const far = new Int32Array(length)
  const share = new Int32Array(length)
  return {
    near,
    far,
    share,
    fill(shift: number, zoom: number, stride: number): void {
      const centre = (length - 1) / 2
      for (let place = 0; place < length; place++) {
        const source = centre + (place - centre) / zoom + shift
        const whole = Math.floor(source)
        near[place] = stride * mirrored(whole, length)
        far[place] = stride * mirrored(whole + 1, length)
        share[place] = Math.round((source - whole) * ONE)
      }
    },
  }
}
