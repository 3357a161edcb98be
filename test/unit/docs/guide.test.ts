/** The user's guide says what the program has: every error code, key, command and flag, and no picture or page that is not there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { createPinia, setActivePinia } from 'pinia'
import { describe, expect, test } from 'vitest'
import { addDemoCommand } from '../../../src-main/cli/demoCommand.ts'
import { addPredictCommands } from '../../../src-main/cli/predictCommand.ts'
import { addProjectCommands } from '../../../src-main/cli/projectCommands.ts'
import { addSlideCommands } from '../../../src-main/cli/slideCommands.ts'
import { addTrainCommand } from '../../../src-main/cli/trainCommand.ts'
import { csvLines } from '../../../src-main/exports/csv.ts'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { useCommands } from '../../../src-renderer/commands/index.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { errorData } from '../../../src-shared/errors.ts'
import { CardContent } from '../../../src-shared/models.ts'
import { keyTable } from './keyTable.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const read = (page: string): string => readFileSync(path.join(root, page), 'utf8')

describe('problems.md', () => {
  const problems = read('docs/user/problems.md')
  const explained = [...problems.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code)

  test('explains every error code once, and none that does not exist', () => {
    expect(explained.toSorted()).toEqual(Object.keys(errorData).toSorted())
  })

  test('says of each code what it means and what to do', () => {
    for (const row of problems.match(/^\| `[A-Z_]+` \|.*$/gm)!) {
      const cells = row.split(/(?<!\\)\|/).slice(1, -1)
      expect(cells, row).toHaveLength(3)
      for (const cell of cells) expect(cell.trim(), row).not.toBe('')
    }
  })
})

test('labelling.md holds the table of keys as the window has it', async () => {
  setActivePinia(createPinia())
  await openApi(fakeMain(scenes.sample).openWire)
  await reloadAll()
  expect(read('docs/user/labelling.md')).toContain(keyTable(useCommands().all))
})

describe('command-line.md', () => {
  const page = read('docs/user/command-line.md')
  const program = new Command('tessera')
  for (const add of [addSlideCommands, addProjectCommands, addTrainCommand, addPredictCommands, addDemoCommand])
    add(program)

  /** Commands that do something, with their whole names: `slide info`. */
  const leaves = (command: Command, before: string[]): { name: string; command: Command }[] =>
    command.commands.length === 0
      ? [{ name: before.join(' '), command }]
      : command.commands.flatMap((each) => leaves(each, [...before, each.name()]))

  test.each(leaves(program, []))('has a section on “$name” with every flag of it', ({ name, command }) => {
    const [, after] = page.split(`\n### ${name}\n`)
    expect(after, `a section “### ${name}”`).toBeDefined()
    const section = after!.split(/\n##/)[0]!
    // a bar inside a table is written with a backslash
    const flags = [...section.matchAll(/^\| `(--[^`]+)` \|/gm)].map(([, flag]) => flag!.replaceAll('\\|', '|'))
    expect(flags).toEqual(command.options.map((option) => option.flags))
  })
})

describe('exporting.md', () => {
  const page = read('docs/user/exporting.md')

  test('explains every column of the CSV', () => {
    const [header] = csvLines([], {
      name: 'slide',
      case: 'case',
      model: 'model',
      predictedClasses: ['CLASS'],
      fileOf: () => null,
    })
    for (const column of header!.split(',')) expect(page).toContain(`| \`${column}\` |`)
  })

  test('explains every field of the card', () => {
    for (const field of Object.keys(CardContent.shape)) expect(page).toContain(`| \`${field}\` |`)
  })
})

describe('every page', () => {
  const folders = ['.', 'docs', 'docs/user']
  const pages = folders.flatMap((folder) =>
    readdirSync(path.join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => path.posix.join(folder, name)),
  )

  test.each(pages)('%s links only to files that are there', (page) => {
    const targets = [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target!)
    const missing = targets
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(path.join(root, path.dirname(page), target)))
    expect(missing).toEqual([])
  })
})
