/**
 * Slides of every format with bytes overwritten at random: each ends in pixels or in an error with a code, in time and in
 * little memory, and none ends the process that reads it. 200 mutants in the tests; `npm run fuzz` makes 2,000
 * ($TESSERA_FUZZ says how many) and writes what came out into docs/testing.md ($TESSERA_FUZZ_RESULT says where it finds it).
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { toFault } from '../../../src-shared/errors.ts'
import type { SlideReader } from '../../../src-main/slides/reader.ts'
import { fuzzSubjects, hotPlaces, wholeBytes } from '../../fixtures/fuzzSubjects.ts'
import { peakMemoryMb } from '../../fixtures/processMemory.ts'
import { integerBelow, seeded } from '../../fixtures/random.ts'
import { countingHost, readerOn } from '../../fixtures/slideReaders.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const MUTANTS = Number(process.env['TESSERA_FUZZ'] ?? 200)
const SEED = Number(process.env['TESSERA_FUZZ_SEED'] ?? 20261125)
const LIMIT_MS = 8_000
/** A reading process that takes more than twice as much would be ended (src-main/slides/reader.ts). */
const LIMIT_MB = 1_000

/** Codes that say what is wrong with a file; anything else is a bug of ours. */
const coded = new Set([
  'SLIDE_BROKEN',
  'SLIDE_TILE_BROKEN',
  'SLIDE_NOT_A_SLIDE',
  'SLIDE_FORMAT_NOT_READ',
  'SLIDE_NEEDS_OPENSLIDE',
  'SLIDE_NOT_PREPARED',
  'SLIDE_REGION_OUTSIDE',
  'FILE_BROKEN',
])

/** Overwrites 1 to 12 bytes, mostly where a byte decides most; one in ten is cut short, too. */
function mutate(whole: Buffer, hot: readonly number[], random: () => number): Buffer {
  const bytes = Buffer.from(whole)
  for (let i = 1 + integerBelow(random, 12); i > 0; i--) {
    const place = hot[integerBelow(random, hot.length)]!
    const at = random() < 0.7 ? place + integerBelow(random, 300) : integerBelow(random, bytes.length)
    if (at < bytes.length) bytes[at] = random() < 0.3 ? 0xff : integerBelow(random, 256)
  }
  return random() < 0.1 ? bytes.subarray(0, integerBelow(random, bytes.length)) : bytes
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
    const tiles = Array.from({ length: Math.min(4, columns) }, (_, column): [number, number] => [column, rows - 1])
    const replies = await reader.ask(subject, 'slides.tiles', { ...slide, level, tiles })
    for (const reply of replies) if (reply && 'code' in reply) faults.push(reply.code)
  }
  const rect = { x: 0, y: 0, width: 400, height: 300 }
  await attempt(reader.ask(subject, 'slides.region', { ...slide, ...rect, at: { level: 0 } }))
  // where the smallest level is large, a thumbnail is only more of the same tiles
  if (levels.at(-1)!.width < 2500) await attempt(reader.ask(subject, 'slides.thumbnail', { ...slide, edge: 100 }))
  for (const { name } of associatedImages)
    await attempt(reader.ask(subject, 'slides.associatedImage', { ...slide, name }))
  return faults
}

async function timed(reader: SlideReader, file: string): Promise<{ faults: string[]; ms: number }> {
  const begun = performance.now()
  const faults = await readAll(reader, file)
  return { faults, ms: performance.now() - begun }
}

const folder = mkdtempSync(path.join(tmpdir(), 'tessera-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const subjects = await fuzzSubjects(folder)
const each = Math.ceil(MUTANTS / subjects.length)

type Outcome = {
  name: string
  mutants: number
  /** How many mutants ended so: “pixels”, or the codes they met. */
  ends: Record<string, number>
  slowestMs: number
  peakMb: number | null
}
const outcomes: Outcome[] = []
afterAll(() => {
  const file = process.env['TESSERA_FUZZ_RESULT']
  if (file) writeFileSync(file, JSON.stringify({ seed: SEED, outcomes }))
})

test.each(subjects)(
  `${each} mutants of $name give pixels or an error with a code, each within ${LIMIT_MS / 1000} s (seed ${SEED})`,
  { timeout: 60_000 + each * 3000 },
  async (subject) => {
    const random = seeded(SEED + subjects.indexOf(subject))
    const host = countingHost()
    const reader = readerOn(host)
    const whole = wholeBytes(subject)
    const hot = hotPlaces(whole)
    const own = temporaryFolder()
    const outcome: Outcome = { name: subject.name, mutants: 0, ends: {}, slowestMs: 0, peakMb: null }
    outcomes.push(outcome)
    for (let mutant = 0; mutant < each; mutant++) {
      const file = path.join(own, `mutant-${mutant}-${subject.name}`)
      writeFileSync(file, mutate(whole, hot, random))
      let { faults, ms } = await timed(reader, file)
      // other programs may have had the processor: what is slow of itself is slow again
      if (ms > LIMIT_MS) ms = (await timed(reader, file)).ms
      outcome.slowestMs = Math.max(outcome.slowestMs, ms)
      outcome.mutants++
      for (const code of faults.length === 0 ? ['pixels'] : new Set(faults))
        outcome.ends[code] = (outcome.ends[code] ?? 0) + 1
      expect(
        faults.filter((code) => !coded.has(code)),
        `mutant ${mutant}`,
      ).toEqual([])
      rmSync(file)
    }
    outcome.peakMb = peakMemoryMb(host.started[0]!.pid)
    expect(outcome.slowestMs).toBeLessThan(LIMIT_MS)
    expect(outcome.peakMb ?? 0).toBeLessThan(LIMIT_MB)
    expect(host.started, 'the reading process ended').toHaveLength(1)
  },
)
