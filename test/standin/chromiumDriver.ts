/**
 * Shows the windows of the built main bundle in a real Chromium: the page's requests go to the program's own scheme
 * handler, the built preload runs where it can require nothing but `electron`, and its messages arrive at `ipcMain`.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Browser, Page } from '@playwright/test'
import { pack, pageCode, unpack } from './clone.ts'
import type { Driver, FakeWindow } from './electron.ts'
import type { FakePort } from './ports.ts'

/** Chromium knows no `app:` scheme here; this host name stands for it. Like `app:` in Electron, it is a secure context. */
const ALIAS = 'https://bundle.tessera.test'
const ORIGIN = 'app://bundle'

type Program = {
  schemeHandlers: ReadonlyMap<string, (request: Request) => Response | Promise<Response>>
  fromRenderer: (window: FakeWindow, channel: string, args: unknown[]) => void
}

export type ShownWindow = { page: Page; requests: string[] }

export function chromiumDriver(
  root: string,
  browser: Browser,
  program: Program,
  onShown: (shown: ShownWindow) => void,
): Driver {
  const pages = new Map<FakeWindow, Page>()
  const ports = new Map<number, FakePort>()
  let nextPort = 1
  const preload = readFileSync(path.join(root, 'out', 'preload', 'index.cjs'), 'utf8')

  return {
    async open(window, url) {
      const page = pages.get(window) ?? (await browser.newPage({ viewport: { width: 1280, height: 800 } }))
      const requests: string[] = []
      if (!pages.has(window)) {
        pages.set(window, page)
        await page.exposeFunction('__toMain', (channel: string, packed: string) =>
          program.fromRenderer(window, channel, unpack(packed) as unknown[]),
        )
        await page.exposeFunction('__toPort', (port: number, packed: string) =>
          ports.get(port)?.postMessage(unpack(packed)),
        )
        await page.addInitScript({ content: pageScript(preload) })
        await page.route(`${ALIAS}/**`, async (route) => {
          const asked = new Request(route.request().url().replace(ALIAS, ORIGIN), { method: route.request().method() })
          requests.push(new URL(asked.url).pathname)
          const answer = await program.schemeHandlers.get('app')!(asked)
          await route.fulfill({
            status: answer.status,
            headers: Object.fromEntries(answer.headers),
            body: Buffer.from(await answer.arrayBuffer()),
          })
        })
        onShown({ page, requests })
      }
      await page.goto(url.replace(ORIGIN, ALIAS))
    },
    toRenderer(window, channel, args, transferred) {
      const page = pages.get(window)
      if (!page || page.isClosed()) return
      const ids = transferred.map((port) => {
        const id = nextPort++
        ports.set(id, port)
        port.on(
          'message',
          ({ data }: { data: unknown }) => void page.evaluate(toPort, [id, pack(data)] as const).catch(() => undefined),
        ) // the page is gone
        port.start()
        return id
      })
      void page.evaluate(fromMain, [channel, pack(args), ids] as const).catch(() => undefined) // the page is gone
    },
  }
}

declare const __fromMain: (channel: string, packed: string, ports: readonly number[]) => void
declare const __intoPort: (port: number, packed: string) => void
const fromMain = ([channel, packed, ports]: readonly [string, string, readonly number[]]) =>
  __fromMain(channel, packed, ports)
const toPort = ([port, packed]: readonly [number, string]) => __intoPort(port, packed)

/** Before the page's own scripts: a shim for what the preload requires, and the preload itself. */
const pageScript = (preload: string) => `(() => {
${pageCode}
const listeners = new Map()
const ports = new Map()
window.__fromMain = (channel, packed, ids) => {
  const event = {
    ports: ids.map((id) => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = ({ data }) => window.__toPort(id, pack(data))
      ports.set(id, port1)
      return port2
    }),
  }
  for (const listener of listeners.get(channel) ?? []) listener(event, ...unpack(packed))
}
window.__intoPort = (id, packed) => ports.get(id)?.postMessage(unpack(packed))
const electron = {
  contextBridge: { exposeInMainWorld: (name, api) => Object.defineProperty(window, name, { value: Object.freeze(api) }) },
  ipcRenderer: {
    send: (channel, ...args) => void window.__toMain(channel, pack(args)),
    on: (channel, listener) => void listeners.set(channel, [...(listeners.get(channel) ?? []), listener]),
  },
  webUtils: { getPathForFile: (file) => '/dropped/' + file.name },
}
const require = (name) => {
  if (name !== 'electron') throw new Error('a sandboxed preload can not require ' + name)
  return electron
}
const module = { exports: {} }
;(function (require, module, exports) {
${preload}
})(require, module, module.exports)
})()`
