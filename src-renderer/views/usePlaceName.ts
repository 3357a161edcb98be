/** Where a patch is, in words: the name of its slide, or of its set and its number there. */
import { count } from '../formats/numbers.ts'
import { usePatches } from '../stores/patches.ts'
import { useSlides } from '../stores/slides.ts'
import type { PatchName } from './usePatchPictures.ts'

export function usePlaceName(): (patch: PatchName) => string {
  const patches = usePatches()
  const slides = useSlides()
  return ({ source, patch }) => {
    const found = patches.sourceById(source)
    if (found?.kind === 'set') return `${found.name}, patch ${count(patch + 1)}`
    return (found && slides.byId(found.slide)?.name) ?? ''
  }
}
