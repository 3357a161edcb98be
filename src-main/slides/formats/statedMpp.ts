/** Which of a file's statements on µm/px is believed: the first that can be true, in the order the vendor means them. */
import type { FileMpp, SlideHeader } from '../../../src-shared/slides.ts'
import { isPlausibleMpp } from '../../../src-shared/units.ts'

const isPlausible = ({ x, y }: FileMpp): boolean => isPlausibleMpp(x) && isPlausibleMpp(y)

/**
 * @param stated the vendor's own place first
 * @returns the one that is believed, else the first, which then is kept for a person to see; and the others
 */
export function believedMpp(stated: readonly (FileMpp | null)[]): Pick<SlideHeader, 'fileMpp' | 'otherMpp'> {
  const all = stated.filter((each) => each !== null)
  const fileMpp = all.find(isPlausible) ?? all[0] ?? null
  return { fileMpp, otherMpp: all.filter((each) => each !== fileMpp) }
}
