/**
 * The files of a training run: its patches' pixels, one file for each side, and its checkpoints. They live as long as the
 * run may go on; what stays of it is the model.
 */
import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { SourceId } from '../../src-shared/ids.ts'
import { fileError } from '../files/fileErrors.ts'
import { writeWhole } from '../files/writeFile.ts'
import type { CommonInput, LabelledPatch } from './labelledPatches.ts'
import type { RunPatches } from './rows.ts'
import type { Side } from './split.ts'

/**
 * Writes the pixels of patches of one source: uint8 [patch, height, width, channel], in the order given.
 * @returns patches that lie where their slide is damaged: they are not in the file
 */
export type ReadPixels = (
  order: { source: SourceId; patches: Uint32Array; edgePx: number; channels: 1 | 3 },
  file: string,
  options: { signal: AbortSignal; onProgress: (done: number) => void },
) => Promise<Uint32Array>

/** Patches source by source, in the order their pixel file has. */
export function bySource(patches: readonly LabelledPatch[]): RunPatches[] {
  return [...Map.groupBy(patches, ({ source }) => source)].map(([source, members]) => ({
    source,
    patch: Uint32Array.from(members, ({ patch }) => patch),
    target: Uint16Array.from(members, ({ target }) => target),
  }))
}

/** The sides of each fold in the order `bySource` brings the patches into. @param folds [fold][patch] */
export function foldsBySource(patches: readonly LabelledPatch[], folds: readonly (readonly Side[])[]): Side[][] {
  const order = [...Map.groupBy(patches.keys(), (i) => patches[i]!.source).values()].flat()
  return folds.map((sides) => order.map((i) => sides[i]!))
}

/** The class of each patch of some sources, in the order of their pixel file. */
export function joinedTargets(parts: readonly RunPatches[]): Uint16Array {
  const all = new Uint16Array(parts.reduce((sum, { target }) => sum + target.length, 0))
  let at = 0
  for (const { target } of parts) {
    all.set(target, at)
    at += target.length
  }
  return all
}

export type SideName = 'training' | 'validation'

export const pixelFile = (folder: string, side: SideName): string => path.join(folder, `${side}.pixels`)
export const checkpointFolder = (folder: string): string => path.join(folder, 'checkpoints')

/** Patches of a source that lie where its slide is damaged. */
export type UnreadPatches = { source: SourceId; patch: Uint32Array }

/**
 * Reads the pixels of one side into its file, unless an earlier sitting has done so. Patches that lie where their slide is
 * damaged are not in it.
 * @param options.leaveOut is told of them before the file gets its name, so that whoever finds the file knows its patches
 * @returns the patches that are in the file; null when it was asked to stop
 */
export async function gatherPixels(
  readPixels: ReadPixels,
  folder: string,
  side: SideName,
  patches: readonly RunPatches[],
  input: CommonInput,
  options: {
    signal: AbortSignal
    onProgress: (done: number) => void
    leaveOut: (unread: readonly UnreadPatches[]) => void
  },
): Promise<readonly RunPatches[] | null> {
  const file = pixelFile(folder, side)
  if (existsSync(file)) return patches
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(folder, error)
  })
  const parts: string[] = []
  const unread: UnreadPatches[] = []
  let before = 0
  for (const [i, { source, patch }] of patches.entries()) {
    const part = `${file}.${i}`
    const done = before
    const order = { source, patches: patch, edgePx: input.edgePx, channels: input.channels }
    const onProgress = (now: number) => options.onProgress(done + now)
    const missing = await readPixels(order, part, { signal: options.signal, onProgress })
    if (options.signal.aborted) return null
    if (missing.length > 0) unread.push({ source, patch: missing })
    before += patch.length
    parts.push(part)
  }
  if (unread.length > 0) options.leaveOut(unread)
  await (parts.length === 1 ? rename(parts[0]!, file) : join(parts, file))
  return patches.map((part) => without(part, unread.find(({ source }) => source === part.source)?.patch ?? []))
}

/** Some patches of a source without some others. */
export function without(part: RunPatches, others: Iterable<number>): RunPatches {
  const gone = new Set(others)
  const stays = (_: number, place: number) => !gone.has(part.patch[place]!)
  return { source: part.source, patch: part.patch.filter(stays), target: part.target.filter(stays) }
}

async function join(parts: readonly string[], file: string): Promise<void> {
  await writeWhole(file, async (handle) => {
    for (const part of parts)
      for await (const chunk of createReadStream(part, { highWaterMark: 1 << 20 }))
        await handle.writeFile(chunk as Uint8Array)
  })
  for (const part of parts) await rm(part, { force: true })
}

/** SHA-256 over every patch of both sides: pixels, class and side, in order. */
export async function dataHash(folder: string, sides: Record<SideName, readonly RunPatches[]>): Promise<string> {
  const hash = createHash('sha256')
  for (const side of ['training', 'validation'] as const) {
    if (sides[side].length === 0) continue
    hash.update(side)
    for await (const chunk of createReadStream(pixelFile(folder, side), { highWaterMark: 1 << 20 }))
      hash.update(chunk as Uint8Array)
    for (const { target } of sides[side])
      hash.update(new Uint8Array(target.buffer, target.byteOffset, target.byteLength))
  }
  return hash.digest('hex')
}

export const removeRunFiles = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })
