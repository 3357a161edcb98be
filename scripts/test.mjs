/**
 * `npm test [-- step …]`: every check there is, from a bare clone. Steps: types, lint, layers, unused, unit, e2e.
 *
 * A step that fails does not stop the others: one run tells everything that is wrong.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { ensureChromium } from './chromium.mjs'
import { build, install, programEnvironment, programNode, root, say, stop } from './setup.mjs'

const results = path.join(root, 'test-results')
const tally = { passed: 0, failed: 0, skipped: 0 }
/** @type {string[]} */
const failures = []

/** Runs a package's program with the program's Node. @returns whether it succeeded */
function tool(/** @type {string} */ file, /** @type {string[]} */ ...args) {
  const result = spawnSync(programNode(), [path.join(root, 'node_modules', file), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: environment(),
  })
  return result.status === 0
}

/** Replies are parsed against the contract in every test, also where the program is run as it is built. */
const environment = () => ({ ...programEnvironment(), TESSERA_STRICT: '1' })

function check(/** @type {string} */ name, /** @type {boolean} */ ok) {
  if (ok) tally.passed++
  else {
    tally.failed++
    failures.push(name)
  }
}

/** Adds what a test runner wrote down. A runner that wrote nothing has failed as a whole. */
function count(
  /** @type {string} */ name,
  /** @type {() => { passed: number, failed: number, skipped: number }} */ read,
  /** @type {boolean} */ ok,
) {
  try {
    const counted = read()
    tally.passed += counted.passed
    tally.failed += counted.failed
    tally.skipped += counted.skipped
    if (counted.failed > 0) failures.push(`${name}: ${counted.failed} failed`)
    else check(`${name}: the runner itself`, ok)
  } catch (error) {
    check(`${name}: no result was written (${error instanceof Error ? error.message : 'unreadable'})`, false)
  }
}

const steps = {
  types() {
    for (const side of ['shared', 'main', 'preload', 'renderer', 'test'])
      check(`types of ${side}`, tool('vue-tsc/bin/vue-tsc.js', '--noEmit', '-p', `tsconfig.${side}.json`))
  },
  lint() {
    const places = ['src-shared', 'src-main', 'src-renderer', 'test', 'scripts']
    check('lint', tool('oxlint/bin/oxlint', '--type-aware', ...places))
    check('format', tool('oxfmt/bin/oxfmt', '--check'))
  },
  layers() {
    check(
      'layers',
      tool(
        'dependency-cruiser/bin/dependency-cruiser.mjs',
        '--config',
        '.dependency-cruiser.mjs',
        'src-shared',
        'src-main',
        'src-renderer',
      ),
    )
  },
  unused() {
    check('unused code', tool('knip/bin/knip.js'))
  },
  unit() {
    const file = path.join(results, 'unit.json')
    const ok = tool('vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`)
    count(
      'unit',
      () => {
        const report = JSON.parse(readFileSync(file, 'utf8'))
        return {
          passed: report.numPassedTests,
          failed: report.numFailedTests,
          skipped: report.numPendingTests + report.numTodoTests,
        }
      },
      ok,
    )
  },
  e2e() {
    ensureChromium()
    build()
    const file = path.join(results, 'e2e.json')
    process.env['PLAYWRIGHT_JSON_OUTPUT_NAME'] = file
    const ok = tool('@playwright/test/cli.js', 'test', '--reporter=list,json')
    count(
      'e2e',
      () => {
        const { stats } = JSON.parse(readFileSync(file, 'utf8'))
        return { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped }
      },
      ok,
    )
  },
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !(name in steps))
if (unknown) stop(`There is no step “${unknown}”. Steps: ${Object.keys(steps).join(', ')}.`)

install()
rmSync(results, { recursive: true, force: true })
mkdirSync(results, { recursive: true })
// A missing browser is known before the minutes are spent.
if (wanted.length === 0 || wanted.includes('e2e')) ensureChromium()
for (const [name, run] of Object.entries(steps)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  say(`\n— ${name} —`)
  const started = Date.now()
  run()
  say(`— ${name}: ${Math.round((Date.now() - started) / 1000)} s —`)
}
for (const failure of failures) say(`FAILED  ${failure}`)
console.log(`\n${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`)
process.exit(tally.failed === 0 ? 0 : 1)
