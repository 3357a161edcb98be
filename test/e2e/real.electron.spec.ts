/** The real Electron, on machines that have its binary. Everything it alone can show is here, and nothing else. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { _electron, expect, test } from '@playwright/test'
import { TesseraWindow } from './tesseraWindow.ts'
import { cellsOf } from './truth.ts'

const root = path.resolve(import.meta.dirname, '../..')

/** Looks, and never requires `electron`: that alone would start a download. */
function electronBinary(): string | null {
  const note = path.join(root, 'node_modules', 'electron', 'path.txt')
  if (!existsSync(note)) return null
  const binary = path.join(root, 'node_modules', 'electron', 'dist', readFileSync(note, 'utf8').trim())
  return existsSync(binary) ? binary : null
}

const binary = electronBinary()
test.skip(binary === null, 'SKIPPED: there is no Electron binary on this machine, so the real shell is not tested here')

test('the real shell starts, shows the slide, and labels by a click', async () => {
  const data = mkdtempSync(path.join(tmpdir(), 'tessera-electron-'))
  const app = await _electron.launch({ executablePath: binary!, args: [root, '--data', data] })
  try {
    const window = new TesseraWindow(await app.firstWindow())
    await window.begin()
    await window.fit()
    await window.click(cellsOf('tumor')[0]!)
    await window.expectCounts({ tumor: 1 })
    expect(await window.page.evaluate(() => typeof (globalThis as unknown as { require?: unknown }).require)).toBe(
      'undefined',
    )
    expect(window.complaints).toEqual([])
  } finally {
    await app.close()
    rmSync(data, { recursive: true, force: true })
  }
})
