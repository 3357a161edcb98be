/**
 * `npm start [-- options] [slides or a project folder]`: everything from a bare clone to the open app.
 *
 *   --data DIR   keep settings, projects and caches in DIR
 *   --web        open in the browser, even where Electron could run
 *   --electron   try again to get Electron
 *   --port N     port of the web host (default: any free one)
 *   --no-open    print the address, open no browser
 */
import path from 'node:path'
import { electron } from './electron.mjs'
import { build, install, programNode, root, run, say } from './setup.mjs'

const args = process.argv.slice(2)
const has = (/** @type {string} */ option) => args.includes(option)
const passed = args.filter((arg) => arg !== '--web' && arg !== '--electron')

/** A window that closes itself this fast with an error never opened. */
const TOO_SOON_MS = 5000

install()
build()

const shell = has('--web') ? { reason: 'you asked for the browser (--web)' } : electron({ tryAgain: has('--electron') })
if ('binary' in shell) {
  const started = Date.now()
  const code = await run(shell.binary, [root, ...passed])
  if (code === 0 || Date.now() - started > TOO_SOON_MS) process.exit(code)
  say(`Electron ended at once with code ${code}; its reason stands above.`)
  await startWebHost(`Electron ended at once with code ${code}`)
} else await startWebHost(shell.reason)

async function startWebHost(/** @type {string} */ reason) {
  const program = path.join(root, 'out', 'main', 'web.js')
  process.exit(await run(programNode(), [program, '--reason', reason, ...passed]))
}
