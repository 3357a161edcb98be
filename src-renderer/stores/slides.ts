/** The slides of the project, their cases and their thumbnails. */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, shallowReactive, shallowRef } from 'vue'
import type { FileHandle } from '../../src-shared/app.ts'
import { toError } from '../../src-shared/errors.ts'
import type { SlideId } from '../../src-shared/ids.ts'
import { isPlausibleMpp, type MicronPerPx } from '../../src-shared/units.ts'
import type { AssociatedImageName, Slide } from '../../src-shared/slides.ts'
import { call, on } from '../api/index.ts'
import { useFaults } from './faults.ts'

const THUMBNAIL_EDGE = 96
const OVERVIEW_EDGE = 320
const MOST_PICTURES = 400

export const useSlides = defineStore('slides', () => {
  const faults = useFaults()
  const slides = shallowRef<ReadonlyMap<SlideId, Slide>>(new Map())
  const loading = shallowRef(false)
  /** `slide/edge` → object URL; the oldest are let go. */
  const pictures = shallowReactive(new Map<string, string>())
  const asked = new Set<string>()

  const list = computed(() => [...slides.value.values()])
  const byId = (id: SlideId): Slide | null => slides.value.get(id) ?? null

  onScopeDispose(
    on('slides.changed', ({ changed, removed }) => {
      const next = new Map(slides.value)
      for (const slide of changed) {
        if (JSON.stringify(next.get(slide.id)?.channels) !== JSON.stringify(slide.channels)) forgetPictures(slide.id)
        next.set(slide.id, slide)
      }
      for (const id of removed) next.delete(id)
      slides.value = next
    }),
  )

  /** Its pixels are others now: small pictures are asked for again. */
  function forgetPictures(slide: SlideId): void {
    for (const edge of [THUMBNAIL_EDGE, OVERVIEW_EDGE]) {
      const url = pictures.get(`${slide}/${edge}`)
      if (url) URL.revokeObjectURL(url)
      pictures.delete(`${slide}/${edge}`)
      asked.delete(`${slide}/${edge}`)
    }
  }

  const put = (changed: Slide[]): void => {
    const next = new Map(slides.value)
    for (const slide of changed) next.set(slide.id, slide)
    slides.value = next
  }

  async function load(): Promise<void> {
    loading.value = true
    try {
      slides.value = new Map((await call('slides.list')).map((slide) => [slide.id, slide]))
    } finally {
      loading.value = false
    }
  }

  function reset(): void {
    slides.value = new Map()
    for (const url of pictures.values()) URL.revokeObjectURL(url)
    pictures.clear()
    asked.clear()
  }

  /** @returns the slides that could be added; the others are named where slides are listed */
  async function add(files: FileHandle[]): Promise<Slide[]> {
    const result = await faults.attempt('slides', 'The slides were not added.', () => call('slides.add', { files }))
    if (!result) return []
    put(result.added)
    for (const { name, fault } of result.refused) faults.report('slides', `${name} was not added.`, toError(fault))
    return result.added
  }

  const remove = async (slide: SlideId): Promise<void> => {
    await call('slides.remove', { slide })
    const next = new Map(slides.value)
    next.delete(slide)
    slides.value = next
  }

  const setMpp = async (slide: SlideId, mppX: MicronPerPx, mppY: MicronPerPx): Promise<void> =>
    put([await call('slides.setMpp', { slide, mppX, mppY })])

  const assignCase = (ids: SlideId[], caseName: string): Promise<void> =>
    call('slides.assignCase', { slides: ids, caseName })

  const importCases = (file: FileHandle) => call('slides.importCases', { file })
  const relocate = (slide: SlideId, file: FileHandle) => call('slides.relocate', { slide, file })
  const retry = async (slide: SlideId): Promise<void> => put([await call('slides.retry', { slide })])
  const properties = (slide: SlideId) => call('slides.properties', { slide })

  /** Object URL; whoever asked lets it go. */
  async function associatedImage(slide: SlideId, name: AssociatedImageName): Promise<string> {
    const { png } = await call('slides.associatedImage', { slide, name })
    return pictureUrl(png, 'image/png')
  }

  /** The URL of a small picture of the slide; null until it has come. Asks for it the first time. */
  function picture(slide: Slide, edge: number): string | null {
    const key = `${slide.id}/${edge}`
    const url = pictures.get(key)
    if (url) return url
    if (slide.state.kind === 'ready' && !asked.has(key)) {
      asked.add(key)
      void fetchPicture(slide.id, edge, key)
    }
    return null
  }

  async function fetchPicture(slide: SlideId, edge: number, key: string): Promise<void> {
    try {
      const { jpeg } = await call('slides.thumbnail', { slide, edge })
      if (!asked.has(key)) return
      pictures.set(key, pictureUrl(jpeg, 'image/jpeg'))
      if (pictures.size > MOST_PICTURES) {
        const [oldest, url] = pictures.entries().next().value!
        URL.revokeObjectURL(url)
        pictures.delete(oldest)
        asked.delete(oldest)
      }
    } catch {
      // The row shows that there is no picture; opening the slide says why. Asked again after the next start.
      pictures.delete(key)
    }
  }

  /** Whether a person has to say µm/px before anything that is measured makes sense. */
  const needsMpp = (slide: Slide): boolean => !isPlausibleMpp(slide.mppX) || !isPlausibleMpp(slide.mppY)

  return {
    list,
    loading,
    byId,
    load,
    reset,
    add,
    remove,
    setMpp,
    assignCase,
    importCases,
    relocate,
    retry,
    properties,
    associatedImage,
    needsMpp,
    thumbnail: (slide: Slide) => picture(slide, THUMBNAIL_EDGE),
    overview: (slide: Slide) => picture(slide, OVERVIEW_EDGE),
  }
})

/** Bytes from the wire as something an <img> can show. */
export const pictureUrl = (bytes: Uint8Array, type: string): string =>
  URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type }))
