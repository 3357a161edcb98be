/**
 * Pictures of patches for cards: asked for a few at a time, kept for a while, let go when there are too many. What is
 * wanted is said anew whenever other patches are looked at; what nobody looks at any more is not asked for.
 */
import { onScopeDispose, shallowReactive, watch } from 'vue'
import type { SourceId } from '../../src-shared/ids.ts'
import { type Place, useFaults } from '../stores/faults.ts'
import { usePatches } from '../stores/patches.ts'
import { pictureUrl, useSlides } from '../stores/slides.ts'

export interface PatchName {
  source: SourceId
  patch: number
}

/** Patches in one request: enough to keep the reading process busy, few enough to be done when the hand has moved on. */
const AT_ONCE = 24
const REQUESTS = 2

export interface PictureOptions {
  /** surroundings on each side, in patch edges */
  margin?: number
  /** Where it is said that pictures can not be had. */
  place?: Place
  /** pictures that are kept */
  most?: number
}

export function usePatchPictures({ margin = 0, place = 'review', most = 120 }: PictureOptions = {}) {
  const patches = usePatches()
  const faults = useFaults()
  const slides = useSlides()
  /** key → object URL; null = the picture can not be read */
  const urls = shallowReactive(new Map<string, string | null>())
  const asked = new Set<string>()
  let edge = 0
  let wanted: readonly PatchName[] = []
  let looked = new Set<string>()
  let running = 0
  let over = false

  /** Other channels are other pictures. */
  const channelsOf = (source: SourceId): string => {
    const grid = patches.gridById(source)
    return JSON.stringify((grid && slides.byId(grid.slide)?.channels) ?? null)
  }
  const keyOf = ({ source, patch }: PatchName, at = edge): string => `${source}/${patch}/${at}/${channelsOf(source)}`

  function letGo(): void {
    for (const [key, url] of urls) {
      if (urls.size <= most) return
      if (looked.has(key)) continue
      if (url) URL.revokeObjectURL(url)
      urls.delete(key)
      asked.delete(key)
    }
  }

  /** The next few of what is wanted and of one source. */
  function next(): PatchName[] {
    const missing = wanted.filter((name) => !asked.has(keyOf(name)))
    return missing.filter(({ source }) => source === missing[0]!.source).slice(0, AT_ONCE)
  }

  async function pump(): Promise<void> {
    if (running >= REQUESTS) return
    const names = next()
    if (names.length === 0) return
    running++
    const at = edge
    for (const name of names) asked.add(keyOf(name))
    void pump()
    await faults.attempt(place, 'The pictures of patches can not be shown.', async () => {
      const list = Uint32Array.from(names, ({ patch }) => patch)
      const pictures = await patches.pictures(names[0]!.source, list, margin, at)
      if (over) return
      for (const [i, png] of pictures.entries())
        urls.set(keyOf(names[i]!, at), png === null ? null : pictureUrl(png, 'image/png'))
      letGo()
    })
    running--
    if (!over) void pump()
  }

  /**
   * Brings the pictures of these patches, those that are not there yet; the first of them first.
   * @param px longest side of each
   */
  function want(names: readonly PatchName[], px: number): void {
    edge = px
    wanted = names
    looked = new Set(names.map((name) => keyOf(name)))
    void pump()
  }

  /** Asks again for all that could not be read. */
  function retry(): void {
    for (const [key, url] of urls)
      if (url === null) {
        urls.delete(key)
        asked.delete(key)
      }
    for (const key of asked) if (!urls.has(key)) asked.delete(key)
    void pump()
  }

  watch(
    () => slides.list.map(({ channels }) => channels),
    () => want(wanted, edge),
  )

  onScopeDispose(() => {
    over = true
    for (const url of urls.values()) if (url) URL.revokeObjectURL(url)
  })

  return {
    want,
    retry,
    /** null = it has not come yet, or can not be read */
    urlOf: (name: PatchName, px = edge): string | null => urls.get(keyOf(name, px)) ?? null,
    isBroken: (name: PatchName, px = edge): boolean => urls.get(keyOf(name, px)) === null,
  }
}
