/** What a person prefers on this machine, and which projects were open, as JSON in the data directory. */
import { existsSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import * as z from 'zod'
import { Settings, type SettingsChange } from '../../src-shared/app.ts'
import { Timestamp } from '../../src-shared/ids.ts'
import { writeBytes } from '../files/writeFile.ts'

const Recent = z.object({ folder: z.string(), name: z.string(), openedAt: Timestamp })
export type Recent = z.infer<typeof Recent>

const SettingsFile = z.looseObject({ settings: Settings.prefault({}), recent: z.array(Recent).default([]) })

const MOST_RECENT = 12

export interface SettingsRoom {
  get(): Settings
  /** On disk when it resolves. */
  set(change: z.infer<typeof SettingsChange>): Promise<Settings>
  recent(): Recent[]
  remember(project: Recent): Promise<void>
}

/**
 * A settings file that can not be read is set aside under a name that says so and never deleted; the program starts with
 * its defaults.
 *
 * @param onSetAside told where the unreadable file went
 */
export function openSettings(dataFolder: string, onSetAside: (file: string, reason: string) => void): SettingsRoom {
  const file = path.join(dataFolder, 'settings.json')
  let content = load(file, onSetAside)
  let writing: Promise<void> = Promise.resolve()

  /** One write after the other, the newest content last. */
  const save = (): Promise<void> => {
    writing = writing.catch(() => undefined).then(() => writeBytes(file, `${JSON.stringify(content, null, 2)}\n`))
    return writing
  }

  return {
    get: () => content.settings,
    async set(change) {
      const { panels, ...rest } = change
      content = {
        ...content,
        settings: Settings.parse({
          ...content.settings,
          ...rest,
          panels: { ...content.settings.panels, ...panels },
        }),
      }
      await save()
      return content.settings
    },
    recent: () => content.recent,
    async remember(project) {
      const others = content.recent.filter((each) => each.folder !== project.folder)
      content = { ...content, recent: [project, ...others].slice(0, MOST_RECENT) }
      await save()
    },
  }
}

function load(file: string, onSetAside: (file: string, reason: string) => void): z.infer<typeof SettingsFile> {
  if (!existsSync(file)) return SettingsFile.parse({})
  try {
    return SettingsFile.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (error) {
    const aside = `${file}.unreadable-${Date.now()}`
    renameSync(file, aside)
    onSetAside(aside, error instanceof Error ? error.message : String(error))
    return SettingsFile.parse({})
  }
}
