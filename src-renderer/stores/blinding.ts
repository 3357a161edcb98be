/**
 * Blinded reading: what slides are called while their names are hidden, everywhere in the window.
 *
 * Records of slides are changed where they come in (stores/slides.ts); sentences of the main process (jobs, errors, files)
 * have the names in them taken out by `hide`.
 */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { Blinding } from '../../src-shared/blinding.ts'
import type { SlideId } from '../../src-shared/ids.ts'
import type { Slide } from '../../src-shared/slides.ts'
import type { Fault } from '../../src-shared/wire/message.ts'
import { call, on } from '../api/index.ts'
import { nameHider } from './nameHider.ts'

const NOT_NUMBERED = 'Slide without a number'
const LAST = Number.MAX_SAFE_INTEGER

export const useBlinding = defineStore('blinding', () => {
  const isOn = ref(false)
  const numbers = shallowRef<ReadonlyMap<SlideId, number>>(new Map())
  /** The slides as they are. */
  const real = shallowRef<readonly Slide[]>([])

  const take = (blinding: Blinding): void => {
    isOn.value = blinding.on
    numbers.value = new Map(blinding.numbers.map(({ slide, number }) => [slide, number]))
  }
  onScopeDispose(on('blinding.changed', take))

  const load = async (): Promise<void> => take(await call('blinding.get'))
  const set = async (next: boolean): Promise<void> => take(await call('blinding.set', { on: next }))
  const reset = (): void => take({ on: false, numbers: [] })

  const nameOf = (slide: SlideId): string => {
    const number = numbers.value.get(slide)
    return number === undefined ? NOT_NUMBERED : `Slide ${number}`
  }

  const hider = computed(() =>
    nameHider(
      real.value.flatMap(
        ({ id, name, caseName }) =>
          [
            [name, nameOf(id)],
            [caseName, nameOf(id)],
          ] as const,
      ),
    ),
  )
  /** A sentence without the names of slides and cases in it. */
  const hide = (text: string): string => (isOn.value ? hider.value(text) : text)
  const hideFault = (fault: Fault): Fault =>
    isOn.value
      ? {
          code: fault.code,
          message: hide(fault.message),
          data: JSON.parse(hide(JSON.stringify(fault.data ?? {}))) as unknown,
        }
      : fault

  /** A slide as the window may show it: no name, no case, no pictures of its label, no file. */
  const blind = (slide: Slide): Slide => ({
    ...slide,
    name: nameOf(slide.id),
    caseName: nameOf(slide.id),
    note: slide.note && hide(slide.note),
    associatedImages: [],
    state:
      slide.state.kind === 'missing'
        ? { kind: 'missing', file: nameOf(slide.id) }
        : slide.state.kind === 'unreadable'
          ? { kind: 'unreadable', fault: hideFault(slide.state.fault) }
          : slide.state,
  })

  /** By number, so that the order says nothing either. */
  const byNumber = (a: Slide, b: Slide): number => (numbers.value.get(a.id) ?? LAST) - (numbers.value.get(b.id) ?? LAST)

  const learn = (slides: readonly Slide[]): void => {
    real.value = slides
  }

  return { isOn, load, set, reset, learn, blind, byNumber, hide, hideFault }
})
