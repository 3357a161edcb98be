/**
 * Putting many patches in order by one number each. Pure.
 *
 * Key and place are packed into one float64 (31 bits of a float32 that is not negative, 22 bits of place: 53 bits, all
 * exact), so that the numbers are sorted natively and equals stay in their order: 300,000 in some 20 ms, where a
 * comparison function takes ten times as long.
 */

const PLACES = 2 ** 22
/** The bits of Infinity, the largest number there is. */
const INFINITY_BITS = 0x7f800000

/**
 * @param patches at most 2²² of them
 * @param keys [place in `patches`] 0 … Infinity; NaN = it has none, and comes last whatever the direction
 * @returns the patches by their keys; equals in the order they came
 */
export function orderByKey(
  patches: Uint32Array,
  keys: Float32Array,
  direction: 'ascending' | 'descending' = 'ascending',
): Uint32Array {
  if (patches.length > PLACES)
    throw new RangeError(`${patches.length} patches can not be put in order at once; at most ${PLACES} can.`)
  const bits = new Uint32Array(keys.buffer, keys.byteOffset, keys.length)
  const packed = new Float64Array(patches.length)
  for (let place = 0; place < patches.length; place++) {
    const key = keys[place]!
    if (key < 0) throw new RangeError(`The key of patch ${patches[place]} is ${key}; keys are not negative.`)
    // NaN is above Infinity by its bits, whatever its payload. −0 counts as 0.
    const own = Number.isNaN(key) ? INFINITY_BITS + 1 : key === 0 ? 0 : bits[place]!
    const rank = direction === 'ascending' || own > INFINITY_BITS ? own : INFINITY_BITS - own
    packed[place] = rank * PLACES + place
  }
  packed.sort()
  const ordered = new Uint32Array(patches.length)
  for (let i = 0; i < packed.length; i++) ordered[i] = patches[packed[i]! % PLACES]!
  return ordered
}
