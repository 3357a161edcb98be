/** Commands on how the open slide is shown. */
import type { SlideLook } from '../../src-shared/look.ts'
import { useLooks } from '../stores/looks.ts'
import { useSlides } from '../stores/slides.ts'
import { useViewport } from '../stores/viewport.ts'
import { command } from './command.ts'

const hasSlide = (): boolean => useViewport().slide !== null

const inTurn: readonly SlideLook['shown'][] = ['colour', 'haematoxylin', 'other', 'residual']

export const lookCommands = () => [
  command({
    id: 'view.look',
    title: 'Look: brightness, contrast, stains…',
    group: 'View',
    keys: ['L'],
    when: hasSlide,
    run() {
      const looks = useLooks()
      looks.open = !looks.open
    },
  }),
  command({
    id: 'view.look.stain',
    title: 'Next stain: colour, haematoxylin, eosin or DAB, residual',
    group: 'View',
    keys: ['Shift+L'],
    when: hasSlide,
    run() {
      const looks = useLooks()
      const slide = useViewport().slideId!
      const place = inTurn.indexOf(looks.of(slide).shown)
      looks.change(slide, { shown: inTurn[(place + 1) % inTurn.length]! })
    },
  }),
  command({
    id: 'view.look.reset',
    title: 'Reset the look of this slide',
    group: 'View',
    when: hasSlide,
    run: () => useLooks().restore(useViewport().slideId!),
  }),
  command({
    id: 'view.look.all',
    title: 'Show all slides as this one',
    group: 'View',
    when: () => hasSlide() && useSlides().list.length > 1,
    run: () => useLooks().useForAll(useViewport().slideId!),
  }),
]
