/**
 * Values between the test and the page: JSON with typed arrays marked and in base64, because the browser's debugging
 * protocol, unlike Electron, has no structured clone. The page's half is `reviveSource` and `packSource`.
 */
const arrays = { Uint8Array, Uint16Array, Uint32Array, Int32Array, Float32Array, Float64Array } as const

type Marked = { $array: keyof typeof arrays; base64: string }

export const pack = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) => {
    if (!ArrayBuffer.isView(each)) return each
    const bytes = Buffer.from(each.buffer, each.byteOffset, each.byteLength)
    return { $array: each instanceof Buffer ? 'Uint8Array' : each.constructor.name, base64: bytes.toString('base64') }
  })

export const unpack = (text: string): unknown =>
  JSON.parse(text, (_key, each: unknown) => {
    const marked = each as Marked | null
    if (typeof marked !== 'object' || marked === null || !('$array' in marked)) return each
    const bytes = Buffer.from(marked.base64, 'base64')
    return new arrays[marked.$array](new Uint8Array(bytes).buffer)
  })

/** The same two functions for the page, as text. Buffers become JSON before the replacer sees them, so none are sent there. */
export const pageCode = `
const arrays = { Uint8Array, Uint16Array, Uint32Array, Int32Array, Float32Array, Float64Array }
const base64Of = (bytes) => {
  let text = ''
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768))
  return btoa(text)
}
const pack = (value) =>
  JSON.stringify(value, (key, each) =>
    ArrayBuffer.isView(each)
      ? { $array: each.constructor.name, base64: base64Of(new Uint8Array(each.buffer, each.byteOffset, each.byteLength)) }
      : each)
const unpack = (text) =>
  JSON.parse(text, (key, each) =>
    each && typeof each === 'object' && '$array' in each
      ? new arrays[each.$array](Uint8Array.from(atob(each.base64), (letter) => letter.charCodeAt(0)).buffer)
      : each)
`
