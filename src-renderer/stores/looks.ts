/**
 * How each slide is shown. A change is seen at once and kept when the hand rests; in a project that is open for reading
 * only it lasts as long as the window.
 */
import { defineStore } from 'pinia'
import { ref, shallowReactive } from 'vue'
import { asTheFileSays, type ChannelLook, type ChannelMapping } from '../../src-shared/channels.ts'
import type { SlideId } from '../../src-shared/ids.ts'
import { AS_STORED, type SlideLook } from '../../src-shared/look.ts'
import type { SlideColours } from '../../src-shared/slides.ts'
import { call } from '../api/index.ts'
import { useFaults } from './faults.ts'
import { useProject } from './project.ts'
import { useSlides } from './slides.ts'

/** All that decides how a slide is drawn. */
export interface ShownLook {
  look: SlideLook
  channels: ChannelMapping | null
}

/** A slider that stood still for so long has been let go, ms. */
const REST_MS = 400

export const useLooks = defineStore('looks', () => {
  const slides = useSlides()
  const project = useProject()
  const faults = useFaults()
  /** The panel is open. */
  const open = ref(false)
  const drafts = {
    look: keptDrafts<SlideLook>('How the slide is shown was not kept.', (slides, look) =>
      call('slides.setLook', { slides, look }),
    ),
    channels: keptDrafts<ChannelMapping | null>('The channels of the slide were not kept.', async (ids, channels) => {
      for (const slide of ids) await call('slides.setChannels', { slide, channels })
    }),
  }
  /** What files hold of their colours, asked for once. */
  const colours = shallowReactive(new Map<SlideId, SlideColours>())

  const of = (slide: SlideId): SlideLook => drafts.look.of(slide) ?? slides.byId(slide)?.look ?? AS_STORED

  /** As a person chose; null = as the file says. */
  function channelsOf(slide: SlideId): ChannelMapping | null {
    const draft = drafts.channels.of(slide)
    return draft === undefined ? (slides.byId(slide)?.channels ?? null) : draft
  }

  const shownOf = (slide: SlideId | null): ShownLook =>
    slide ? { look: of(slide), channels: channelsOf(slide) } : { look: AS_STORED, channels: null }

  const change = (slide: SlideId, changed: Partial<SlideLook>): void =>
    drafts.look.set(slide, { ...of(slide), ...changed })

  function changeChannel(slide: SlideId, channel: number, changed: Partial<ChannelLook>): void {
    const facts = colours.get(slide)?.channels
    if (!facts) return
    const now = channelsOf(slide) ?? asTheFileSays(facts)
    drafts.channels.set(
      slide,
      now.map((each, i) => (i === channel ? { ...each, ...changed } : each)),
    )
  }

  /** Shows all slides as this one. Channels are a slide's own. */
  const useForAll = (slide: SlideId): void =>
    drafts.look.setAll(
      slides.list.map(({ id }) => id),
      of(slide),
    )

  const restore = (slide: SlideId): void => change(slide, AS_STORED)
  const restoreChannels = (slide: SlideId): void => drafts.channels.set(slide, null)

  /** Asks what a slide's file holds of its colours. */
  async function loadColours(slide: SlideId): Promise<void> {
    if (colours.has(slide)) return
    const found = await faults.attempt('viewer', 'The colours of the slide could not be read.', () =>
      call('slides.colours', { slide }),
    )
    if (found) colours.set(slide, found)
  }

  function reset(): void {
    drafts.look.reset()
    drafts.channels.reset()
    colours.clear()
  }

  /**
   * What is shown and not on the disk, or not yet.
   * @param what said when it could not be kept
   */
  function keptDrafts<T>(what: string, keep: (slides: SlideId[], value: T) => Promise<void>) {
    const values = shallowReactive(new Map<SlideId, T>())
    const waiting = new Map<SlideId, ReturnType<typeof setTimeout>>()

    const settle = (slide: SlideId): void => {
      clearTimeout(waiting.get(slide))
      waiting.delete(slide)
    }

    async function save(ids: SlideId[], value: T): Promise<void> {
      for (const id of ids) settle(id)
      const kept = await faults.attempt('viewer', what, async () => {
        await keep(ids, value)
        return true
      })
      // what was changed meanwhile is another draft
      if (kept) for (const id of ids) if (values.get(id) === value) values.delete(id)
    }

    return {
      of: (slide: SlideId): T | undefined => values.get(slide),
      /** Keeps it when the hand rests. */
      set(slide: SlideId, value: T): void {
        values.set(slide, value)
        settle(slide)
        if (project.canChange)
          waiting.set(
            slide,
            setTimeout(() => void save([slide], value), REST_MS),
          )
      },
      setAll(ids: SlideId[], value: T): void {
        for (const id of ids) values.set(id, value)
        if (project.canChange) void save(ids, value)
      },
      reset(): void {
        for (const slide of waiting.keys()) settle(slide)
        values.clear()
      },
    }
  }

  return {
    open,
    colours,
    of,
    channelsOf,
    shownOf,
    change,
    changeChannel,
    useForAll,
    restore,
    restoreChannels,
    loadColours,
    reset,
  }
})
