/** From the keyboard to commands: listens on the window, last, so that whatever has the focus is asked first. */
import { useViewport } from '../stores/viewport.ts'
import { useWindow } from '../stores/window.ts'
import type { Command } from './command.ts'
import { useCommands } from './index.ts'
import { belongsToElement, type FocusedElement, keyOf } from './keys.ts'

/** @returns the function that stops listening */
export function dispatchKeys(target: Window): () => void {
  const commands = useCommands()
  const held = new Map<string, Command>()

  const onDown = (event: KeyboardEvent): void => {
    const key = keyOf(event)
    if (key === null || event.defaultPrevented || event.isComposing || useWindow().dialog) return
    if (belongsToElement(key, describe(event.target), useViewport().cursor !== null)) return
    const command = commands.forKey(key)
    if (!command) return
    event.preventDefault()
    if (event.repeat && !command.repeats) return
    if (command.release) held.set(event.code, command)
    void command.run()
  }

  const onUp = (event: KeyboardEvent): void => {
    held.get(event.code)?.release?.()
    held.delete(event.code)
  }

  const releaseAll = (): void => {
    for (const command of held.values()) command.release?.()
    held.clear()
  }

  target.addEventListener('keydown', onDown)
  target.addEventListener('keyup', onUp)
  // A key let go while another window has the focus is never reported.
  target.addEventListener('blur', releaseAll)
  return () => {
    target.removeEventListener('keydown', onDown)
    target.removeEventListener('keyup', onUp)
    target.removeEventListener('blur', releaseAll)
    releaseAll()
  }
}

function describe(target: EventTarget | null): FocusedElement | null {
  if (!(target instanceof HTMLElement) || target === document.body) return null
  const roles: string[] = []
  for (let at: HTMLElement | null = target; at && roles.length < 3; at = at.parentElement) {
    const role = at.getAttribute('role')
    if (role) roles.push(role)
  }
  return {
    tagName: target.tagName,
    isContentEditable: target.isContentEditable,
    roles,
    ...(target instanceof HTMLInputElement && { type: target.type }),
  }
}
