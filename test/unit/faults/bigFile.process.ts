/** Writes a file that is there already, first small, then larger than the disk has room for. */
import { writeBytes } from '../../../src-main/files/writeFile.ts'

const file = process.argv[2]!
await writeBytes(file, 'the export of yesterday')
try {
  await writeBytes(file, new Uint8Array(1 << 20))
} catch (error) {
  process.stdout.write(JSON.stringify(error))
}
