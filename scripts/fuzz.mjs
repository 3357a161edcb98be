/**
 * `npm run fuzz [-- mutants [seed]]`: damaged slides of every format, 2,000 by default, each read for all it has. The
 * result of the last run stands in docs/testing.md.
 */
import path from 'node:path'
import { install, programNode, root, run } from './setup.mjs'

const [mutants = '2000', seed = '20261125'] = process.argv.slice(2)
install()
process.env['TESSERA_FUZZ'] = mutants
process.env['TESSERA_FUZZ_SEED'] = seed
process.exit(
  await run(programNode(), [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', 'test/unit/slides/fuzz.test.ts']),
)
