/** Processor time and memory of processes of this machine, as Linux tells them. */
import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of /proc are hundredths of a second on every Linux. */
const TICK_MS = 10

/** ms of both user and system time so far; 0 for a process that is gone. */
export function processorMs(pid: number): number {
  const fields = stat(pid)
  return fields ? (Number(fields[11]) + Number(fields[12])) * TICK_MS : 0
}

/** Bytes of memory that belong to this process alone (private, resident). */
export function privateBytes(pid: number): number {
  return sumOf(pid, /^Private_(?:Clean|Dirty):\s+(\d+) kB/)
}

/** Resident bytes, as a task manager shows them. */
export const residentBytes = (pid: number): number => sumOf(pid, /^Rss:\s+(\d+) kB/)

function sumOf(pid: number, line: RegExp): number {
  const text = read(`/proc/${pid}/smaps_rollup`) ?? ''
  return text.split('\n').reduce((sum, each) => sum + 1024 * Number(line.exec(each)?.[1] ?? 0), 0)
}

/** Every process that descends from one, with its command line. */
export function descendants(of: number): { pid: number; command: string }[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc'))
    if (/^\d+$/.test(name)) parents.set(Number(name), Number(stat(Number(name))?.[1] ?? 0))
  const found: { pid: number; command: string }[] = []
  const look = (parent: number): void => {
    for (const [pid, its] of parents)
      if (its === parent) {
        found.push({ pid, command: (read(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ') })
        look(pid)
      }
  }
  look(of)
  return found
}

/** Fields of /proc/PID/stat from the state on: the name before it may hold spaces. */
function stat(pid: number): string[] | null {
  const text = read(`/proc/${pid}/stat`)
  return text ? text.slice(text.lastIndexOf(')') + 2).split(' ') : null
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null // the process ended meanwhile
  }
}
