/** Typed arrays in a contract: they cross a wire whole, never as lists of numbers. */
import * as z from 'zod'

const arrayOf = <T>(type: abstract new (...args: never[]) => T, name: string) =>
  z.custom<T>((value) => value instanceof type, `expected a ${name}`)

export const bytes = arrayOf<Uint8Array>(Uint8Array, 'Uint8Array')
export const uint16s = arrayOf<Uint16Array>(Uint16Array, 'Uint16Array')
export const uint32s = arrayOf<Uint32Array>(Uint32Array, 'Uint32Array')
export const float32s = arrayOf<Float32Array>(Float32Array, 'Float32Array')
