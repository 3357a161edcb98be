/**
 * Keys as words: `Ctrl+Shift+Z`, `Alt+1`, `Space`, `[`. Pure.
 *
 * Ctrl stands for Command on a Mac. Letters are upper case; Shift is written only where it is not already in the
 * character, so that `?` is `?` on every layout and `Shift+Z` is `Shift+Z`.
 */
import type { Command, Context } from './command.ts'

/** The parts of a KeyboardEvent that matter. */
export interface Press {
  key: string
  code: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey: boolean
}

const NAMED = new Map([
  [' ', 'Space'],
  ['Esc', 'Escape'],
  ['Del', 'Delete'],
])
const MODIFIERS = new Set(['Control', 'Meta', 'Alt', 'AltGraph', 'Shift', 'OS', 'Dead', 'Unidentified', 'Process'])

/** @returns the key as a word; null for a modifier alone */
export function keyOf(press: Press): string | null {
  if (MODIFIERS.has(press.key) && !press.altKey) return null
  // With Alt, a Mac writes other characters (Alt+1 = ¡): the place on the keyboard counts then.
  const place = /^(?:Digit|Key)(.)$/.exec(press.code)?.[1]
  const key = press.altKey && place ? place : (NAMED.get(press.key) ?? press.key)
  if (MODIFIERS.has(key)) return null
  const isCharacter = key.length === 1
  const isLetter = isCharacter && key.toLowerCase() !== key.toUpperCase()
  const parts = []
  if (press.ctrlKey || press.metaKey) parts.push('Ctrl')
  if (press.altKey) parts.push('Alt')
  if (press.shiftKey && (!isCharacter || isLetter)) parts.push('Shift')
  parts.push(isCharacter ? key.toUpperCase() : key)
  return parts.join('+')
}

/** The keys in force: the person's, else the built-in ones. */
export const keysOf = (command: Command, own: Readonly<Record<string, readonly string[]>>): readonly string[] =>
  own[command.id] ?? command.keys

const meet = (a: Context, b: Context): boolean => a === b || a === 'everywhere' || b === 'everywhere'

/** Other commands that the same key would mean in the same place. */
export function conflicts(
  key: string,
  command: Command,
  commands: readonly Command[],
  own: Readonly<Record<string, readonly string[]>>,
): Command[] {
  return commands.filter(
    (other) => other.id !== command.id && meet(other.context, command.context) && keysOf(other, own).includes(key),
  )
}

const NARROWEST_FIRST: readonly Context[] = ['inside', 'map', 'review', 'gallery', 'slide', 'everywhere']

/**
 * The command a key means now. Where a key means one thing everywhere and another in one place, the place wins.
 */
export function commandFor(
  key: string,
  commands: readonly Command[],
  own: Readonly<Record<string, readonly string[]>>,
): Command | undefined {
  const possible = commands.filter((command) => keysOf(command, own).includes(key) && command.when())
  for (const context of NARROWEST_FIRST) {
    const found = possible.find((command) => command.context === context)
    if (found) return found
  }
  return undefined
}

const SIGNS: Record<string, string> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  Backspace: '⌫',
  Delete: 'Del',
}

/** As a person reads it: `Ctrl+K`, `⌘K` on a Mac. */
export function keyLabel(key: string, mac: boolean): string {
  const parts = key === '+' ? ['+'] : key.split(/\+(?!$)/)
  const words = parts.map((part) => SIGNS[part] ?? part)
  if (!mac) return words.join('+')
  const signs: Record<string, string> = { Ctrl: '⌘', Alt: '⌥', Shift: '⇧' }
  return words.map((word) => signs[word] ?? word).join('')
}

/** What an element does with keys itself. */
export interface FocusedElement {
  tagName: string
  type?: string
  isContentEditable: boolean
  /** ARIA roles of the element and those around it */
  roles: readonly string[]
}

const WRITING = new Set(['text', 'search', 'number', 'email', 'url', 'password', 'tel', 'date', 'time'])
const ARROW_ROLES = new Set([
  'slider',
  'listbox',
  'option',
  'tab',
  'radio',
  'menuitem',
  'menu',
  'tree',
  'treeitem',
  'spinbutton',
  'separator',
  'combobox',
  'grid',
])

const PRESSED_TAGS = new Set(['BUTTON', 'A', 'SUMMARY', 'INPUT'])
const PRESSED_ROLES = new Set([...ARROW_ROLES, 'button', 'link', 'checkbox', 'switch'])

/**
 * Whether the focused element needs the key for itself, so that no command may take it.
 *
 * @param overSlide the pointer is over the slide: then Space pans, also when a button was clicked before
 */
export function belongsToElement(key: string, element: FocusedElement | null, overSlide: boolean): boolean {
  if (!element) return false
  const { tagName, type, roles } = element
  const writes =
    element.isContentEditable || tagName === 'TEXTAREA' || (tagName === 'INPUT' && WRITING.has(type ?? 'text'))
  const isPlain = !/^(?:Ctrl|Alt)\+/.test(key)
  if (writes)
    return isPlain ? !/^(?:F\d+|Escape)$/.test(key) : /^Ctrl\+(?:Shift\+)?(?:[ACVXZY]|Arrow\w+|Backspace)$/.test(key)
  if (!isPlain) return false
  if (tagName === 'SELECT') return !/^(?:F\d+|Escape)$/.test(key)
  if (key === 'Space' && overSlide) return false
  // A tab is chosen by being focused; Enter on it means nothing more.
  const isPressed = roles[0] !== 'tab' && (PRESSED_TAGS.has(tagName) || PRESSED_ROLES.has(roles[0] ?? ''))
  if (isPressed && /^(?:Shift\+)?(?:Enter|Space)$/.test(key)) return true
  return /^(?:Arrow|Home|End|Page)/.test(key) && (type === 'range' || roles.some((role) => ARROW_ROLES.has(role)))
}
