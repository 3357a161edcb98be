/** The window: locked to our own pages, allowed nothing, and speaking only the contract. */
import { app, BrowserWindow, type IpcMainEvent, ipcMain, type Session, shell } from 'electron'
import type { Message, Wire } from '../../../src-shared/wire/message.ts'

export const SCHEME = 'app'
export const ORIGIN = `${SCHEME}://bundle`

/** Sites a link may open in the person's own browser: the project's documentation and the sources of the sample data. */
const outside: ReadonlySet<string> = new Set(['arxiv.org', 'doi.org', 'openslide.org', 'github.com'])

/** No camera, no notifications, no location: Electron would grant them all. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, decide) => decide(false))
  session.setPermissionCheckHandler(() => false)
}

/** Every page that is ever made, also ones nobody meant to make. */
export function lockNavigation(): void {
  app.on('web-contents-created', (_event, contents) => {
    const stay = (event: { preventDefault: () => void; url: string }) => {
      if (originOf(event.url) !== ORIGIN) event.preventDefault()
    }
    contents.on('will-navigate', stay)
    contents.on('will-redirect', stay)
    contents.on('will-attach-webview', (event) => event.preventDefault())
    contents.setWindowOpenHandler(({ url }) => {
      if (isOutside(url)) void shell.openExternal(url)
      return { action: 'deny' }
    })
  })
}

function isOutside(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, hostname } = new URL(address)
  return protocol === 'https:' && outside.has(hostname)
}

export function createWindow(preload: string, icon: string): BrowserWindow {
  const window = new BrowserWindow({
    width: 1440,
    height: 900,
    minWidth: 1024,
    minHeight: 640,
    show: false,
    icon,
    title: 'Tessera',
    backgroundColor: '#f4f4f5',
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
    },
  })
  window.once('ready-to-show', () => window.show())
  return window
}

/** Whether a message comes from the main frame of our page in this window, and from nowhere else. */
export const isOurs = (event: IpcMainEvent, window: BrowserWindow): boolean =>
  event.sender === window.webContents &&
  event.senderFrame !== null &&
  event.senderFrame === window.webContents.mainFrame &&
  originOf(event.senderFrame.url) === ORIGIN

/** `new URL('app://…').origin` is “null” in Node for schemes it does not know. */
const originOf = (address: string): string | null => {
  if (!URL.canParse(address)) return null
  const { protocol, host } = new URL(address)
  return `${protocol}//${host}`
}

/** The wire of one page load; a reload closes it and makes the next. */
export function windowWire(window: BrowserWindow): Wire {
  return {
    post(message) {
      if (!window.webContents.isDestroyed()) window.webContents.send('wire', message)
    },
    listen(onMessage) {
      const listener = (event: IpcMainEvent, message: Message) => {
        if (isOurs(event, window)) onMessage(message)
      }
      ipcMain.on('wire', listener)
      onPageGone(window, () => ipcMain.off('wire', listener))
    },
    closed: (onClosed) => onPageGone(window, onClosed),
  }
}

function onPageGone(window: BrowserWindow, gone: () => void): void {
  let told = false
  const once = () => {
    if (!told) gone()
    told = true
  }
  window.webContents.once('render-process-gone', once)
  window.webContents.once('destroyed', once)
  window.webContents.on('did-start-navigation', (details) => {
    if (details.isMainFrame && !details.isSameDocument) once()
  })
}
