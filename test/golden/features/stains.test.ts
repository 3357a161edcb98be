/** Stain jitter against NumPy in double precision: numbers made by make_stains.py. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { augmentation } from '../../../src-main/features/augment.ts'
import { seeded } from '../../../src-main/nn/random.ts'

type Case = { alpha: number[]; beta: number[]; pixels: number[]; changed: number[] }
const { cases } = JSON.parse(readFileSync(new URL('stains.json', import.meta.url), 'utf8')) as { cases: Case[] }

const settings = { flips: false, turns: false, stain: 0.2, colour: 0, shift: 0, zoom: 0, tilt: 0, blur: 0, noise: 0 }
const asValues = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] }

test.each(cases)('factors $alpha and amounts $beta change colours as the paper says', (golden) => {
  // The draws come in this order: three factors less 1, three amounts; all of colour is 0.
  const draws = [...golden.alpha.map((each) => each - 1), ...golden.beta]
  const random = { ...seeded(1), between: () => draws.shift() ?? 0 }
  const count = golden.pixels.length / 3
  const into = new Float32Array(golden.pixels.length)
  const augment = augmentation(settings, { channels: 3, height: 1, width: count }, asValues)
  augment(Uint8Array.from(golden.pixels), 0, random, into, 0)
  for (const [at, value] of golden.changed.entries())
    expect(Math.abs(into[(at % 3) * count + Math.floor(at / 3)] - value), `value ${at}`).toBeLessThan(0.5)
})
