/** The program itself: what runs, where, its settings, and how files of this machine are named without their paths. */
import * as z from 'zod'
import { DeviceChoice } from './devices.ts'
import { call, event } from './wire/contract.ts'

/** Said at first start, in exports and in cards. */
export const RESEARCH_NOTICE = 'For research and teaching only, not for diagnosis. Nothing leaves this machine.'

export const AppInfo = z.object({
  version: z.string(),
  shell: z.enum(['electron', 'web']),
  /** Why the web host was started instead of Electron, in words; null in Electron. */
  shellReason: z.string().nullable(),
  node: z.string(),
  sqlite: z.string(),
  engine: z.object({ name: z.string(), version: z.string(), device: z.string(), threads: z.number().int() }),
  platform: z.string(),
  dataFolder: z.string(),
  notice: z.string(),
})
export type AppInfo = z.infer<typeof AppInfo>

export const Theme = z.enum(['system', 'light', 'dark'])

/**
 * What one person prefers on this machine, in all projects. Unknown keys are kept: an older program must not throw away
 * what a newer one wrote.
 */
export const Settings = z.looseObject({
  theme: Theme.default('system'),
  /** The labeller's name, asked for once; written into every gesture. */
  person: z.string().trim().min(1).nullable().default(null),
  /** Command id → keys in the order pressed, e.g. `Ctrl+K`; only what differs from the built-in table. */
  keys: z.record(z.string(), z.array(z.string())).default({}),
  panels: z
    .object({
      left: z.number().default(240),
      right: z.number().default(320),
      leftOpen: z.boolean().default(true),
      rightOpen: z.boolean().default(true),
    })
    .prefault({}),
  /** What trains and predicts. The processor by default: it gives the same numbers every time. */
  device: DeviceChoice.default('cpu'),
  /** When a device fails in mid-run: go on from the last checkpoint on the processor, instead of stopping there. */
  goOnWithoutDevice: z.boolean().default(false),
  checklistHidden: z.boolean().default(false),
  noticeSeen: z.boolean().default(false),
})
export type Settings = z.infer<typeof Settings>

/** A change of settings: only the keys that change. */
export const SettingsChange = z.object({
  theme: Theme.optional(),
  person: z.string().trim().min(1).max(80).optional(),
  keys: z.record(z.string(), z.array(z.string())).optional(),
  panels: Settings.shape.panels.unwrap().partial().optional(),
  device: DeviceChoice.optional(),
  goOnWithoutDevice: z.boolean().optional(),
  checklistHidden: z.boolean().optional(),
  noticeSeen: z.boolean().optional(),
})

/** A file or folder the person chose. The window holds the handle, only the main process knows the path. */
export const FileHandle = z.string().min(1).brand<'FileHandle'>()
export type FileHandle = z.infer<typeof FileHandle>

export const FileEntry = z.object({
  handle: FileHandle,
  name: z.string(),
  kind: z.enum(['file', 'folder']),
  bytes: z.number().nullable(),
  modifiedAt: z.number().nullable(),
})
export type FileEntry = z.infer<typeof FileEntry>

/** What is asked for: decides the title of the dialog and which files it offers. */
export const FilePurpose = z.enum([
  'slides',
  'slide',
  'csv',
  'idx-images',
  'idx-labels',
  'patch-folder',
  'project',
  'model',
  'features',
])
export type FilePurpose = z.infer<typeof FilePurpose>

export const Folder = z.object({
  handle: FileHandle,
  name: z.string(),
  /** From the root down, each with its own handle. */
  parents: z.array(z.object({ handle: FileHandle, name: z.string() })),
  entries: z.array(FileEntry),
  /** Entries left out because the folder holds more than is listed. */
  leftOut: z.number().int(),
})
export type Folder = z.infer<typeof Folder>

/** One action of the window's command table, as the system's menu shows it. */
export const MenuItem = z.object({
  id: z.string(),
  title: z.string(),
  /** The menu it stands in: “File”, “Edit”. */
  group: z.string(),
  /** e.g. `Ctrl+Shift+Z`; null = no key */
  keys: z.string().nullable(),
  enabled: z.boolean(),
})
export type MenuItem = z.infer<typeof MenuItem>

export const appCalls = {
  'app.info': call(z.void(), AppInfo),
  /** The command table, for the system's menu; a shell without menus ignores it. */
  'app.setMenu': call(z.array(MenuItem), z.void()),
  'settings.get': call(z.void(), Settings),
  'settings.set': call(SettingsChange, Settings),
  /** The system's own dialog, where the shell has one. null: this shell has none, list folders instead. Empty: the person cancelled. */
  'files.choose': call(z.object({ purpose: FilePurpose }), z.array(FileEntry).nullable()),
  /** One folder of this machine; null = where the person was last, or home. Hidden files are left out. */
  'files.list': call(z.object({ folder: FileHandle.nullable(), purpose: FilePurpose }), Folder),
}

export const appEvents = {
  /** A command was chosen in the system's menu. */
  'app.command': event(z.object({ id: z.string() })),
  'settings.changed': event(Settings),
  /** Files dropped on the window: in Electron only the preload learns their paths. */
  'files.dropped': event(z.object({ entries: z.array(FileEntry) })),
}
