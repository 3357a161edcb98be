/** Shift, zoom, tilt, blur and noise of patches, the eight symmetries, and the preview of it all. */
import { describe, expect, test } from 'vitest'
import { Augmentation } from '../../../src-shared/models.ts'
import { augmentation } from '../../../src-main/features/augment.ts'
import { blurrer } from '../../../src-main/features/blur.ts'
import { normalisationTables, toNetworkInput } from '../../../src-main/features/networkInput.ts'
import { measureNormalisation } from '../../../src-main/features/normalisation.ts'
import { inMemory } from '../../../src-main/features/pixelFile.ts'
import { drawPlacement, type Placement, placer } from '../../../src-main/features/placement.ts'
import { previewAugmentation } from '../../../src-main/features/preview.ts'
import { DENSITY, LEAST_DENSITY, STAINS, STAINS_INVERSE, VALUES } from '../../../src-shared/stains.ts'
import { symmetriesOf } from '../../../src-main/features/symmetries.ts'
import { seeded } from '../../../src-main/nn/random.ts'

const off = Augmentation.parse({ flips: false, turns: false, stain: 0, colour: 0 })
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length

describe('shift and zoom', () => {
  const row = { channels: 1, height: 1, width: 5 }
  const placed = (placement: { right: number; down: number; zoom: number }, shape = row, pixels?: Uint8Array) => {
    const from = pixels ?? Uint8Array.of(10, 20, 30, 40, 50)
    const into = new Uint8Array(from.length)
    placer(shape)(from, 0, { ...placement, tilt: 0 }, into)
    return [...into]
  }

  test('a patch is shown from further right, and mirrored where it ends', () => {
    expect(placed({ right: 0, down: 0, zoom: 1 })).toEqual([10, 20, 30, 40, 50])
    expect(placed({ right: 2, down: 0, zoom: 1 })).toEqual([30, 40, 50, 50, 40])
    expect(placed({ right: -2, down: 0, zoom: 1 })).toEqual([20, 10, 10, 20, 30])
  })

  test('twice as large, values lie half way between', () =>
    expect(placed({ right: 0, down: 0, zoom: 2 })).toEqual([20, 25, 30, 35, 40]))

  test('a picture that is a plane stays one: every value is where the formula puts it', () => {
    const shape = { channels: 3, height: 9, width: 9 }
    const value = (x: number, y: number, channel: number) => 10 + 8 * x + 5 * y + 20 * channel
    const pixels = Uint8Array.from({ length: 243 }, (_, i) => value(Math.floor(i / 3) % 9, Math.floor(i / 27), i % 3))
    const out = placed({ right: 1, down: -1, zoom: 1.25 }, shape, pixels)
    for (let y = 2; y < 7; y++)
      for (let x = 2; x < 6; x++)
        for (let channel = 0; channel < 3; channel++) {
          const [sourceX, sourceY] = [4 + (x - 4) / 1.25 + 1, 4 + (y - 4) / 1.25 - 1]
          if (sourceY < 0) continue
          expect(Math.abs(out[3 * (9 * y + x) + channel] - value(sourceX, sourceY, channel))).toBeLessThan(0.6)
        }
  })

  test('a patch of 2 px, shifted by more than its edge, is still made of its own pixels', () => {
    const out = placed(
      { right: 5, down: 3, zoom: 0.7 },
      { channels: 1, height: 2, width: 2 },
      Uint8Array.of(7, 7, 7, 7),
    )
    expect(out).toEqual([7, 7, 7, 7])
  })
})

