/** Writes a checkpoint that does not fit on the disk after one that does, and says what it was told. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { isTesseraError } from '../../../src-shared/errors.ts'
import { readCheckpoint, writeCheckpoint } from '../../../src-main/training/checkpoint.ts'

const [folder = ''] = process.argv.slice(2)
const latest = await readCheckpoint(folder, 'latest')
if (!latest) throw new Error('A checkpoint should have been made before.')
try {
  // A later one, too large for the disk.
  const history = Array.from({ length: 20_000 }, () => latest.history[0]!)
  await writeCheckpoint(folder, 'latest', { ...latest, step: latest.step + 1, history })
  process.stdout.write(JSON.stringify({ code: null }))
} catch (error) {
  process.stdout.write(JSON.stringify({ code: isTesseraError(error) ? error.code : String(error) }))
}
writeFileSync(path.join(folder, 'it-still-writes'), 'x')
