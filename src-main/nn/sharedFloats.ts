/** Floats that every thread sees. */
export const sharedFloats = (length: number): Float32Array => new Float32Array(new SharedArrayBuffer(4 * length))

export const sharedDoubles = (length: number): Float64Array => new Float64Array(new SharedArrayBuffer(8 * length))

export const isShared = (numbers: Float32Array | Float64Array): boolean => numbers.buffer instanceof SharedArrayBuffer

export function sharedCopy(floats: Float32Array): Float32Array {
  const copy = sharedFloats(floats.length)
  copy.set(floats)
  return copy
}