describe('tilt', () => {
  /**
   * The same picture by other means: as a homogeneous matrix from source to target, inverted by its adjugate, and bilinear
   * as a sum over all pixels with the hat function max(0, 1 − |distance|), in the mirrored plane.
   */
  function expected(pixels: Uint8Array, width: number, height: number, { right, down, zoom, tilt }: Placement) {
    const angle = (tilt / 180) * Math.PI
    const [a, b, c, d] = [
      zoom * Math.cos(angle),
      -zoom * Math.sin(angle),
      zoom * Math.sin(angle),
      zoom * Math.cos(angle),
    ]
    const determinant = a * d - b * c
    const [cx, cy] = [(width - 1) / 2, (height - 1) / 2]
    const unfolded = (place: number, length: number): number => {
      let at = place
      while (at < 0 || at >= length) at = at < 0 ? -1 - at : 2 * length - 1 - at
      return at
    }
    return Float64Array.from({ length: width * height }, (_, i) => {
      const [dx, dy] = [(i % width) - cx, Math.floor(i / width) - cy]
      const x = cx + (d * dx - b * dy) / determinant + right
      const y = cy + (a * dy - c * dx) / determinant + down
      let sum = 0
      for (let row = Math.floor(y); row <= Math.ceil(y); row++)
        for (let column = Math.floor(x); column <= Math.ceil(x); column++)
          sum +=
            (1 - Math.abs(x - column)) *
            (1 - Math.abs(y - row)) *
            pixels[unfolded(row, height) * width + unfolded(column, width)]
      return sum
    })
  }

  test.each([1, 2, 3, 4, 5, 6])(
    'with shift and zoom, every value is where another calculation puts it (seed %i)',
    (seed) => {
      const random = seeded(seed)
      const [width, height] = [2 + random.below(20), 2 + random.below(20)]
      const pixels = Uint8Array.from({ length: width * height }, () => random.below(256))
      const placement = drawPlacement({ shift: 5, zoom: 0.4, tilt: 45 }, random)
      const into = new Uint8Array(pixels.length)
      placer({ channels: 1, height, width })(pixels, 0, placement, into)
      const want = expected(pixels, width, height, placement)
      // half a grey level, and 1/512 of a step along each axis between pixels 255 apart
      for (let i = 0; i < into.length; i++) expect(Math.abs(into[i] - want[i])).toBeLessThan(0.5 + 1 + 1e-6)
    },
  )

  test('45° clockwise: what was right of the centre comes to lie below it, on the diagonal', () => {
    const pixels = new Uint8Array(49)
    pixels[7 * 3 + 5] = 200 // two to the right
    const into = new Uint8Array(49)
    placer({ channels: 1, height: 7, width: 7 })(pixels, 0, { right: 0, down: 0, zoom: 1, tilt: 45 }, into)
    const brightest = into.indexOf(Math.max(...into))
    expect([brightest % 7, Math.floor(brightest / 7)]).toEqual([4, 4]) // √2 to the right, √2 down
  })

  test('a quarter turn puts every pixel of every colour where a transposition and a flip put it', () => {
    const [edge, channels] = [6, 3]
    const pixels = Uint8Array.from({ length: edge * edge * channels }, (_, i) => (i * 89) % 256)
    const into = new Uint8Array(pixels.length)
    placer({ channels, height: edge, width: edge })(pixels, 0, { right: 0, down: 0, zoom: 1, tilt: 90 }, into)
    for (let y = 0; y < edge; y++)
      for (let x = 0; x < edge; x++)
        for (let channel = 0; channel < channels; channel++)
          expect(into[channels * (edge * y + x) + channel]).toBe(
            pixels[channels * (edge * (edge - 1 - x) + y) + channel],
          )
  })

  test.each([1, 2, 3])('of next to nothing is no tilt, bit for bit (seed %i)', (seed) => {
    const random = seeded(seed)
    const shape = { channels: 3, height: 12, width: 9 }
    const pixels = Uint8Array.from({ length: 12 * 9 * 3 }, () => random.below(256))
    const [straight, tilted] = [new Uint8Array(pixels.length), new Uint8Array(pixels.length)]
    const placement = { ...drawPlacement({ shift: 3, zoom: 0.3, tilt: 0 }, random), down: 2 }
    const place = placer(shape)
    place(pixels, 0, placement, straight)
    place(pixels, 0, { ...placement, tilt: 1e-12 }, tilted)
    expect(tilted).toEqual(straight)
  })

  test('is drawn evenly from both sides, and takes no random number when it is off', () => {
    const drawn = Array.from(
      { length: 2000 },
      (_, seed) => drawPlacement({ shift: 0, zoom: 0, tilt: 20 }, seeded(seed)).tilt,
    )
    expect(Math.max(...drawn.map(Math.abs))).toBeLessThanOrEqual(20)
    expect(mean(drawn)).toBeCloseTo(0, -0.5) // within ±1.6°, five standard errors
    expect(mean(drawn.map((tilt) => tilt ** 2))).toBeGreaterThan(20 ** 2 / 3 - 15)
    expect(mean(drawn.map((tilt) => tilt ** 2))).toBeLessThan(20 ** 2 / 3 + 15)
    const [one, other] = [seeded(7), seeded(7)]
    drawPlacement({ shift: 2, zoom: 0.1, tilt: 0 }, one)
    other.next()
    other.next()
    other.next()
    expect(one.next()).toBe(other.next())
  })

  test('reaches the network: a patch with a line comes out turned, by an angle that is not twice the same', () => {
    const shape = { channels: 1, height: 33, width: 33 }
    const pixels = new Uint8Array(33 * 33)
    for (let x = 0; x < 33; x++) pixels[33 * 16 + x] = 255
    const slopeOf = (seed: number): number => {
      const into = new Float32Array(pixels.length)
      augmentation({ ...off, tilt: 30 }, shape, { mean: [0], std: [1] })(pixels, 0, seeded(seed), into, 0)
      const rowOf = (x: number) => {
        const column = Array.from({ length: 33 }, (_, y) => into[33 * y + x])
        return column.reduce((sum, value, y) => sum + value * y, 0) / column.reduce((sum, value) => sum + value, 0)
      }
      return (Math.atan2(rowOf(24) - rowOf(8), 16) * 180) / Math.PI
    }
    const slopes = Array.from({ length: 40 }, (_, seed) => slopeOf(seed))
    expect(Math.max(...slopes)).toBeGreaterThan(20)
    expect(Math.min(...slopes)).toBeLessThan(-20)
    expect(Math.max(...slopes.map(Math.abs))).toBeLessThan(31)
    expect(new Set(slopes).size).toBeGreaterThan(35) // tilts of next to nothing look alike
  })
})

