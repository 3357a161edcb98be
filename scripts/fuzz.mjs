/**
 * `npm run fuzz [-- mutants [seed]]`: damaged slides of every format, 2,000 by default, each read for all it has. What
 * came out of a run that passed is written into docs/testing.md, unless it was a smaller one.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { install, programNode, root, run } from './setup.mjs'

const [mutants = '2000', seed = '20261125'] = process.argv.slice(2)
const RECORDED_FROM = 2000

install()
const folder = mkdtempSync(path.join(tmpdir(), 'tessera-fuzz-result-'))
const result = path.join(folder, 'result.json')
Object.assign(process.env, { TESSERA_FUZZ: mutants, TESSERA_FUZZ_SEED: seed, TESSERA_FUZZ_RESULT: result })
const code = await run(programNode(), [
  path.join(root, 'node_modules/vitest/vitest.mjs'),
  'run',
  'test/unit/slides/fuzz.test.ts',
])
const table = inWords(JSON.parse(readFileSync(result, 'utf8')))
rmSync(folder, { recursive: true })
console.log(table)
if (code === 0 && Number(mutants) >= RECORDED_FROM) record(table)
process.exit(code)

/** A line for each slide: what its mutants ended in, the slowest, the most memory of the process that read them all. */
function inWords({ seed, outcomes }) {
  const total = outcomes.reduce((sum, { mutants }) => sum + mutants, 0)
  const all = {}
  for (const { ends } of outcomes) for (const [end, times] of Object.entries(ends)) all[end] = (all[end] ?? 0) + times
  const listed = (ends) =>
    Object.entries(ends)
      .toSorted(([, a], [, b]) => b - a)
      .map(([end, times]) => `${end === 'pixels' ? end : `\`${end}\``} ${times}`)
      .join(', ')
  const slowest = Math.max(...outcomes.map(({ slowestMs }) => slowestMs))
  const peak = Math.max(...outcomes.map(({ peakMb }) => peakMb ?? 0))
  const rows = outcomes.map(
    ({ name, mutants, ends, slowestMs, peakMb }) =>
      `| ${name} | ${mutants} | ${listed(ends)} | ${Math.round(slowestMs)} | ${peakMb === null ? '–' : Math.round(peakMb)} |`,
  )
  return [
    `${new Date().toISOString().slice(0, 10)}, seed ${seed}: ${total} mutants of ${outcomes.length} slides. In all: ${listed(all)}. The slowest took ${Math.round(slowest)} ms, the most memory a process took was ${Math.round(peak)} MB. A mutant that met several codes counts for each.`,
    '',
    '| slide | mutants | ended in | slowest, ms | most memory, MB |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

function record(table) {
  const file = path.join(root, 'docs/testing.md')
  const [begin, end] = ['<!-- npm run fuzz writes from here -->', '<!-- to here -->']
  const text = readFileSync(file, 'utf8')
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to === -1) throw new Error(`${file} has no place for the result of a run.`)
  writeFileSync(file, `${text.slice(0, from + begin.length)}\n\n${table}\n\n${text.slice(to)}`)
}
