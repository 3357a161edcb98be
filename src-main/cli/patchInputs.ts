/** Where a command takes its patches from: a folder with class sub-folders, an IDX pair, a slide file. */
import path from 'node:path'
import { tesseraError, toError } from '../../src-shared/errors.ts'
import type { PatchSet } from '../../src-shared/patches.ts'
import type { Slide } from '../../src-shared/slides.ts'
import { type MicronPerPx, micronPerPx } from '../../src-shared/units.ts'
import type { Session } from './openRooms.ts'

export type PatchInput = { folder?: string; idx?: string[]; mpp?: number }

/** Pictures named in a message. */
const NAMED = 5

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
  await refuseUnfit(rooms, set)
  if (!before.some((each) => each.id === set.id)) await rooms.calls['labels.importFromSet']({ set: set.id })
  return set
}

/** Nobody looks at what a command leaves out, so it leaves nothing out. @throws {TesseraError} PATCH_SET_BROKEN */
async function refuseUnfit(rooms: Session['rooms'], set: PatchSet): Promise<void> {
  if (set.notes.unfit === 0) return
  const { unfit, unfitReason, reasons } = await rooms.calls['patches.contents']({ set: set.id })
  const named = await Promise.all(
    [...unfit.subarray(0, NAMED)].map(async (patch, i) => {
      const { file } = await rooms.calls['patches.facts']({ set: set.id, patch })
      return `${file} (${reasons[unfitReason[i]!]})`
    }),
  )
  const rest = unfit.length > NAMED ? ` and ${unfit.length - NAMED} more` : ''
  const reason = `most pictures have ${set.width} × ${set.height} px, but ${unfit.length} of ${set.patches} can not go to a network: ${named.join(', ')}${rest}. Crop or remove them; Tessera does not stretch patches`
  throw tesseraError('PATCH_SET_BROKEN', `“${set.name}” can not be used for a patch set: ${reason}.`, {
    file: set.name,
    line: null,
    reason,
  })
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