describe('blur', () => {
  test.each([0.5, 1, 2.5])('spreads a point as a Gaussian of σ %d does, and loses no light', (sigma) => {
    const shape = { channels: 1, height: 41, width: 41 }
    const pixels = new Uint8Array(41 * 41)
    // A line, so that the values are large enough for whole grey levels.
    for (let y = 0; y < 41; y++) pixels[41 * y + 20] = 255
    blurrer(shape)(pixels, sigma)
    const line = pixels.subarray(41 * 20, 41 * 21)
    expect(Math.abs(line.reduce((a, b) => a + b) - 255)).toBeLessThan(6)
    const spread = Math.sqrt(line.reduce((sum, value, x) => sum + value * (x - 20) ** 2, 0) / 255)
    expect(Math.abs(spread / sigma - 1)).toBeLessThan(0.08)
  })

  test('leaves an even patch as it is, to its edges, and keeps colours apart', () => {
    const pixels = Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => [200, 100, 50][i % 3])
    const before = pixels.slice()
    blurrer({ channels: 3, height: 4, width: 5 })(pixels, 3)
    expect(pixels).toEqual(before)
  })
})

describe('noise', () => {
  const shape = { channels: 1, height: 64, width: 64 }
  const grey = new Uint8Array(64 * 64).fill(128)
  const noisy = (seed: number) => {
    const into = new Float32Array(grey.length)
    augmentation({ ...off, noise: 0.1 }, shape, { mean: [0], std: [1] })(grey, 0, seeded(seed), into, 0)
    return into
  }
  const spreads = Array.from({ length: 100 }, (_, seed) => {
    const values = noisy(seed)
    const centre = mean(values)
    return { centre, spread: Math.sqrt(mean(values.map((value) => (value - centre) ** 2))) }
  })

  test('every second patch has some, as strong as was asked for at most, and no brighter on average', () => {
    const strong = spreads.filter(({ spread }) => spread > 1e-6)
    expect(strong.length).toBeGreaterThan(35)
    expect(strong.length).toBeLessThan(65)
    expect(Math.max(...strong.map(({ spread }) => spread))).toBeLessThan(0.105)
    expect(mean(strong.map(({ spread }) => spread))).toBeCloseTo(0.05, 1)
    for (const { centre } of strong) expect(centre).toBeCloseTo(128 / 255, 2)
  })

  test('values stay within what a pixel can be', () => {
    const into = new Float32Array(grey.length)
    const white = new Uint8Array(grey.length).fill(255)
    for (let seed = 0; seed < 10; seed++) {
      augmentation({ ...off, noise: 0.25 }, shape, { mean: [0.5], std: [0.25] })(white, 0, seeded(seed), into, 0)
      expect(Math.max(...into)).toBeLessThanOrEqual(2)
      expect(Math.min(...into)).toBeGreaterThanOrEqual(-2)
    }
  })
})

