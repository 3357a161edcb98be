/** How a slide is looked at, in a few words. */
import type { Place } from '../../src-shared/bookmarks.ts'
import { type MicronPerPx, micronPerPx, objectiveOf } from '../../src-shared/units.ts'
import { fixed, magnification, percent } from './numbers.ts'

/** “37°, mirrored”; empty when the slide stands as it is stored */
export function turnInWords({ rotation, mirrored }: Pick<Place, 'rotation' | 'mirrored'>): string {
  const degrees = fixed(rotation, 0)
  return [degrees !== '0' && degrees !== '360' && `${degrees}°`, mirrored && 'mirrored'].filter(Boolean).join(', ')
}

/** “20x, 37°”; percent of the stored pixels where µm/px is not known */
export function placeInWords(place: Place, mpp: MicronPerPx | null): string {
  const zoom =
    mpp === null
      ? percent(place.pxPerLevel0, place.pxPerLevel0 < 0.1 ? 1 : 0)
      : magnification(objectiveOf(micronPerPx(mpp / place.pxPerLevel0)))
  return [zoom, turnInWords(place)].filter(Boolean).join(', ')
}
