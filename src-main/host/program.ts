/**
 * The program without a shell: settings, one open project with its rooms, and the handlers of the whole contract. Electron
 * and the web host differ only in the wires they bring and in how files are chosen.
 */
import { mkdirSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type AppInfo, type FilePurpose, RESEARCH_NOTICE } from '../../src-shared/app.ts'
import { api, type Api, type ApiCalls, type ApiHandlers, type ApiStreams } from '../../src-shared/api.ts'
import { isTesseraError, messageOf, tesseraError, toFault, type FaultRecord } from '../../src-shared/errors.ts'
import type { Project, RecentProject } from '../../src-shared/projects.ts'
import type { RefusedFile, TileReply, TileRequest } from '../../src-shared/slides.ts'
import type { EventBody, EventName } from '../../src-shared/wire/contract.ts'
import type { Subscribe } from '../../src-shared/wire/serve.ts'
import { fileError } from '../files/fileErrors.ts'
import { createFileHandles, type FileHandles } from '../files/handles.ts'
import type { WorkerHost, WorkerProcess } from '../jobs/workerHost.ts'
import { beginProject } from '../labels/beginProject.ts'
import { createProject, isProject, openProject, type ProjectStore, restoreBackup } from '../projects/projectStore.ts'
import { openSettings } from '../settings/settings.ts'
import { connectSqlite } from '../store/database.ts'
import { deviceMemory } from '../nn/deviceMemory.ts'
import { createDevices } from '../nn/devices.ts'
import { ENGINE } from '../nn/engineFacts.ts'
import { openRooms, type Rooms } from './rooms.ts'
import { fillSampleProject, SAMPLE_NAME } from './sampleProject.ts'
import { version } from './version.ts'

export type Shell = {
  kind: 'electron' | 'web'
  /** Why it is not Electron, in words; null in Electron. */
  reason: string | null
  /** What the lock's holder is called in messages of other programs. */
  holder: string
  /** The system's own dialog; absent where the shell has none. */
  chooseFiles?: (purpose: FilePurpose) => Promise<string[]>
  setMenu?: (items: Parameters<ApiCalls['app.setMenu']>[0]) => void
}

export type ProgramOptions = {
  dataFolder: string
  shell: Shell
  workerHost: WorkerHost
  /** Lines for the log: slow queries, bugs. */
  log: (line: string) => void
}

export interface Program {
  handlers: ApiHandlers
  subscribe: Subscribe
  handles: FileHandles
  /** Tells every window. */
  publish: <K extends EventName<Api>>(name: K, body: EventBody<Api, K>) => void
  /** Opens what the person named on the command line, else the last project, else the sample. */
  begin(files: readonly string[]): Promise<void>
  tiles(request: TileRequest): Promise<TileReply[]>
  exportById(id: string): { file: string; name: string } | null
  /** Calls back with each process that serves tiles, so that a window gets a direct port to it. */
  onTileProcess(listener: (process: WorkerProcess) => void): void
  close(): Promise<void>
}

