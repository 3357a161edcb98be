/** Keys: how they are written, which command they mean, and when two commands want the same one. */
import { describe, expect, test } from 'vitest'
import { command, type Command, type Context } from '../../../src-renderer/commands/command.ts'
import {
  belongsToElement,
  commandFor,
  conflicts,
  type FocusedElement,
  keyLabel,
  keyOf,
  keysOf,
  type Press,
} from '../../../src-renderer/commands/keys.ts'

const press = (key: string, held: Partial<Press> = {}): Press => ({
  key,
  code: '',
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...held,
})

const aCommand = (id: string, key: string, context: Context = 'everywhere', when = true): Command =>
  command({ id, title: id, group: 'View', keys: [key], context, when: () => when, run: () => undefined })

describe('a key as a word', () => {
  test.each([
    [press('z', { ctrlKey: true }), 'Ctrl+Z'],
    [press('Z', { ctrlKey: true, shiftKey: true }), 'Ctrl+Shift+Z'],
    [press('k', { metaKey: true }), 'Ctrl+K'],
    [press(' '), 'Space'],
    [press('['), '['],
    [press('?', { shiftKey: true }), '?'],
    [press('Enter', { shiftKey: true }), 'Shift+Enter'],
    [press('¡', { altKey: true, code: 'Digit1' }), 'Alt+1'],
    [press('ArrowLeft'), 'ArrowLeft'],
    [press('F1'), 'F1'],
  ])('%o is %s', (given, word) => {
    expect(keyOf(given)).toBe(word)
  })

  test('a modifier alone is no key', () => {
    expect(keyOf(press('Control', { ctrlKey: true }))).toBeNull()
    expect(keyOf(press('Alt', { altKey: true }))).toBeNull()
    expect(keyOf(press('Shift', { shiftKey: true }))).toBeNull()
  })

  test('is shown with the signs of the machine', () => {
    expect(keyLabel('Ctrl+Shift+Z', false)).toBe('Ctrl+Shift+Z')
    expect(keyLabel('Ctrl+Shift+Z', true)).toBe('⌘⇧Z')
    expect(keyLabel('ArrowLeft', false)).toBe('←')
    expect(keyLabel('+', false)).toBe('+')
  })
})

describe('the command a key means', () => {
  const everywhere = aCommand('everywhere', 'ArrowRight')
  const slide = aCommand('slide', 'ArrowRight', 'slide')
  const review = aCommand('review', 'ArrowRight', 'review')

  test('is the one of the narrowest place', () => {
    expect(commandFor('ArrowRight', [everywhere, slide, review], {})?.id).toBe('review')
    expect(commandFor('ArrowRight', [everywhere, slide], {})?.id).toBe('slide')
  })

  test('is none that can not be done now', () => {
    const impossible = aCommand('review', 'ArrowRight', 'review', false)
    expect(commandFor('ArrowRight', [slide, impossible], {})?.id).toBe('slide')
    expect(commandFor('S', [slide], {})).toBeUndefined()
  })

  test('follows the keys of the person, not the built-in ones', () => {
    const own = { slide: ['L'], everywhere: [] }
    expect(commandFor('L', [everywhere, slide], own)?.id).toBe('slide')
    expect(commandFor('ArrowRight', [everywhere, slide], own)).toBeUndefined()
    expect(keysOf(slide, own)).toEqual(['L'])
  })
})

describe('conflicts', () => {
  const commands = [aCommand('grid', 'G'), aCommand('skip', 'S', 'review'), aCommand('move', 'M', 'slide')]
  const newcomer = aCommand('newcomer', 'X', 'slide')

  test('a key that means something everywhere is taken in every place', () => {
    expect(conflicts('G', newcomer, commands, {}).map((other) => other.id)).toEqual(['grid'])
  })

  test('the same key may mean two things in two places', () => {
    expect(conflicts('S', newcomer, commands, {})).toEqual([])
    expect(conflicts('M', newcomer, commands, {}).map((other) => other.id)).toEqual(['move'])
  })

  test('a command is no conflict of its own, and a key that was given away is free', () => {
    expect(conflicts('G', commands[0]!, commands, {})).toEqual([])
    expect(conflicts('G', newcomer, commands, { grid: ['H'] })).toEqual([])
  })
})

describe('a focused element', () => {
  const element = (tagName: string, more: Partial<FocusedElement> = {}): FocusedElement => ({
    tagName,
    isContentEditable: false,
    roles: [],
    ...more,
  })
  const field = element('INPUT', { type: 'text' })
  const button = element('BUTTON')

  test('that is written in keeps letters, digits and its own Ctrl keys', () => {
    for (const key of ['A', '1', 'Space', 'Backspace', 'Enter', 'ArrowLeft', 'Ctrl+C', 'Ctrl+Z'])
      expect(belongsToElement(key, field, false), key).toBe(true)
    for (const key of ['Ctrl+K', 'F1', 'Escape', 'Ctrl+E', 'Alt+1'])
      expect(belongsToElement(key, field, false), key).toBe(false)
  })

  test('that is pressed keeps Enter and Space, but Space pans while the pointer is over the slide', () => {
    expect(belongsToElement('Enter', button, false)).toBe(true)
    expect(belongsToElement('Space', button, false)).toBe(true)
    expect(belongsToElement('Space', button, true)).toBe(false)
    expect(belongsToElement('1', button, false)).toBe(false)
  })

  test('with arrows of its own keeps them', () => {
    expect(belongsToElement('ArrowLeft', element('SPAN', { roles: ['slider'] }), false)).toBe(true)
    expect(belongsToElement('ArrowLeft', element('DIV', { roles: ['application'] }), false)).toBe(false)
  })

  test('that only shows something keeps nothing', () => {
    expect(belongsToElement('Enter', element('DIV', { roles: ['tabpanel'] }), false)).toBe(false)
    expect(belongsToElement('Enter', null, false)).toBe(false)
  })
})
