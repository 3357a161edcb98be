/** Pictures of patches for cards: asked for in one call, kept for a while, let go when there are too many. */
import { onScopeDispose, shallowReactive, shallowRef, watch } from 'vue'
import type { SourceId } from '../../../src-shared/ids.ts'
import { useFaults } from '../../stores/faults.ts'
import { usePatches } from '../../stores/patches.ts'
import { pictureUrl, useSlides } from '../../stores/slides.ts'

export interface PatchName {
  source: SourceId
  patch: number
}

const MOST = 120

export function usePatchPictures(margin: number, edge: number) {
  const patches = usePatches()
  const faults = useFaults()
  const slides = useSlides()
  const urls = shallowReactive(new Map<string, string>())
  const asked = new Set<string>()
  const latest = shallowRef<readonly PatchName[]>([])
  /** Other channels are other pictures. */
  const keyOf = ({ source, patch }: PatchName): string => {
    const grid = patches.gridById(source)
    return `${source}/${patch}/${JSON.stringify((grid && slides.byId(grid.slide)?.channels) ?? null)}`
  }

  function letGo(): void {
    for (const [key, url] of urls) {
      if (urls.size <= MOST) return
      URL.revokeObjectURL(url)
      urls.delete(key)
      asked.delete(key)
    }
  }

  /** Brings the pictures of these patches, those that are not there yet. */
  async function want(names: readonly PatchName[]): Promise<void> {
    latest.value = names
    const missing = names.filter((name) => !asked.has(keyOf(name)))
    for (const name of missing) asked.add(keyOf(name))
    for (const [source, each] of Map.groupBy(missing, (name) => name.source))
      await faults.attempt('review', 'The pictures of patches can not be shown.', async () => {
        const list = Uint32Array.from(each, ({ patch }) => patch)
        const pictures = await patches.pictures(source, list, margin, edge)
        for (const [i, png] of pictures.entries()) if (png) urls.set(keyOf(each[i]!), pictureUrl(png, 'image/png'))
        letGo()
      })
  }

  watch(
    () => latest.value.map(keyOf).join(),
    () => void want(latest.value),
  )

  onScopeDispose(() => {
    for (const url of urls.values()) URL.revokeObjectURL(url)
  })

  return { want, urlOf: (name: PatchName): string | null => urls.get(keyOf(name)) ?? null }
}
