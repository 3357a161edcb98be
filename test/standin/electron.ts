/**
 * A stand-in for the `electron` module: enough of it to run the BUILT main bundle in plain Node and to show its window in
 * a real Chromium. What it exports is typed against electron.d.ts, so that an upgrade of Electron that changes a
 * signature fails the type check; whatever the program uses that is not here fails at once, by name.
 *
 * It keeps Electron's order of life: schemes and sandbox before `ready`, sessions, handlers and windows after. Messages go
 * through structuredClone. What it can not show stands in docs/testing.md.
 */
import { EventEmitter } from 'node:events'
import path from 'node:path'
import type * as E from 'electron'
import { FakePort } from './ports.ts'
import { forkUtility } from './utility.ts'

export interface Driver {
  open(window: FakeWindow, url: string): Promise<void>
  toRenderer(window: FakeWindow, channel: string, args: unknown[], ports: FakePort[]): void
}

export type Recorded = {
  windows: FakeWindow[]
  schemes: E.CustomScheme[]
  external: string[]
  quit: boolean
  sandboxed: boolean
  menu: E.MenuItemConstructorOptions[] | null
  paths: Record<string, string>
}

export const recorded: Recorded = {
  windows: [],
  schemes: [],
  external: [],
  quit: false,
  sandboxed: false,
  menu: null,
  paths: {},
}

/** What a test decides: who draws the windows, which files a dialog answers. */
export const scene = {
  driver: undefined as Driver | undefined,
  lock: true,
  chosenFiles: [] as string[],
}

/** Any member the stand-in lacks is an error, never `undefined`. */
const strict = <T extends object>(name: string, members: T): T =>
  new Proxy(members, {
    get(target, key, receiver) {
      if (!(key in target) && typeof key === 'string' && key !== 'then' && key !== 'toJSON')
        throw new Error(`the stand-in lacks electron.${name}.${key}`)
      return Reflect.get(target, key, receiver) as unknown
    },
  })

/** The members of T named by K, as functions or values of the same types. */
type Members<T, K extends keyof T> = {
  [P in K]: T[P] extends (...args: infer A) => infer R ? (...args: A) => R | void : T[P]
}

let ready = false
const readyWait = Promise.withResolvers<void>()

class FakeApp extends EventEmitter {
  isPackaged = false
  enableSandbox(): void {
    if (ready) throw new Error('app.enableSandbox() can only be called before app is ready')
    recorded.sandboxed = true
  }
  setName(): void {}
  setPath(name: string, to: string): void {
    if (!path.isAbsolute(to)) throw new Error('Path must be absolute')
    recorded.paths[name] = to
  }
  requestSingleInstanceLock(): boolean {
    return scene.lock
  }
  whenReady(): Promise<void> {
    return readyWait.promise
  }
  quit(): void {
    const event = { prevented: false, preventDefault: () => void (event.prevented = true) }
    this.emit('will-quit', event)
    if (event.prevented) return
    recorded.quit = true
    this.emit('quit', {}, 0)
  }
}

export const schemeHandlers = new Map<string, (request: Request) => Response | Promise<Response>>()
export const permissions: {
  request?: Parameters<E.Session['setPermissionRequestHandler']>[0] | undefined
  check?: Parameters<E.Session['setPermissionCheckHandler']>[0] | undefined
} = {}

export class FakeFrame {
  parent: FakeFrame | null = null
  url: string
  constructor(url: string) {
    this.url = url
  }
}

export class FakeContents extends EventEmitter {
  destroyed = false
  mainFrame = new FakeFrame('about:blank')
  openHandler: ((details: { url: string }) => E.WindowOpenHandlerResponse) | undefined
  private readonly window: () => FakeWindow
  constructor(window: () => FakeWindow) {
    super()
    this.window = window
  }
  isDestroyed(): boolean {
    return this.destroyed
  }
  setWindowOpenHandler(handler: Parameters<E.WebContents['setWindowOpenHandler']>[0]): void {
    this.openHandler = handler as typeof this.openHandler
  }
  send(channel: string, ...args: unknown[]): void {
    if (this.destroyed) throw new TypeError('Object has been destroyed')
    scene.driver?.toRenderer(this.window(), channel, structuredClone(args), [])
  }
  postMessage(channel: string, message: unknown, transfer: FakePort[] = []): void {
    if (this.destroyed) throw new TypeError('Object has been destroyed')
    for (const each of transfer)
      if (!(each instanceof FakePort)) throw new TypeError('Port at index 0 is not a valid port')
    scene.driver?.toRenderer(this.window(), channel, [structuredClone(message)], transfer)
  }
  /** For tests: would this navigation be allowed? */
  tryNavigate(url: string, kind: 'will-navigate' | 'will-redirect' = 'will-navigate'): boolean {
    const event = { url, stopped: false, preventDefault: () => void (event.stopped = true) }
    this.emit(kind, event, url)
    return !event.stopped
  }
}

