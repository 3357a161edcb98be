/** The table of keys as docs/user/labelling.md shows it: every command of the window that has a key, by group. */
import { type Command, GROUPS } from '../../../src-renderer/commands/command.ts'
import { keyLabel } from '../../../src-renderer/commands/keys.ts'

const WHERE = {
  everywhere: '',
  slide: 'over the slide',
  gallery: 'in the gallery',
  map: 'on the map',
  review: 'in Review',
  inside: 'inside a network',
} as const

/** Lines of a Markdown table. Keys of classes belong to a project, so they are not listed. */
export function keyTable(commands: readonly Command[]): string {
  const listed = commands.filter((command) => command.keys.length > 0 && !command.id.startsWith('class.'))
  const rows = GROUPS.flatMap((group) =>
    listed
      .filter((command) => command.group === group)
      .map(({ title, keys, context }) => {
        const words = keys.map((key) => `\`${keyLabel(key, false)}\``).join(', ')
        return `| ${group} | ${title.replace('…', '')} | ${words} | ${WHERE[context]} |`
      }),
  )
  return ['| group | command | keys | where |', '|---|---|---|---|', ...rows].join('\n')
}
