/** Opening a project for one command, and closing it whatever happens. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { type DeviceOptions, devicesOfCommand } from './deviceCommand.ts'
import { nodeWorkerHost } from '../host/node/nodeWorkerHost.ts'
import { openRooms, type Rooms } from '../host/rooms.ts'
import { createFileHandles, type FileHandles } from '../files/handles.ts'
import { createProject, openProject, type ProjectStore } from '../projects/projectStore.ts'
import { beginProject } from '../labels/beginProject.ts'

export type Session = { rooms: Rooms; handles: FileHandles }

const WHO = 'the command line'

async function withStore<T>(
  project: ProjectStore,
  { person, device = 'cpu', deviceLost = 'stop' }: { person?: string } & DeviceOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const handles = createFileHandles()
  if (!project.project.readOnly) beginProject(project.store)
  const rooms = openRooms(project, {
    handles,
    workerHost: nodeWorkerHost,
    devices: devicesOfCommand({ device, deviceLost }),
    personName: () => person ?? userName(),
    publish: () => undefined,
  })
  try {
    return await work({ rooms, handles })
  } finally {
    await rooms.close()
  }
}

/** @throws {TesseraError} PROJECT_LOCKED naming the holder, unless the command only reads */
export const withProject = <T>(
  folder: string,
  options: { readonly: boolean; person?: string } & DeviceOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> => withStore(openProject(path.resolve(folder), { who: WHO, readonly: options.readonly }), options, work)

export async function withNewProject<T>(
  folder: string,
  name: string,
  work: (session: Session) => Promise<T>,
  options: DeviceOptions = {},
): Promise<T> {
  return withStore(createProject(path.resolve(folder), name, { who: WHO }), options, work)
}

/** A project that lives as long as one command: folders and files of patches go through the same rooms as slides. */
export async function withTemporaryProject<T>(
  work: (session: Session) => Promise<T>,
  options: DeviceOptions = {},
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tessera-'))
  try {
    return await withNewProject(path.join(folder, 'project'), 'temporary', work, options)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown' // no entry in the user database, as in some containers
  }
}