export class FakeWindow extends EventEmitter {
  readonly webContents: FakeContents
  readonly options: E.BrowserWindowConstructorOptions
  shown = false
  constructor(options: E.BrowserWindowConstructorOptions) {
    super()
    if (!ready) throw new Error('Cannot create BrowserWindow before app is ready')
    this.options = options
    this.webContents = strict('webContents', new FakeContents(() => this))
    recorded.windows.push(this)
    app.emit('web-contents-created', {}, this.webContents)
  }
  async loadURL(url: string): Promise<void> {
    this.webContents.emit('did-start-navigation', { url, isMainFrame: true, isSameDocument: false })
    this.webContents.mainFrame.url = url
    await scene.driver?.open(this, url)
    this.emit('ready-to-show')
    this.webContents.emit('did-finish-load')
  }
  show(): void {
    this.shown = true
  }
  focus(): void {}
  isMinimized(): boolean {
    return false
  }
  restore(): void {}
  close(): void {
    this.webContents.destroyed = true
    this.webContents.emit('destroyed')
    this.emit('closed')
    app.emit('window-all-closed')
  }
}

const rawIpcMain = new EventEmitter()

/** A message arriving from a frame of a window, cloned as Electron clones it. */
export function fromRenderer(
  window: FakeWindow,
  channel: string,
  args: unknown[],
  frame: FakeFrame = window.webContents.mainFrame,
): void {
  rawIpcMain.emit(channel, { sender: window.webContents, senderFrame: frame }, ...structuredClone(args))
}

export function becomeReady(): void {
  ready = true
  app.emit('ready')
  readyWait.resolve()
}

export const app = strict(
  'app',
  new FakeApp() satisfies Members<
    E.App,
    'isPackaged' | 'enableSandbox' | 'setName' | 'setPath' | 'requestSingleInstanceLock' | 'whenReady' | 'quit'
  >,
)

export const protocol = strict('protocol', {
  registerSchemesAsPrivileged(schemes: E.CustomScheme[]): void {
    if (ready) throw new Error('protocol.registerSchemesAsPrivileged should be called before app is ready')
    if (recorded.schemes.length > 0) throw new Error('only one call of registerSchemesAsPrivileged counts')
    recorded.schemes.push(...schemes)
  },
  handle(scheme: string, handler: (request: Request) => Response | Promise<Response>): void {
    if (!ready) throw new Error('protocol.handle can only be used when app is ready')
    if (schemeHandlers.has(scheme)) throw new Error(`The scheme has been intercepted: ${scheme}`)
    schemeHandlers.set(scheme, handler)
  },
} satisfies Members<E.Protocol, 'registerSchemesAsPrivileged' | 'handle'>)

export const session = strict('session', {
  get defaultSession() {
    if (!ready) throw new Error('Session can only be received when app is ready')
    return strict('session.defaultSession', {
      setPermissionRequestHandler(handler: NonNullable<typeof permissions.request> | null): void {
        permissions.request = handler ?? undefined
      },
      setPermissionCheckHandler(handler: NonNullable<typeof permissions.check> | null): void {
        permissions.check = handler ?? undefined
      },
    } satisfies Members<E.Session, 'setPermissionRequestHandler' | 'setPermissionCheckHandler'>)
  },
})

export const shell = strict('shell', {
  async openExternal(url: string): Promise<void> {
    recorded.external.push(url)
  },
} satisfies Members<E.Shell, 'openExternal'>)

export const dialog = strict('dialog', {
  async showOpenDialog() {
    return { canceled: scene.chosenFiles.length === 0, filePaths: scene.chosenFiles }
  },
})

export const Menu = strict('Menu', {
  buildFromTemplate: (template: (E.MenuItemConstructorOptions | E.MenuItem)[]) => template as unknown as E.Menu,
  setApplicationMenu(menu: E.Menu | null): void {
    recorded.menu = menu as unknown as E.MenuItemConstructorOptions[]
  },
} satisfies Members<typeof E.Menu, 'buildFromTemplate' | 'setApplicationMenu'>)

export const utilityProcess = strict('utilityProcess', {
  fork(file: string, args: string[], options: E.ForkOptions) {
    if (!ready) throw new Error('utilityProcess cannot be created before app is ready')
    return forkUtility(file, args, options)
  },
})

export class MessageChannelMain {
  readonly port1 = new FakePort()
  readonly port2 = new FakePort()
  constructor() {
    FakePort.entangle(this.port1, this.port2)
  }
}

export const ipcMain = strict('ipcMain', rawIpcMain)
export const BrowserWindow = FakeWindow
