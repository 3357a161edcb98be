/** Opening a project for one command, and closing it whatever happens. */
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import path from 'node:path'
import { type DeviceOptions, devicesOfCommand } from './deviceCommand.ts'
import { api } from '../../src-shared/api.ts'
import { parseInput } from '../../src-shared/wire/serve.ts'
import { nodeWorkerHost } from '../host/node/nodeWorkerHost.ts'
import { openRooms, type RoomCalls, type Rooms } from '../host/rooms.ts'
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
    return await work({ rooms: { ...rooms, calls: checkedCalls(rooms.calls) }, handles })
  } finally {
    await rooms.close()
  }
}

/**
 * The rooms rely on what a wire has checked. Here no wire is between: what a person typed is checked by the same
 * schemas, so that a number no window could send never reaches the database.
 */
function checkedCalls(calls: RoomCalls): RoomCalls {
  const checked = Object.entries(calls).map(([name, handler]) => {
    const { input: schema } = api.calls[name as keyof RoomCalls]
    return [name, async (input: unknown) => (handler as (input: unknown) => unknown)(parseInput(schema, input, name))]
  })
  return Object.fromEntries(checked) as RoomCalls
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
  // also when the program is told to end in mid-work: see interrupt.ts
  const removeAtExit = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeAtExit)
  try {
    return await withNewProject(path.join(folder, 'project'), 'temporary', work, options)
  } finally {
    await rm(folder, { recursive: true, force: true })
    process.off('exit', removeAtExit)
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown' // no entry in the user database, as in some containers
  }
}
