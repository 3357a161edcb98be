/** The user's guide says what the program has: every error code, key, command and flag, and no picture or page that is not there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { createPinia, setActivePinia } from 'pinia'
import { describe, expect, test } from 'vitest'
import { csvLines } from '../../../src-main/exports/csv.ts'
import { misreadLines } from '../../../src-main/exports/misreadCsv.ts'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { useCommands } from '../../../src-renderer/commands/index.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { errorData } from '../../../src-shared/errors.ts'
import { Augmentation, CardContent } from '../../../src-shared/models.ts'
import { Recipe } from '../../../src-shared/recipe.ts'
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

/** Whatever file of the command line adds commands: a list written here would miss the next one. */
const cli = path.join(root, 'src-main/cli')
const files = readdirSync(cli).filter((name) => /Commands?\.ts$/.test(name))
const modules = await Promise.all(files.map((name) => import(path.join(cli, name)) as Promise<Record<string, unknown>>))
const addCommands = Object.fromEntries(
  modules.flatMap((each) => Object.entries(each)).filter(([name]) => /^add\w+Commands?$/.test(name)),
) as Record<string, (program: Command) => void>

describe('command-line.md', () => {
  const page = read('docs/user/command-line.md')
  const program = new Command('tessera')
  for (const add of Object.values(addCommands)) add(program)

  test('is compared with every command the program has', () => {
    const added = [...read('src-main/cli.ts').matchAll(/^(add\w+)\(program\)$/gm)].map(([, name]) => name)
    expect(Object.keys(addCommands).toSorted()).toEqual(added.toSorted())
  })

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

  test('explains every column of the table of misread patches', () => {
    const section = page.split('\n## Misread patches\n')[1]!.split('\n## ')[0]!
    const [header] = misreadLines([], { classes: ['CLASS'], model: 'model', fileOf: () => null })
    for (const column of header!.split(',')) expect(section).toContain(`| \`${column}\` |`)
  })

  test('explains every field of the card', () => {
    for (const field of Object.keys(CardContent.shape)) expect(page).toContain(`| \`${field}\` |`)
  })

  test('names every field inside a field of the card, and of a recipe', () => {
    const { input, network, data, split, training, members, weights, versions } = CardContent.shape
    const parts = { input, network, data, split, training, members: members.element, weights, versions }
    for (const [field, { shape }] of Object.entries(parts)) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`${field}\` |`))
      for (const inner of Object.keys(shape)) expect(row, field).toContain(`\`${inner}\``)
    }
    for (const field of Object.keys(Recipe.shape)) expect(page).toContain(`| \`${field}\` |`)
    for (const field of Object.keys(Augmentation.shape)) expect(page).toContain(`\`${field}\``)
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
