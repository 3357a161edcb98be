import { describe, expect, test } from 'vitest'
import {
  applyHand,
  artefactBit,
  decideMask,
  firstMask,
  INKS,
  MaskParams,
  withMethod,
} from '../../../src-shared/masks.ts'

test('a mask stored before there were areas, ink and focus has none of them', () => {
  const stored = { method: 'otsu-saturation', sensitivity: 0.3, closing: 16, minimumShare: 0.25 }
  expect(MaskParams.parse(stored)).toMatchObject({
    ...stored,
    largestHole: 0,
    leastArea: 0,
    leaveOut: { ink: [], blurred: false },
  })
})

test('another method keeps what follows the threshold', () => {
  const params = MaskParams.parse({
    ...firstMask('otsu-saturation'),
    closing: 5,
    leastArea: 7,
    leaveOut: { ink: ['red'] },
  })
  expect(withMethod(params, 'hsv')).toMatchObject({
    method: 'hsv',
    hueFrom: 220,
    closing: 5,
    leastArea: 7,
    leaveOut: { ink: ['red'] },
  })
})

describe('which patches count', () => {
  const share = Float32Array.of(0.9, 0.9, 0.9, 0.1, 0.9)
  const ink = new Float32Array(5 * INKS.length)
  ink[1 * INKS.length + INKS.indexOf('green')] = 0.3
  ink[2 * INKS.length + INKS.indexOf('red')] = 0.05
  ink[3 * INKS.length + INKS.indexOf('green')] = 1
  const sharpness = Float32Array.of(100, 100, 4, Number.NaN, Number.NaN)
  const decide = (leaveOut: object, of: Float32Array | null = sharpness) =>
    decideMask({ share, ink, sharpness: of }, MaskParams.parse({ method: 'otsu-saturation', leaveOut }))

  test('what is found is told, and left out only when asked for; glass is never searched', () => {
    const { found, inside, insideCount } = decide({})
    expect([...found]).toEqual([0, artefactBit.green, artefactBit.blurred, 0, 0])
    expect([...inside]).toEqual([1, 1, 1, 0, 1])
    expect(insideCount).toBe(4)
    expect([...decide({ ink: ['green'] }).inside]).toEqual([1, 0, 1, 0, 1])
    expect([...decide({ ink: ['red'] }).inside]).toEqual([1, 1, 1, 0, 1])
    expect([...decide({ ink: ['green'], blurred: true }).inside]).toEqual([1, 0, 0, 0, 1])
  })

  test('the share of ink and the sharpness asked for move the limits', () => {
    expect([...decide({ ink: ['red'], inkShare: 0.04 }).inside]).toEqual([1, 1, 0, 0, 1])
    // the median of what is measured is 100: 4 is 4 % of it
    expect([...decide({ blurred: true, leastSharpness: 0.03 }).inside]).toEqual([1, 1, 1, 0, 1])
    expect([...decide({ blurred: true, leastSharpness: 0.05 }).inside]).toEqual([1, 1, 0, 0, 1])
  })

  test('tissue that is not measured counts, and is counted', () => {
    expect(decide({ blurred: true })).toMatchObject({ unmeasured: 1 })
    expect(decide({}, null)).toMatchObject({ unmeasured: 4, insideCount: 4 })
  })

  test('what was painted goes over everything', () => {
    const { inside } = decide({ ink: ['green'] })
    expect(applyHand(inside, { patch: Uint32Array.of(1, 4), tissue: Uint8Array.of(1, 0) })).toBe(3)
    expect([...inside]).toEqual([1, 1, 1, 0, 0])
  })
})
