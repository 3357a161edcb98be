/** Colours: the tables of the overlay, and whether readers can tell classes and words apart. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CLASS_COLOURS, CLASS_PALETTE } from '../../../src-shared/labels.ts'
import { type Rgb, VIRIDIS } from '../../../src-shared/viridis.ts'
import { rgbOf } from '../../../src-renderer/styles/colours.ts'
import {
  CLEAR,
  classPixels,
  pixelOf,
  viridisStep,
  VIRIDIS_PIXELS,
} from '../../../src-renderer/viewer/layers/colourTables.ts'

/** Relative luminance, WCAG 2.2. */
function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((value) => {
    const c = value / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
}

/** Contrast ratio, WCAG 2.2: 1 to 21. */
function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x)
  return (light! + 0.05) / (dark! + 0.05)
}

describe('pixels', () => {
  test('are bytes red, green, blue, alpha in memory', () => {
    const pixels = Uint32Array.of(pixelOf([1, 2, 3], 4))
    expect([...new Uint8Array(pixels.buffer)]).toEqual([1, 2, 3, 4])
  })

  test('a probability has one fixed colour: 0 the darkest, 1 the brightest', () => {
    expect([0, 0.25, 0.5, 1].map(viridisStep)).toEqual([0, 64, 128, 255])
    expect(VIRIDIS_PIXELS[viridisStep(0)]).toBe(pixelOf([68, 1, 84]))
    expect(VIRIDIS_PIXELS[viridisStep(1)]).toBe(pixelOf([253, 231, 37]))
  })

  test('viridis grows brighter at every step', () => {
    const brightness = VIRIDIS.map(luminance)
    for (let i = 8; i < 256; i += 8) expect(brightness[i]!).toBeGreaterThan(brightness[i - 8]!)
  })

  test('what has no class is clear', () => {
    const table = classPixels([{ number: 3, colour: '#0072b2' }])
    expect([...table]).toEqual([CLEAR, CLEAR, CLEAR, pixelOf([0, 114, 178])])
  })
})

/** How a reader without red, green or blue cones sees a colour: Machado, Oliveira and Fernandes (2009), severity 1. */
const BLINDNESS = {
  protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
}

const linear = (value: number) =>
  value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4

function lab(rgb: number[]): number[] {
  const [r, g, b] = rgb as [number, number, number]
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 / 116) * t + 16 / 116)
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505)
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b)
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089)
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

function seen(colour: string, matrix: number[] | null): number[] {
  const rgb = rgbOf(colour).map(linear)
  if (!matrix) return lab(rgb)
  return lab(
    [0, 3, 6].map((row) =>
      Math.max(0, matrix[row]! * rgb[0]! + matrix[row + 1]! * rgb[1]! + matrix[row + 2]! * rgb[2]!),
    ),
  )
}

const distance = (a: number[], b: number[]): number => Math.hypot(...a.map((value, i) => value - b[i]!))

describe('class colours', () => {
  test.each([null, 'protanopia', 'deuteranopia'] as const)('the first eight can be told apart (%s)', (kind) => {
    const all = CLASS_PALETTE.slice(0, 8).map((colour) => seen(colour, kind && BLINDNESS[kind]))
    for (let i = 0; i < all.length; i++)
      for (let k = i + 1; k < all.length; k++)
        expect(distance(all[i]!, all[k]!), `${CLASS_PALETTE[i]} and ${CLASS_PALETTE[k]}`).toBeGreaterThan(9)
  })

  test('all colours a class can be given by itself differ to the eye', () => {
    const all = CLASS_COLOURS.map((colour) => seen(colour, null))
    expect(CLASS_COLOURS).toHaveLength(42)
    for (const colour of CLASS_COLOURS) expect(colour).toMatch(/^#[0-9a-f]{6}$/)
    for (let i = 0; i < all.length; i++)
      for (let k = i + 1; k < all.length; k++)
        expect(distance(all[i]!, all[k]!), `${CLASS_COLOURS[i]} and ${CLASS_COLOURS[k]}`).toBeGreaterThan(2.3)
  })

  test('tumor and normal are far apart for everybody', () => {
    for (const matrix of [null, BLINDNESS.protanopia, BLINDNESS.deuteranopia])
      expect(distance(seen(CLASS_PALETTE[0]!, matrix), seen(CLASS_PALETTE[1]!, matrix))).toBeGreaterThan(40)
  })
})

describe('tokens', () => {
  const css = readFileSync(new URL('../../../src-renderer/styles/tokens.css', import.meta.url), 'utf8')
  const token = (name: string, theme: 0 | 1) => {
    const match = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css)
    return rgbOf(match![theme + 1]!)
  }
  const grounds = ['surface', 'ground', 'raised', 'hover', 'accent-soft'] as const

  test.each([
    ['light', 0],
    ['dark', 1],
  ] as const)('words are readable on every ground (%s, AA 4.5)', (_, theme) => {
    for (const ground of grounds)
      for (const ink of ['text', 'muted', 'accent'] as const)
        expect(contrast(token(ink, theme), token(ground, theme)), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5)
    expect(contrast(token('on-accent', theme), token('accent', theme))).toBeGreaterThanOrEqual(4.5)
    expect(contrast(token('text', theme), token('danger-soft', theme))).toBeGreaterThanOrEqual(4.5)
    expect(contrast(token('muted', theme), token('danger-soft', theme))).toBeGreaterThanOrEqual(4.5)
    expect(contrast(token('text', theme), token('warning-soft', theme))).toBeGreaterThanOrEqual(4.5)
    expect(contrast(token('warning', theme), token('surface', theme))).toBeGreaterThanOrEqual(4.5)
    expect(contrast(token('danger', theme), token('surface', theme))).toBeGreaterThanOrEqual(4.5)
  })

  test.each([
    ['light', 0],
    ['dark', 1],
  ] as const)('fields and the focus ring stand out from what is behind them (%s, 3.0)', (_, theme) => {
    for (const ground of ['surface', 'ground', 'raised'] as const) {
      expect(contrast(token('line-strong', theme), token(ground, theme))).toBeGreaterThanOrEqual(3)
      expect(contrast(token('accent', theme), token(ground, theme))).toBeGreaterThanOrEqual(3)
    }
  })
})
