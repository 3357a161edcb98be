/** The web host, from top to bottom: read the options, build the program, open the project, serve it on the loopback address. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { api } from '../src-shared/api.ts'
import { messageOf } from '../src-shared/errors.ts'
import { serve } from '../src-shared/wire/serve.ts'
import { createAppFetch } from './host/appFetch.ts'
import { nodeWorkerHost } from './host/node/nodeWorkerHost.ts'
import { createProgram } from './host/program.ts'
import { startWebHost } from './host/web/server.ts'
import { dataFolder } from './settings/dataFolder.ts'

const say = (text: string) => process.stderr.write(`${text}\n`)

const options = new Command('tessera-web')
  .argument('[files...]', 'slides to add, or a project folder to open')
  .option('--data <dir>', 'folder for settings, projects and caches', dataFolder(process.platform, process.env))
  .option('--port <n>', 'port (default: any free one)', Number)
  .option('--reason <text>', 'why this is not the desktop window')
  .option('--no-open', 'open no browser')
  .parse()
const { data, port, reason, open } = options.opts<{ data: string; port?: number; reason?: string; open: boolean }>()

const program = createProgram({
  dataFolder: path.resolve(data),
  shell: { kind: 'web', reason: reason ?? null, holder: 'Tessera in the browser' },
  workerHost: nodeWorkerHost,
  log: say,
})
await program.begin(options.args)

const windowFiles = fileURLToPath(new URL('../renderer', import.meta.url))
const host = await startWebHost({
  ...(port === undefined ? {} : { port }),
  appFetch: (connect) => createAppFetch(windowFiles, program.exportById, connect),
  tiles: program.tiles,
  onWindow: (wire) =>
    serve(wire, api, program.handlers, {
      subscribe: program.subscribe,
      strict: process.env['TESSERA_STRICT'] === '1',
      onUnexpected: (error, call) =>
        say(`${call}: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`),
    }),
})

say(`Tessera runs in the browser${reason === undefined ? '' : `, because ${reason}`}.`)
say('Only this machine can reach it, and only with this address:')
process.stdout.write(`${host.entrance}\n`)
say('Ctrl+C ends it.')
if (open) openBrowser(host.entrance)

let ending = false
const end = () => {
  if (ending) process.exit(130) // asked twice: at once
  ending = true
  say('Closing: running jobs are stopped where they can go on later.')
  void host
    .close()
    .then(() => program.close())
    .finally(() => process.exit(0))
}
process.on('SIGINT', end)
process.on('SIGTERM', end)

/** Opens the person's own browser where there is a display; a machine without one has the address above. */
function openBrowser(address: string): void {
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', address]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', address]
        : ['xdg-open', address]
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => say('No browser could be opened: copy the address into one.'))
    .unref()
}
