/**
 * What a command is: one action of a person, once, with its words, keys and condition. Menus, buttons, keys and the
 * palette all read this table.
 */
export const GROUPS = [
  'Project',
  'Slides',
  'View',
  'Tools',
  'Labels',
  'Training',
  'Features',
  'Review',
  'Results',
  'Help',
] as const
type Group = (typeof GROUPS)[number]

/** Where keys mean the command. The same key may mean two things in two contexts, not in one. */
export type Context = 'everywhere' | 'slide' | 'gallery' | 'map' | 'review' | 'inside'

export interface Command {
  /** Part of people's settings: never renamed. */
  readonly id: string
  readonly title: string
  readonly group: Group
  /** Built-in keys, each as written by keys.ts: `Ctrl+Shift+Z`. */
  readonly keys: readonly string[]
  readonly context: Context
  /** Whether it can be done now. */
  readonly when: () => boolean
  readonly run: () => unknown
  /** Ends what `run` began, for commands that last while their key is held. */
  readonly release?: () => void
  /** Goes on while the key is held down. */
  readonly repeats?: boolean
}

type Optional = 'keys' | 'context' | 'when'

/** Fills in what most commands have in common. */
export const command = (given: Omit<Command, Optional> & Partial<Pick<Command, Optional>>): Command => ({
  keys: [],
  context: 'everywhere',
  when: () => true,
  ...given,
})

/** A command as Electron's menu sees it: plain data. */
export interface CommandEntry {
  id: string
  title: string
  group: Group
  keys: readonly string[]
  enabled: boolean
}
