/** Blinded reading of the made-up main process: slides are numbered backwards. */
import type { Blinding, blindingCalls } from '../../../src-shared/blinding.ts'
import type { CallHandlers } from '../../../src-shared/wire/contract.ts'
import type { FakeSlides } from './slides.ts'

export function blindingHandlers({ slides }: FakeSlides): CallHandlers<typeof blindingCalls> {
  let on = false
  const now = (): Blinding => ({
    on,
    numbers: [...slides.keys()].map((slide, i) => ({ slide, number: slides.size - i })),
  })
  return {
    'blinding.get': now,
    'blinding.set': (asked) => {
      on = asked.on
      return now()
    },
  }
}
