/**
 * Lengths on a slide, and the only conversions between them.
 *
 * Three frames exist: level-0 pixels (stored geometry, origin top-left, x right, y down), micrometres on the glass, and
 * micrometres per pixel. They are distinct types, so that a µm can not be passed where a pixel is meant.
 */
import * as z from 'zod'

export const Level0Px = z.number().brand<'Level0Px'>()
/** A length or position in pixels of the slide's largest level. */
export type Level0Px = z.infer<typeof Level0Px>

export const Micron = z.number().brand<'Micron'>()
/** A length on the glass, µm. */
export type Micron = z.infer<typeof Micron>

export const MicronPerPx = z.number().positive().finite().brand<'MicronPerPx'>()
/** Sampling distance, µm per pixel. */
export type MicronPerPx = z.infer<typeof MicronPerPx>

export const level0Px = (value: number): Level0Px => value as Level0Px
export const micron = (value: number): Micron => value as Micron
export const micronPerPx = (value: number): MicronPerPx => value as MicronPerPx

/** A sampling distance of a microscope scan lies in this range (µm/px); outside it a person is asked. */
export const PLAUSIBLE_MPP = { min: 0.05, max: 20 } as const

export const isPlausibleMpp = (value: number | null): value is MicronPerPx =>
  value !== null && value >= PLAUSIBLE_MPP.min && value <= PLAUSIBLE_MPP.max

export const toMicron = (length: Level0Px, mpp: MicronPerPx): Micron => micron(length * mpp)

/** Pixels of an image sampled at `at` µm/px, as level-0 pixels of a slide sampled at `mpp` µm/px. Not rounded. */
export const rescalePx = (px: number, at: MicronPerPx, mpp: MicronPerPx): Level0Px => level0Px((px * at) / mpp)

/** mm² covered by an area of level-0 px². */
export const toSquareMillimetres = (areaPx: number, mppX: MicronPerPx, mppY: MicronPerPx): number =>
  (areaPx * mppX * mppY) / 1e6

/**
 * The magnification a pathologist would call this sampling: 40x = 0.25, 20x = 0.5, 10x = 1.0 µm/px.
 * A convention for display only (scanners differ by 10 %); nothing is computed from it.
 */
export const objectiveOf = (mpp: MicronPerPx): number => 10 / mpp
