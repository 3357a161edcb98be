/**
 * The window over made-up data (src-renderer/api/fake), built and served on loopback: for worlds that are too large, too
 * broken or too rare to make with the real program, 2,000 slides and a full disk among them.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Browser, Page } from '@playwright/test'
import { build } from 'vite'
import type { scenes } from '../../src-renderer/api/fake/scene.ts'
import { TesseraWindow } from './tesseraWindow.ts'

const root = path.resolve(import.meta.dirname, '../..')
const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

export type SceneName = keyof typeof scenes

export interface Look {
  width?: number
  height?: number
  scheme?: 'light' | 'dark'
}

export class FakeWindowHost {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'tessera-fake-'))
  private server: Server | null = null

  async start(): Promise<void> {
    await build({
      configFile: path.join(root, 'src-renderer', 'vite.fake.config.ts'),
      root: path.join(root, 'src-renderer'),
      logLevel: 'error',
      build: {
        outDir: this.folder,
        emptyOutDir: true,
        rolldownOptions: { input: path.join(root, 'src-renderer', 'fake.html') },
      },
    })
    const server = createServer((request, response) => {
      const file = path.join(this.folder, new URL(request.url ?? '/', 'http://x').pathname)
      try {
        const body = readFileSync(file)
        response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' })
        response.end(body)
      } catch {
        response.writeHead(404)
        response.end()
      }
    })
    this.server = server
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
  }

  /** @param before what is done to the page before the window is in it */
  async open(
    browser: Browser,
    scene: SceneName,
    { width = 1280, height = 800, scheme = 'light' }: Look = {},
    before: (page: Page) => Promise<void> = () => Promise.resolve(),
  ): Promise<TesseraWindow> {
    const address = this.server?.address()
    if (!address || typeof address === 'string') throw new Error('the made-up window is not served')
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    // a million made-up patches are made in the page itself
    context.setDefaultTimeout(60_000)
    const window = new TesseraWindow(await context.newPage())
    await before(window.page)
    await window.page.goto(`http://127.0.0.1:${address.port}/fake.html?scene=${scene}`)
    await window.page.locator('.frame[data-state="there"]').waitFor()
    return window
  }

  async remove(): Promise<void> {
    await new Promise((resolve) => {
      if (this.server) this.server.close(resolve)
      else resolve(undefined)
    })
    rmSync(this.folder, { recursive: true, force: true })
  }
}
