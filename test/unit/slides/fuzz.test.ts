/**
 * Real slides with bytes overwritten at random: each ends in pixels or in an error with a code, in time, and none ends
 * the process that reads it.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { toFault } from '../../../src-shared/errors.ts'
import type { SlideReader } from '../../../src-main/slides/reader.ts'
import { integerBelow, seeded } from '../../fixtures/random.ts'
import { countingHost, readerOn } from '../../fixtures/slideReaders.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'
import { svsSample, tiffSample, TiffBytes } from '../../fixtures/tinySlides.ts'

const MUTANTS = 100
const LIMIT_MS = 8_000

/** Codes that say what is wrong with a file; anything else is a bug of ours. */
const coded =
  /^(SLIDE_BROKEN|SLIDE_TILE_BROKEN|SLIDE_NOT_A_SLIDE|SLIDE_FORMAT_NOT_READ|SLIDE_REGION_OUTSIDE|FILE_BROKEN)$/

/** Overwrites 1 to 12 bytes, mostly of the directories, where a byte decides most. */
function mutate(whole: Buffer, directories: number[], random: () => number): Buffer {
  const bytes = Buffer.from(whole)
  for (let i = 1 + integerBelow(random, 12); i > 0; i--) {
    const directory = directories[integerBelow(random, directories.length)]!
    const at = random() < 0.7 ? directory + integerBelow(random, 300) : integerBelow(random, bytes.length)
    if (at < bytes.length) bytes[at] = random() < 0.3 ? 0xff : integerBelow(random, 256)
  }
  return bytes
}

/** Everything a slide is read for. @returns the codes of what could not be read */
async function readAll(reader: SlideReader, file: string): Promise<string[]> {
  const faults: string[] = []
  const subject = { key: file, name: path.basename(file) }
  const slide = { file, fingerprint: null }
  const attempt = async (work: Promise<unknown>) => {
    await work.catch((error: unknown) => faults.push(toFault(error).code))
  }
  const opened = await reader.ask(subject, 'slides.open', slide).catch((error: unknown) => toFault(error))
  if ('code' in opened) return [opened.code]
  const { levels, associatedImages } = opened.header
  for (const level of [0, levels.length - 1]) {
    const { columns, rows } = levels[level]!
    const tiles = Array.from({ length: Math.min(16, columns) }, (_, column): [number, number] => [column, rows - 1])
    const replies = await reader.ask(subject, 'slides.tiles', { ...slide, level, tiles })
    for (const reply of replies) if (reply && 'code' in reply) faults.push(reply.code)
  }
  const rect = { x: 0, y: 0, width: 400, height: 300 }
  await attempt(reader.ask(subject, 'slides.region', { ...slide, ...rect, at: { level: 0 } }))
  await attempt(reader.ask(subject, 'slides.thumbnail', { ...slide, edge: 100 }))
  for (const { name } of associatedImages)
    await attempt(reader.ask(subject, 'slides.associatedImage', { ...slide, name }))
  return faults
}

test.each([
  { name: 'CMU-1-Small-Region.svs', sample: svsSample, count: 4, seed: 20261122 },
  { name: 'the mosaic', sample: tiffSample, count: 5, seed: 22112026 },
])(
  `${MUTANTS} mutants of $name give pixels or an error with a code, each within ${LIMIT_MS / 1000} s (seed $seed)`,
  { timeout: 120_000 },
  async ({ sample, count, seed }) => {
    const random = seeded(seed)
    const folder = temporaryFolder()
    const host = countingHost()
    const reader = readerOn(host)
    const tiff = new TiffBytes(sample)
    const directories = Array.from({ length: count }, (_, i) => tiff.directory(i))
    const whole = readFileSync(sample)
    let slowest = 0
    for (let mutant = 0; mutant < MUTANTS; mutant++) {
      const file = path.join(folder, `mutant-${mutant}${path.extname(sample)}`)
      writeFileSync(file, mutate(whole, directories, random))
      const begun = performance.now()
      const faults = await readAll(reader, file)
      slowest = Math.max(slowest, performance.now() - begun)
      expect(
        faults.filter((code) => !coded.test(code)),
        `mutant ${mutant}`,
      ).toEqual([])
      rmSync(file)
    }
    expect(slowest).toBeLessThan(LIMIT_MS)
    expect(host.started).toHaveLength(1)
  },
)