test('the table of values reaches as far as the strongest jitter of any colour can', () => {
  let [least, most] = [0, 0]
  for (let signs = 0; signs < 64; signs++) {
    const sign = (bit: number) => ((signs >> bit) & 1 ? 0.5 : -0.5)
    for (let made = 0; made < 3; made++) {
      const offset = [0, 1, 2].reduce((sum, stain) => sum + sign(3 + stain) * STAINS[3 * stain + made], 0)
      const factors = [0, 1, 2].map((read) =>
        [0, 1, 2].reduce(
          (sum, stain) => sum + STAINS_INVERSE[3 * read + stain] * (1 + sign(stain)) * STAINS[3 * stain + made],
          0,
        ),
      )
      const reach = (which: (a: number, b: number) => number) =>
        offset + factors.reduce((sum, factor) => sum + which(0, factor * DENSITY[0]), 0)
      least = Math.min(least, reach(Math.min))
      most = Math.max(most, reach(Math.max))
    }
  }
  expect(least).toBeGreaterThan(LEAST_DENSITY + 0.01)
  expect(most).toBeLessThan(LEAST_DENSITY + (VALUES.length - 1) / 1024 - 0.01)
})

describe('the symmetries of the square', () => {
  const read = (shape: { channels: number; height: number; width: number }, pixels: number[]) =>
    symmetriesOf(shape).map((walk) => {
      const into = new Float32Array(pixels.length)
      const tables = normalisationTables({ mean: [0], std: [1 / 255] }, 1)
      toNetworkInput(Uint8Array.from(pixels), 1, shape, tables, walk, into)
      return Array.from(into, Math.round).join()
    })

  test('are eight, each once, the first as it is', () => {
    const found = read({ channels: 1, height: 2, width: 2 }, [1, 2, 3, 4])
    expect(found[0]).toBe('1,2,3,4')
    expect(new Set(found)).toEqual(
      new Set(['1,2,3,4', '2,1,4,3', '3,4,1,2', '4,3,2,1', '1,3,2,4', '3,1,4,2', '2,4,1,3', '4,2,3,1']),
    )
  })

  test('of a patch that is not square are the four that keep its shape', () =>
    expect(new Set(read({ channels: 1, height: 1, width: 3 }, [1, 2, 3]))).toEqual(new Set(['1,2,3', '3,2,1'])))
})

describe('the preview', () => {
  const shape = { channels: 3, height: 6, width: 6 }
  const pixels = inMemory(
    Uint8Array.from({ length: 2 * 108 }, (_, i) => (i * 37) % 256),
    2,
    shape,
  )
  const normalisation = measureNormalisation(pixels)
  const strong = Augmentation.parse({ stain: 0.1, colour: 0.3, shift: 2, zoom: 0.2, tilt: 10, blur: 1, noise: 0.1 })

  test('without any change is the patch, byte for byte', () => {
    const [first, second] = previewAugmentation(pixels, off, normalisation, 1, 1)
    expect(first[0]).toEqual(pixels.range(0, 1))
    expect(second[0]).toEqual(pixels.range(1, 1))
  })

  test('is what the network is given, back on the scale of bytes', () => {
    const [, second] = previewAugmentation(pixels, strong, normalisation, 3, 9)
    const input = new Float32Array(108)
    augmentation(strong, shape, normalisation)(pixels.range(1, 1), 0, seeded(9, 1, 2), input, 0)
    for (let i = 0; i < 108; i++) {
      const channel = i % 3
      const value = input[channel * 36 + Math.floor(i / 3)] * normalisation.std[channel] + normalisation.mean[channel]
      expect(Math.abs(second[2][i] - 255 * value)).toBeLessThanOrEqual(0.51)
    }
    expect(second[0]).not.toEqual(second[1])
  })

  test('of grey patches is grey', () => {
    const one = inMemory(Uint8Array.of(10, 20, 30, 40), 1, { channels: 1, height: 2, width: 2 })
    const [[picture]] = previewAugmentation(one, off, measureNormalisation(one), 1, 1)
    expect([...picture]).toEqual([10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40])
  })
})
