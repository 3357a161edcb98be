/** Reading a CSV file row by row, without holding up the main process however long it is. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { CsvError, parse } from 'csv-parse'
import { fileError } from './fileErrors.ts'

/** `line` counts from 1 for the header, as an editor does; column names are in lower case. */
export type CsvRow = { line: number; record: Record<string, string | undefined> }

const HEADER_BYTES = 64 * 1024

/**
 * Rows of a file whose first line names the columns. Separators are commas, semicolons or tabs, whichever the first line
 * has most of; a byte-order mark is skipped.
 *
 * @param broken makes the error for a file that is no CSV: told the line (null = unknown) and the reason
 * @throws {TesseraError} FILE_NOT_FOUND, FILE_NO_PERMISSION, FILE_IS_DIRECTORY; what `broken` makes
 */
export async function* readCsv(
  file: string,
  broken: (line: number | null, reason: string) => Error,
): AsyncGenerator<CsvRow> {
  const delimiter = await delimiterOf(file)
  const parser = parse({
    bom: true,
    columns: (header: string[]) => header.map((name) => name.trim().toLowerCase()),
    delimiter,
    trim: true,
    skip_empty_lines: true,
    info: true,
  })
  try {
    // compose, unlike pipe, hands an error of the file on to this loop
    const entries = createReadStream(file).compose(parser) as AsyncIterable<{
      record: Record<string, string | undefined>
      info: { lines: number }
    }>
    for await (const { record, info } of entries) yield { line: info.lines, record }
  } catch (error) {
    if (error instanceof CsvError)
      throw broken(typeof error['lines'] === 'number' ? error['lines'] : null, error.message)
    throw fileError(file, error)
  }
}

async function delimiterOf(file: string): Promise<string> {
  try {
    const handle = await open(file)
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0)
      const [header = ''] = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/, 1)
      const count = (separator: string) => header.split(separator).length
      return [',', ';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best))
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(file, error)
  }
}
