/** A project: a folder with its database, predictions, features and models. One is open at a time. */
import * as z from 'zod'
import { FileHandle } from './app.ts'
import { FaultRecord } from './errors.ts'
import { ProjectId, Timestamp } from './ids.ts'
import { RefusedFile } from './slides.ts'
import { call, event } from './wire/contract.ts'

export const Project = z.object({
  id: ProjectId,
  name: z.string(),
  /** The sample project says so wherever its pictures are shown. */
  isSample: z.boolean(),
  /**
   * Everything can be looked at, nothing changed: another instance holds the lock, or the folder can not be written to.
   * `why`, as the end of the sentence “… because …”.
   */
  readOnly: z.object({ holder: z.string(), why: z.string() }).nullable(),
  createdAt: Timestamp,
  folderName: z.string(),
})
export type Project = z.infer<typeof Project>

export const RecentProject = z.object({
  handle: FileHandle,
  name: z.string(),
  folderName: z.string(),
  openedAt: Timestamp,
  /** False when the folder is gone or was moved. */
  exists: z.boolean(),
})
export type RecentProject = z.infer<typeof RecentProject>

export const projectCalls = {
  /**
   * The open project; null, with the reason, when the last one could not be opened. `refused`: files the program was
   * started with that are no slides; told once.
   */
  'projects.current': call(
    z.void(),
    z.object({ project: Project.nullable(), fault: FaultRecord.nullable(), refused: z.array(RefusedFile) }),
  ),
  'projects.recent': call(z.void(), z.array(RecentProject)),
  /** Creates a project in a new folder inside `parent` (null = the data directory) and opens it. */
  'projects.create': call(z.object({ name: z.string().trim().min(1).max(80), parent: FileHandle.nullable() }), Project),
  'projects.open': call(z.object({ folder: FileHandle }), Project),
  /** Brings the newest backup in after a broken database was set aside, and opens it. */
  'projects.restore': call(z.object({ folder: FileHandle }), Project),
  /** Opens the sample project, made anew if it is not there. */
  'projects.openSample': call(z.void(), Project),
}

export const projectEvents = {
  /** Another project is open now: everything shown is of the old one. */
  'projects.changed': event(z.object({ project: Project.nullable() })),
}
