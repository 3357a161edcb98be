/** The browser of the end-to-end tests: a Chromium of this machine. None is downloaded. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { say, stop } from './setup.mjs'

const places = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

export const chromium = () => places.find((place) => place && existsSync(place)) ?? null

/** Installs Debian's Chromium where that is allowed; otherwise says which command does. */
export function ensureChromium() {
  const found = chromium()
  if (found) return found
  const canInstall =
    process.platform === 'linux' && process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0
  if (canInstall) {
    say('Installing Chromium with apt-get: the end-to-end tests drive it.')
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    const apt = (/** @type {string[]} */ ...args) =>
      spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env: environment }).status === 0
    if (apt('update') && apt('install', '-y', '--no-install-recommends', 'chromium', 'fonts-dejavu-core')) {
      const installed = chromium()
      if (installed) return installed
    }
  }
  return stop(
    'The end-to-end tests need Chromium, and there is none. Install it and run the same command again:\n' +
      '  Debian, Ubuntu:  sudo apt-get install chromium\n' +
      '  macOS, Windows:  install Chrome or Chromium\n' +
      'or name one: CHROMIUM=/path/to/chromium npm test',
  )
}
