/** The system's menu: told the command table, and listened to. A shell without menus ignores it. */
import { watch } from 'vue'
import { call, on } from '../api/index.ts'
import { useCommands } from './index.ts'

const TOLD_AFTER_MS = 300

/** @returns the function that stops it */
export function followMenu(): () => void {
  const commands = useCommands()
  let timer: ReturnType<typeof setTimeout> | undefined

  const tell = (): void => {
    const items = commands
      .commandTable()
      .map(({ id, title, group, keys, enabled }) => ({ id, title, group, keys: keys[0] ?? null, enabled }))
    // A menu that is a moment out of date does no harm: a command that can not be done does nothing.
    call('app.setMenu', items).catch(() => undefined)
  }

  const stopWatching = watch(
    () => JSON.stringify(commands.commandTable()),
    () => {
      clearTimeout(timer)
      timer = setTimeout(tell, TOLD_AFTER_MS)
    },
    { immediate: true },
  )
  const stopListening = on('app.command', ({ id }) => commands.run(id))

  return () => {
    clearTimeout(timer)
    stopWatching()
    stopListening()
  }
}
