/** At which edge patches are given to an encoder. */
import { describe, expect, test } from 'vitest'
import { edgeGiven } from '../../../src-main/features/edgeGiven.ts'
import type { EncoderCard } from '../../../src-shared/encoders.ts'
import type { PatchSource } from '../../../src-shared/patches.ts'

type Input = { edgePx: number; edges?: { smallest: number; largest: number }; mpp: number | null }

const card = (input: Input) => ({ name: 'an encoder', input: { channels: 3, ...input } }) as EncoderCard
const set = (width: number, mpp: number | null) => ({ kind: 'set', width, mpp }) as PatchSource
const grid = (edgePx: number, mpp: number) => ({ kind: 'grid', params: { edgePx, mpp } }) as PatchSource

const fixed = card({ edgePx: 96, mpp: 1 })
const free = card({ edgePx: 96, edges: { smallest: 48, largest: 256 }, mpp: 1 })

describe('an encoder of one edge', () => {
  test('gets patches resized to it, whole', () => {
    expect(edgeGiven(fixed, set(300, null))).toBe(96)
    expect(edgeGiven(fixed, grid(192, 0.5))).toBe(96)
    expect(edgeGiven(fixed, grid(96, 1.09))).toBe(96)
  })

  test('refuses patches that it would see at another µm/px, and says which would fit', () => {
    expect(() => edgeGiven(fixed, grid(96, 0.5))).toThrow(
      expect.objectContaining({
        code: 'MODEL_SPACING_MISMATCH',
        message:
          '“an encoder” takes 96 px at 1 µm/px; these patches of 96 px at 0.5 µm/px would be shown to it at 0.5 µm/px. Take patches of 192 px, or another encoder.',
        data: { model: 'an encoder', expected: 1, actual: 0.5, unit: 'µm/px' },
      }),
    )
  })
})

describe('an encoder of a range of edges', () => {
  test.each([48, 96, 130, 256])('gets patches of %i px as they are, where they have its µm/px', (edge) => {
    expect(edgeGiven(free, set(edge, 1))).toBe(edge)
    expect(edgeGiven(free, grid(edge, 0.95))).toBe(edge)
  })

  test('gets patches of another µm/px at its own, however much tissue they show', () => {
    expect(edgeGiven(free, grid(512, 0.25))).toBe(128)
    expect(edgeGiven(free, grid(224, 0.5))).toBe(112)
    expect(edgeGiven(free, grid(40, 2))).toBe(80)
  })

  test('where nobody says the µm/px, gets patches inside the range as they are and others at the edge of its training', () => {
    expect(edgeGiven(free, set(224, null))).toBe(224)
    expect(edgeGiven(free, set(300, null))).toBe(96)
    expect(edgeGiven(free, set(32, null))).toBe(96)
    expect(edgeGiven(card({ ...free.input, mpp: null }), grid(100, 0.25))).toBe(100)
  })

  test('refuses patches that are outside the range at its µm/px, and says which would fit', () => {
    expect(() => edgeGiven(free, grid(100, 0.25))).toThrow(
      expect.objectContaining({
        code: 'MODEL_SPACING_MISMATCH',
        message: expect.stringContaining(
          'takes 48 to 256 px at 1 µm/px; these patches of 100 px at 0.25 µm/px would be shown to it at 0.26 µm/px. Take patches of 192 to 1024 px',
        ) as string,
      }),
    )
    expect(() => edgeGiven(free, grid(512, 1))).toThrow(expect.objectContaining({ code: 'MODEL_SPACING_MISMATCH' }))
  })
})
