/** Where a command takes its patches from: a folder with class sub-folders, an IDX pair, a slide file. */
import path from 'node:path'
import { tesseraError, toError } from '../../src-shared/errors.ts'
import type { PatchSet } from '../../src-shared/patches.ts'
import type { Slide } from '../../src-shared/slides.ts'
import { type MicronPerPx, micronPerPx } from '../../src-shared/units.ts'
import type { Session } from './openRooms.ts'

export type PatchInput = { folder?: string; idx?: string[]; mpp?: number }

const spacing = (mpp: number | undefined): MicronPerPx | null => (mpp === undefined ? null : micronPerPx(mpp))

/**
 * Adds a folder or an IDX pair to the project, with the labels its names give. One that the project has already is
 * taken as it is: what people said of its patches since is not overwritten.
 * @param flag that named the IDX pair
 */
export async function addPatchSet(
  { rooms, handles }: Session,
  input: PatchInput,
  flag: '--idx' | '--validation-idx' | '--train-idx' | '--test-idx' = '--idx',
): Promise<PatchSet> {
  const before = await rooms.calls['patches.sources']()
  const set = await (input.idx
    ? rooms.calls['patches.addIdx']({
        images: handles.handleOf(idxFile(input.idx, 0, flag)),
        labels: handles.handleOf(idxFile(input.idx, 1, flag)),
      })
    : rooms.calls['patches.addFolder']({
        folder: handles.handleOf(path.resolve(input.folder!)),
        mpp: spacing(input.mpp),
      }))
  if (!before.some((each) => each.id === set.id)) await rooms.calls['labels.importFromSet']({ set: set.id })
  return set
}

function idxFile(files: readonly string[], place: 0 | 1, flag: string): string {
  if (files.length !== 2) throw tesseraError('USAGE', `${flag} takes two files: the images, then the labels.`, {})
  return path.resolve(files[place]!)
}

/** Adds one slide file to the project. @throws why it can not be read; SLIDE_MPP_NEEDED */
export async function addSlideFile({ rooms, handles }: Session, file: string, mpp: number | undefined): Promise<Slide> {
  const { added, refused } = await rooms.calls['slides.add']({ files: [handles.handleOf(path.resolve(file))] })
  if (refused[0]) throw toError(refused[0].fault)
  const slide = added[0]!
  if (mpp === undefined) return slide
  return rooms.calls['slides.setMpp']({ slide: slide.id, mppX: micronPerPx(mpp), mppY: micronPerPx(mpp) })
}
