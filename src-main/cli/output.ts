/**
 * What a command says: results on stdout, progress and errors on stderr. With --json stdout holds one JSON object on one
 * line and nothing else.
 */
import { toFault } from '../../src-shared/errors.ts'

/** Takes a bar away from the line of a terminal it stands on. */
export const CLEAR_LINE = '\r\u001B[K'

/** With --json nothing may follow the one object. */
let hasResult = false

export type Output = {
  /** The result: `value` for a program, `text` for a person. */
  result: (value: unknown, text: string) => void
  /** A sentence for a person, on stderr. */
  say: (text: string) => void
}

export const output = (json: boolean): Output => ({
  result(value, text) {
    hasResult = true
    process.stdout.write(`${json ? JSON.stringify(value) : text}\n`)
  },
  say: (text) => process.stderr.write(`${process.stderr.isTTY ? CLEAR_LINE : ''}${text}\n`),
})

/**
 * Tells an error with its code; the exit code is then 1. A command that has told its result has the error in it.
 */
export function tellError(error: unknown, json: boolean): void {
  const fault = toFault(error)
  if (json && !hasResult) process.stdout.write(`${JSON.stringify({ error: fault })}\n`)
  process.stderr.write(`${fault.message}  [${fault.code}]\n`)
  if (fault.code === 'UNEXPECTED' && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
}

/** A table of two columns, aligned. */
export function pairs(rows: readonly (readonly [string, string | number | null])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value ?? '–'}`).join('\n')
}

export const percent = (value: number): string => `${(100 * value).toFixed(1)} %`

/** “0.913 (95 % interval 0.87 to 0.95)” */
export const withInterval = (value: number | null, interval: readonly [number, number] | null): string =>
  value === null || interval === null
    ? 'not defined: only one class occurs'
    : `${value.toFixed(3)}  (95 % interval ${interval[0].toFixed(3)} to ${interval[1].toFixed(3)})`
