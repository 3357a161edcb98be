/** Finding Electron, or the reason why the program opens in the browser instead. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { programNode, root, say } from './setup.mjs'

const folder = path.join(root, 'node_modules', 'electron')
/** Why the last download failed: asking again at every start would make an offline machine wait each time. */
const failure = path.join(folder, '.download-failed')

const LONGEST_DOWNLOAD_MS = 180_000

/**
 * Looks, and never requires `electron`: that alone would start a download.
 * @returns {string | null} the binary
 */
export function electronBinary() {
  const note = path.join(folder, 'path.txt')
  if (!existsSync(note)) return null
  const binary = path.join(folder, 'dist', readFileSync(note, 'utf8').trim())
  return existsSync(binary) ? binary : null
}

/**
 * @param {{ tryAgain: boolean }} options
 * @returns {{ binary: string } | { reason: string }}
 */
export function electron({ tryAgain }) {
  const unable = whyNotHere()
  if (unable) return { reason: unable }
  const found = electronBinary()
  if (found) return { binary: found }
  if (existsSync(failure) && !tryAgain) return { reason: readFileSync(failure, 'utf8') }
  rmSync(failure, { force: true })
  say('Getting Electron, the window of the desktop app (about 120 MB, once) …')
  const result = spawnSync(programNode(), [path.join(folder, 'install.js')], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: LONGEST_DOWNLOAD_MS,
    encoding: 'utf8',
  })
  const binary = electronBinary()
  if (binary) return { binary }
  const said =
    result.error?.message ??
    (result.stderr ?? '').split('\n').find((line) => line.includes('Error')) ??
    'no reason was given'
  const reason = `Electron could not be downloaded (${said.trim().slice(0, 200)}). “npm start -- --electron” tries again`
  writeFileSync(failure, reason)
  return { reason }
}

/** What keeps Electron from opening a window on this machine, whether or not it is installed. */
function whyNotHere() {
  if (process.platform !== 'linux') return null
  if (!process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return 'this machine has no display'
  if (process.getuid?.() === 0) return 'Electron does not run as root with its sandbox on'
  return null
}
