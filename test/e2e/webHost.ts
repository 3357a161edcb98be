/** The built web host on a data folder of its own, and a browser on it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type Browser, chromium, type Page } from '@playwright/test'
import { TesseraWindow } from './tesseraWindow.ts'

const root = path.resolve(import.meta.dirname, '../..')

const places = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** The browser of this machine; none is downloaded. The sandbox of Chromium does not run as root. @param more arguments */
export const launchBrowser = (...more: string[]): Promise<Browser> =>
  chromium.launch({
    executablePath: places.find((place) => place && existsSync(place))!,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  })

export class WebHost {
  readonly data: string
  entrance = ''
  private process: ChildProcess | null = null
  said = ''
  environment: Record<string, string> = {}

  /** @param data an existing data folder, to open what another host has open */
  constructor(data?: string) {
    this.data = data ?? mkdtempSync(path.join(tmpdir(), 'tessera-e2e-'))
  }

  /** @param args slides or a project to open, options */
  async start(...args: string[]): Promise<void> {
    const child = spawn(
      process.execPath,
      [path.join(root, 'out', 'main', 'web.js'), '--data', this.data, '--no-open', ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, TESSERA_STRICT: '1', ...this.environment },
      },
    )
    this.process = child
    child.stderr.on('data', (text: Buffer) => void (this.said += String(text)))
    this.entrance = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (line: Buffer) => resolve(String(line).trim()))
      child.once('exit', (code) => reject(new Error(`the web host ended with ${code}: ${this.said}`)))
    })
  }

  /** @param signal SIGTERM ends it properly, SIGKILL as a crash would */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const child = this.process
    this.process = null
    if (!child || child.exitCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }

  /**
   * Opens a window in which nothing may go wrong unnoticed: `complaints` collects what the console and the page say.
   * @param before what is done to the page before the window is in it
   */
  async open(
    browser: Browser,
    viewport = { width: 1280, height: 800 },
    before: (page: Page) => Promise<void> = async () => undefined,
  ): Promise<TesseraWindow> {
    const context = await browser.newContext({ viewport })
    context.setDefaultTimeout(15_000)
    const page: Page = await context.newPage()
    await before(page)
    const window = new TesseraWindow(page)
    await page.goto(this.entrance)
    return window
  }

  project(name = 'Sample'): string {
    return path.join(this.data, 'projects', name)
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL')
    rmSync(this.data, { recursive: true, force: true })
  }
}
