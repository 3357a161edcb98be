/** Electron's entry, from top to bottom: lock, settings of the process, program, calls, window. */
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { app, ipcMain, MessageChannelMain, protocol, session } from 'electron'
import { api } from '../src-shared/api.ts'
import { messageOf } from '../src-shared/errors.ts'
import { serve } from '../src-shared/wire/serve.ts'
import { createAppFetch } from './host/appFetch.ts'
import { chooseFiles } from './host/electron/dialogs.ts'
import { electronWorkerHost } from './host/electron/electronWorkerHost.ts'
import { setMenu } from './host/electron/menu.ts'
import {
  createWindow,
  denyPermissions,
  isOurs,
  lockNavigation,
  ORIGIN,
  SCHEME,
  windowWire,
} from './host/electron/window.ts'
import { createProgram } from './host/program.ts'
import { resourcesFolder } from './host/resources.ts'
import { dataFolder } from './settings/dataFolder.ts'

const log = (text: string) => process.stderr.write(`${text}\n`)
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))

// Everything down to `ready` must happen before Electron is ready, so nothing here waits.
const args = process.argv.slice(app.isPackaged ? 1 : 2)
const dataOption = args.indexOf('--data')
const data =
  dataOption >= 0 && args[dataOption + 1]
    ? path.resolve(args[dataOption + 1]!)
    : dataFolder(process.platform, process.env)
const files = args.filter((arg, i) => !arg.startsWith('-') && (dataOption < 0 || i !== dataOption + 1))

app.setName('Tessera')
app.setPath('userData', path.join(data, 'electron'))
protocol.registerSchemesAsPrivileged([
  {
    scheme: SCHEME,
    privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
  },
])
app.enableSandbox()
lockNavigation()

if (app.requestSingleInstanceLock()) void start()
else app.quit() // the running instance is told, and shows its window

async function start(): Promise<void> {
  await app.whenReady()
  denyPermissions(session.defaultSession)

  const window = createWindow(here('../preload/index.cjs'), path.join(resourcesFolder, 'public', 'icon.png'))
  const program = createProgram({
    dataFolder: data,
    shell: {
      kind: 'electron',
      reason: null,
      holder: 'the Tessera window',
      chooseFiles: (purpose) => chooseFiles(window, purpose),
      setMenu: (items) => setMenu(items, (id) => program.publish('app.command', { id })),
    },
    workerHost: electronWorkerHost,
    log,
  })

  const appFetch = createAppFetch(here('../renderer'), program.exportById)
  protocol.handle(SCHEME, (request) =>
    new URL(request.url).host === 'bundle' ? appFetch(request) : new Response(null, { status: 404 }),
  )

  // Each page load is a new peer; the one before is closed by the navigation.
  window.webContents.on('did-start-navigation', (details) => {
    if (!details.isMainFrame || details.isSameDocument) return
    serve(windowWire(window), api, program.handlers, {
      subscribe: program.subscribe,
      strict: process.env['TESSERA_STRICT'] === '1',
      onUnexpected: (error, call) =>
        log(`${call}: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`),
    })
  })

  const sendPort = (handOver: (port: unknown) => void) => {
    if (window.webContents.isDestroyed()) return
    const { port1, port2 } = new MessageChannelMain()
    handOver(port1)
    window.webContents.postMessage('tiles', null, [port2])
  }
  let tilePort: ((port: unknown) => void) | undefined
  program.onTileProcess((process) => {
    tilePort = (port) => process.handOver?.(port)
    sendPort(tilePort)
  })
  // A page that was reloaded has lost its port.
  window.webContents.on('did-finish-load', () => tilePort && sendPort(tilePort))

  ipcMain.on('dropped', (event, paths: unknown) => {
    if (!isOurs(event, window) || !Array.isArray(paths)) return
    const chosen = paths.filter((each): each is string => typeof each === 'string')
    void Promise.allSettled(chosen.map((file) => program.handles.entryOf(file))).then((entries) =>
      program.publish('files.dropped', {
        entries: entries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])),
      }),
    )
  })

  app.on('second-instance', () => {
    if (window.isMinimized()) window.restore()
    window.focus()
  })
  app.on('window-all-closed', () => app.quit())
  let closed = false
  app.on('will-quit', (event) => {
    if (closed) return
    event.preventDefault() // jobs are stopped first, so that they can go on later
    void program.close().finally(() => {
      closed = true
      app.quit()
    })
  })

  await program.begin(files)
  await window.loadURL(`${ORIGIN}/index.html`)
}