export function createProgram({ dataFolder, shell, workerHost, log }: ProgramOptions): Program {
  try {
    mkdirSync(dataFolder, { recursive: true })
  } catch (error) {
    throw fileError(dataFolder, error)
  }
  const listeners = new Set<(name: string, body: unknown) => void>()
  const tileListeners = new Set<(process: WorkerProcess) => void>()
  const handles = createFileHandles()
  const settings = openSettings(dataFolder, (file, reason) =>
    log(`The settings could not be read (${reason}); they were set aside as “${file}” and the defaults are used.`),
  )
  const devices = createDevices({
    workerHost,
    memory: deviceMemory(path.join(dataFolder, 'devices.json')),
    choice: () => settings.get().device,
    goOnWithout: () => settings.get().goOnWithoutDevice,
    say: log,
    onChanged: (changed) => publish('devices.changed', { devices: changed }),
  })
  let open: { store: ProjectStore; rooms: Rooms } | null = null
  let openFault: FaultRecord | null = null
  /** Files of the command line that were refused, until a window was told. */
  let refusedFiles: RefusedFile[] = []
  /** One project is opened after the other, never two at once. */
  let switching: Promise<unknown> = Promise.resolve()

  const publish: Program['publish'] = (name, body) => {
    for (const listener of listeners) listener(name, body)
  }

  const rooms = (): Rooms => {
    if (open) return open.rooms
    throw tesseraError('PROJECT_NOT_OPEN', 'No project is open. Open one, or create a new one.', {})
  }

  const personName = (): string => {
    const { person } = settings.get()
    if (person !== null) return person
    throw tesseraError('PERSON_NEEDED', 'Say your name once, so that each label says who gave it.', {})
  }

  const closeProject = async (): Promise<void> => {
    const closing = open
    open = null
    await closing?.rooms.close()
  }

  /** Whether the project in this folder is the one that is open here, to be changed. */
  const isOpenHere = (folder: string): boolean =>
    open !== null && !open.store.project.readOnly && samePlace(open.store.folder, folder)

  /**
   * @param folder of a project that may be the open one: it then stays open as it is. Opened a second time it would be
   * refused by our own lock, and be shown for reading only
   */
  const openWith = (
    make: () => ProjectStore,
    folder: string | null,
    fill?: (rooms: Rooms, folder: string) => Promise<void>,
  ): Promise<Project> => {
    const opening = switching
      .catch(() => undefined)
      .then(async () => {
        if (open && folder !== null && isOpenHere(folder)) return open.store.project
        const store = make()
        // The new one is there before the old one is given up: a project that can not be opened changes nothing.
        await closeProject()
        if (!store.project.readOnly) beginProject(store.store)
        const made = openRooms(store, {
          handles,
          workerHost,
          devices,
          personName,
          publish,
          onUnexpected: (error) => log(describe(error)),
        })
        open = { store, rooms: made }
        openFault = null
        made.onTileProcess((process) => {
          for (const listener of tileListeners) listener(process)
        })
        await fill?.(made, store.folder)
        await settings.remember({ folder: store.folder, name: store.project.name, openedAt: Date.now() })
        publish('projects.changed', { project: store.project })
        return store.project
      })
    switching = opening
    return opening
  }

  const options = {
    who: shell.holder,
    onSlow: (name: string, ms: number) => log(`slow: ${name.slice(0, 120)} took ${Math.round(ms)} ms`),
  }

  /** A project that another program has open, or that lies where nothing can be written, is shown without changing it. */
  const openOrLook = (folder: string): ProjectStore => {
    try {
      return openProject(folder, options)
    } catch (error) {
      const isShown = isTesseraError(error, 'PROJECT_LOCKED') || isTesseraError(error, 'FILE_NO_PERMISSION')
      if (!isShown) throw error
      return openProject(folder, { ...options, readonly: true })
    }
  }

  const openFolder = (folder: string): Promise<Project> => openWith(() => openOrLook(folder), folder)

  const projectsFolder = path.join(dataFolder, 'projects')

  const openSample = (): Promise<Project> => {
    const folder = path.join(projectsFolder, SAMPLE_NAME)
    return isProject(folder)
      ? openFolder(folder)
      : openWith(() => createProject(folder, SAMPLE_NAME, { ...options, isSample: true }), null, fillSampleProject)
  }

  const own: Pick<
    ApiCalls,
    | (`app.${string}` & keyof ApiCalls)
    | (`settings.${string}` & keyof ApiCalls)
    | (`devices.${string}` & keyof ApiCalls)
    | (`files.${string}` & keyof ApiCalls)
    | (`projects.${string}` & keyof ApiCalls)
  > = {
    'app.info': () => appInfo(shell, dataFolder),
    'app.setMenu': (items) => shell.setMenu?.(items),
    'settings.get': () => settings.get(),
    async 'settings.set'(change) {
      const changed = await settings.set(change)
      publish('settings.changed', changed)
      return changed
    },
    'devices.list': () => devices.list(),
    'devices.test': ({ device }) => devices.test(device),
    async 'files.choose'({ purpose }) {
      if (!shell.chooseFiles) return null
      return Promise.all((await shell.chooseFiles(purpose)).map((file) => handles.entryOf(file)))
    },
    'files.list': ({ folder, purpose }) => handles.list(folder, purpose),
    'projects.current'() {
      const refused = refusedFiles
      refusedFiles = []
      return { project: open?.store.project ?? null, fault: openFault, refused }
    },
    'projects.recent': () =>
      settings.recent().map((each): RecentProject => ({
        ...each,
        handle: handles.handleOf(each.folder),
        folderName: path.basename(each.folder),
        exists: isProject(each.folder),
      })),
    'projects.create': ({ name, parent }) => {
      const folder = path.join(parent === null ? projectsFolder : handles.pathOf(parent), folderName(name))
      return openWith(() => createProject(folder, name, options), null)
    },
    'projects.open': ({ folder }) => openFolder(handles.pathOf(folder)),
    'projects.restore': ({ folder }) => openWith(() => restoreBackup(handles.pathOf(folder), null, options), null),
    'projects.openSample': openSample,
  }

  return {
    handles,
    publish,
    handlers: {
      calls: { ...delegated(api.calls, (name) => rooms().calls[name as never]), ...own } as ApiCalls,
      streams: delegated(api.streams, (name) => rooms().streams[name as never]) as ApiStreams,
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async begin(files) {
      const project = files.find((file) => isProject(path.resolve(file)))
      const last = settings.recent().find((each) => isProject(each.folder))
      try {
        if (project) await openFolder(path.resolve(project))
        else if (last) await openFolder(last.folder)
        else await openSample()
      } catch (error) {
        openFault = toFault(error)
        log(describe(error))
      }
      const slides = files.filter((file) => file !== project)
      if (slides.length > 0 && open) {
        const { refused } = await rooms().calls['slides.add']({ files: slides.map((file) => handles.handleOf(file)) })
        for (const each of refused) log(`${each.name}: ${each.fault.message}`)
        refusedFiles = refused
      }
    },
    tiles: (request) => rooms().tiles(request),
    exportById: (id) => open?.rooms.exportById(id) ?? null,
    onTileProcess: (listener) => void tileListeners.add(listener),
    async close() {
      await switching.catch(() => undefined)
      await closeProject()
    },
  }
}

/** Handlers that look up the open project's own at each call. */
function delegated(names: object, find: (name: string) => (...args: never[]) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, (...args: never[]) => find(name)(...args)]))
}

/** Two names of one folder, also where a link or the case of letters makes them differ. */
const samePlace = (a: string, b: string): boolean => {
  const [one, other] = [a, b].map((folder) => statSync(folder, { throwIfNoEntry: false }))
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino
}

/** A folder name every platform takes. */
const folderName = (name: string): string =>
  name
    .replaceAll(/[\p{Cc}<>:"/\\|?*]/gu, '_')
    .replace(/^[. ]+|[. ]+$/g, '')
    .slice(0, 80) || 'project'

function appInfo(shell: Shell, dataFolder: string): AppInfo {
  const sqlite = connectSqlite(':memory:')
  const sqliteVersion = sqlite.prepare('SELECT sqlite_version()').pluck().get() as string
  sqlite.close()
  return {
    version,
    shell: shell.kind,
    shellReason: shell.reason,
    node: process.versions.node,
    sqlite: sqliteVersion,
    engine: ENGINE,
    platform: `${os.type()} ${os.release()}, ${os.availableParallelism()} processors`,
    dataFolder,
    notice: RESEARCH_NOTICE,
  }
}

const describe = (error: unknown): string =>
  isTesseraError(error)
    ? `${error.message} (${error.code})`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : messageOf(error)
