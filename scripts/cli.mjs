#!/usr/bin/env node
/** `npm run cli -- <command>`: the command line, set up where that was not done yet. `tessera --help` lists the commands. */
import path from 'node:path'
import { build, install, programNode, root, run } from './setup.mjs'

install()
build()
const code = await run(programNode(), [path.join(root, 'out', 'main', 'cli.js'), ...process.argv.slice(2)], {
  cwd: process.env['INIT_CWD'] ?? process.cwd(),
})
process.exit(code)
