/** The table of all commands, with the keys in force. */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { useSettings } from '../stores/settings.ts'
import { besideCommands } from './beside.ts'
import type { Command, CommandEntry } from './command.ts'
import { featureCommands } from './features.ts'
import { galleryCommands } from './gallery.ts'
import { insideCommands } from './inside.ts'
import { commandFor, keyLabel, keysOf } from './keys.ts'
import { classCommands, labelCommands } from './labels.ts'
import { lookCommands } from './look.ts'
import { neighbourCommands } from './neighbours.ts'
import { mapCommands } from './map.ts'
import { reviewCommands } from './review.ts'
import { slideCommands } from './slides.ts'
import { stageCommands } from './stages.ts'
import { toolCommands } from './tools.ts'
import { viewCommands } from './view.ts'

export const isMac = (): boolean => /mac/i.test(globalThis.navigator?.platform ?? '')

export const useCommands = defineStore('commands', () => {
  const settings = useSettings()
  const fixed: readonly Command[] = [
    ...slideCommands(),
    ...viewCommands(),
    ...besideCommands(),
    ...lookCommands(),
    ...galleryCommands(),
    ...toolCommands(),
    ...labelCommands(),
    ...featureCommands(),
    ...neighbourCommands(),
    ...mapCommands(),
    ...reviewCommands(),
    ...insideCommands(),
    ...stageCommands(),
  ]

  /** Every command; those of classes come and go with the classes. */
  const all = computed<readonly Command[]>(() => [...fixed, ...classCommands()])
  const own = computed(() => settings.settings.keys)

  const byId = (id: string): Command | undefined => all.value.find((command) => command.id === id)

  /** “Ctrl+Z”: the first key of a command as a person reads it; empty when it has none. */
  function keyText(id: string): string {
    const command = byId(id)
    const key = command && keysOf(command, own.value)[0]
    return key ? keyLabel(key, isMac()) : ''
  }

  /** Does a command if it can be done now. @returns whether it was */
  function run(id: string): boolean {
    const command = byId(id)
    if (!command?.when()) return false
    void command.run()
    return true
  }

  /** For menus outside the window: plain data, to be asked for again when something changes. */
  const commandTable = (): CommandEntry[] =>
    all.value.map((command) => ({
      id: command.id,
      title: command.title,
      group: command.group,
      keys: [...keysOf(command, own.value)],
      enabled: command.when(),
    }))

  return {
    all,
    own,
    byId,
    keyText,
    run,
    canRun: (id: string): boolean => byId(id)?.when() ?? false,
    forKey: (key: string): Command | undefined => commandFor(key, all.value, own.value),
    commandTable,
  }
})
