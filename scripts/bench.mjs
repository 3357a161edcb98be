/**
 * `npm run bench -- NAME [--json] [--no-peer]`: one measurement, beside a peer's in the same run where the peer is
 * installed (`npm run bench:setup`). Names: tiles, patches, jpeg2000, panning, overlay, labels, training, inference,
 * prediction, window, memory, ablation, knn, live, fewshot, extraction, annotator, map.
 */
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { build, install, programNode, root, run, stop } from './setup.mjs'

const names = readdirSync(path.join(root, 'test', 'bench'))
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''))
const [name, ...options] = process.argv.slice(2)
if (!name || !names.includes(name))
  stop(`Which measurement? npm run bench -- ${names.join(' | ')}  [--json] [--no-peer]`)

install()
build()
process.exit(await run(programNode(), [path.join(root, 'test', 'bench', `${name}.bench.ts`), ...options]))
