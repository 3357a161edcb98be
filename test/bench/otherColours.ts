/**
 * Patches as another laboratory or scanner might have made them: hue, saturation and the gamma of each channel are
 * changed, at random for each patch. Not the changes a training draws (amounts of stains, brightness, contrast), so that
 * what a network withstands here is not what it was shown.
 */
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { seeded } from '../fixtures/random.ts'

/** Degrees either way. */
const HUE = 15
/** Largest factor of the saturation and of gamma, as a natural logarithm; gamma is one for all channels times one for each. */
const SATURATION = 0.35
const GAMMA = 0.25
const GAMMA_OF_CHANNEL = 0.3

/** Copies class folders of pictures; the same seed makes the same copies. */
export async function inOtherColours(from: string, into: string, seed: number): Promise<void> {
  const random = seeded(seed)
  const within = (most: number) => most * (2 * random() - 1)
  for (const name of readdirSync(from).toSorted()) {
    mkdirSync(path.join(into, name), { recursive: true })
    for (const file of readdirSync(path.join(from, name)).toSorted()) {
      const hue = (Math.round(within(HUE)) + 360) % 360
      const saturation = Math.exp(within(SATURATION))
      const common = within(GAMMA)
      const gammas = [0, 1, 2].map(() => Math.exp(common + within(GAMMA_OF_CHANNEL)))
      const { data, info } = await sharp(path.join(from, name, file))
        .removeAlpha()
        .toColourspace('srgb')
        .modulate({ hue, saturation })
        .raw()
        .toBuffer({ resolveWithObject: true })
      const tables = gammas.map((gamma) =>
        Uint8Array.from({ length: 256 }, (_, value) => Math.round(255 * (value / 255) ** gamma)),
      )
      for (let i = 0; i < data.length; i++) data[i] = tables[i % 3]![data[i]!]!
      await sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
        .png()
        .toFile(path.join(into, name, `${path.parse(file).name}.png`))
    }
  }
}
