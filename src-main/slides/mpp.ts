/** How finely a slide was scanned, and who says so: its file, or a person who was asked. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { FileMpp } from '../../src-shared/slides.ts'
import { isPlausibleMpp, type MicronPerPx, PLAUSIBLE_MPP } from '../../src-shared/units.ts'
import type { Sampling, StoredSlide } from './rows.ts'

/**
 * The sampling a file states, when it can be true. A resolution of 72 or 300 dpi is what a program writes that knows
 * nothing of microscopes; it stays in the header for a person to see, but nothing is computed from it.
 */
export const samplingOfFile = (fileMpp: FileMpp | null): Sampling | null =>
  fileMpp && isPlausibleMpp(fileMpp.x) && isPlausibleMpp(fileMpp.y)
    ? { mppX: fileMpp.x, mppY: fileMpp.y, source: { kind: 'file', tag: fileMpp.tag } }
    : null

/** @throws {TesseraError} SLIDE_MPP_IMPLAUSIBLE */
export function samplingByPerson(mppX: number, mppY: number, person: string): Sampling {
  for (const mpp of [mppX, mppY])
    if (!isPlausibleMpp(mpp))
      throw tesseraError(
        'SLIDE_MPP_IMPLAUSIBLE',
        `${mpp} µm/px can not be the sampling of a microscope scan; it lies between ${PLAUSIBLE_MPP.min} and ${PLAUSIBLE_MPP.max} µm/px. A scan at 40x has about 0.25, at 20x about 0.5.`,
        { found: mpp, min: PLAUSIBLE_MPP.min, max: PLAUSIBLE_MPP.max },
      )
  return {
    mppX: mppX as MicronPerPx,
    mppY: mppY as MicronPerPx,
    source: { kind: 'person', person, at: Date.now() },
  }
}

/** @throws {TesseraError} SLIDE_MPP_NEEDED when nobody has said it yet */
export function samplingOf({ name, sampling, header }: StoredSlide): Sampling {
  if (sampling) return sampling
  const found = header.fileMpp?.x ?? null
  const why =
    found === null
      ? 'its file does not say it'
      : `its file says ${Number(found.toPrecision(4))} µm/px (${header.fileMpp!.tag}), which can not be true`
  throw tesseraError(
    'SLIDE_MPP_NEEDED',
    `Tessera does not know how finely “${name}” was scanned: ${why}. Say it once in the slide's properties; a scan at 40x has about 0.25 µm/px, at 20x about 0.5.`,
    { slide: name, found },
  )
}
