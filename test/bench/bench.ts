/** What every measurement shares: the peer's figures from the same run, medians, and one way to print. */
import { spawnSync } from 'node:child_process'
import { cpus, release } from 'node:os'
import path from 'node:path'

/** The Python of the system, where Debian's packages live; another one on the path would not have them. */
const PYTHON = process.env['BENCH_PYTHON'] ?? '/usr/bin/python3'

export const options = {
  json: process.argv.includes('--json'),
  noPeer: process.argv.includes('--no-peer'),
  /** many processes of ours and the peer's in turn, and their medians: single processes differ by a tenth and more */
  thorough: process.argv.includes('--thorough'),
  /** how the names of what is to be measured begin; '' = everything */
  only: process.argv.find((word) => word.startsWith('--only='))?.slice('--only='.length) ?? '',
}

export type Figure = {
  what: string
  unit: string
  ours: number
  /** null with --no-peer */
  peer: number | null
  /** whether more is better; decides how the ratio is read */
  higherIsBetter: boolean
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = q * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
  return below + (above - below) * (at - Math.floor(at))
}

/**
 * Runs a peer's script and reads the JSON it prints. Without the peer the whole run fails, unless --no-peer was given: a
 * ratio that was not measured must not look like one.
 */
export function peer<T>(
  script: string,
  args: readonly string[],
  input: unknown = null,
  environment: NodeJS.ProcessEnv = {},
): T | null {
  if (options.noPeer) return null
  const result = inProcess(PYTHON, script, args, input, environment)
  if (result.status !== 0) {
    process.stderr.write(
      `${result.stderr}\nThe peer (${script}) could not be run. Install it with “npm run bench:setup”, or measure without it: --no-peer.\n`,
    )
    process.exit(2)
  }
  return JSON.parse(result.stdout) as T
}

/**
 * Measures several things by turns, round after round, so that all of them meet the same machine.
 * @returns the median of each
 */
export async function byTurns<K extends string>(
  rounds: number,
  measures: Record<K, () => Promise<number> | number>,
): Promise<Record<K, number>> {
  const names = Object.keys(measures) as K[]
  const found = new Map<K, number[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) for (const name of names) found.get(name)!.push(await measures[name]())
  return Object.fromEntries(names.map((name) => [name, median(found.get(name)!)])) as Record<K, number>
}

/** Runs a program of ours in a process of its own and reads the JSON it prints. */
export function ourProcess<T>(script: string, input: unknown, environment: NodeJS.ProcessEnv = {}): T {
  const result = inProcess(process.execPath, script, [], input, environment)
  if (result.status !== 0) throw new Error(`${script} ended with ${result.status ?? result.signal}: ${result.stderr}`)
  return JSON.parse(result.stdout) as T
}

const inProcess = (
  program: string,
  script: string,
  args: readonly string[],
  input: unknown,
  environment: NodeJS.ProcessEnv,
) =>
  spawnSync(program, [path.join(import.meta.dirname, script), ...args], {
    encoding: 'utf8',
    input: JSON.stringify(input),
    maxBuffer: 1 << 26,
    env: { ...process.env, ...environment },
  })

/** How many times better than the peer: above 1 is better, whichever way the unit goes. */
export const ratio = ({ ours, peer: theirs, higherIsBetter }: Figure): number | null =>
  theirs === null ? null : higherIsBetter ? ours / theirs : theirs / ours

export function print(
  name: string,
  figures: readonly Figure[],
  peerName: string | null,
  notes: readonly string[] = [],
): void {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'processor'}, ${process.platform} ${release()}, Node ${process.versions.node}`
  const rows = figures.map((figure) => ({ ...figure, ratio: ratio(figure) }))
  if (options.json) {
    console.log(JSON.stringify({ name, date: new Date().toISOString(), machine, peer: peerName, figures: rows, notes }))
    return
  }
  console.log(`${name}, ${new Date().toISOString().slice(0, 10)}, ${machine}`)
  console.log(`peer: ${peerName ?? 'none (--no-peer)'}`)
  const width = Math.max(...rows.map((row) => row.what.length))
  const number = (value: number | null) =>
    (value === null ? '–' : value >= 100 ? value.toFixed(0) : value.toPrecision(3)).padStart(9)
  for (const row of rows)
    console.log(
      `${row.what.padEnd(width)}  ${number(row.ours)} ${row.unit.padEnd(10)} peer ${number(row.peer)}   ratio ${row.ratio === null ? '–' : row.ratio.toFixed(2)}`,
    )
  for (const note of notes) console.log(note)
}
