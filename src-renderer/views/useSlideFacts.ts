/** What a row of the slide list says of its slide. */
import type { Slide } from '../../src-shared/slides.ts'
import { count, shortCount } from '../formats/numbers.ts'
import type { SlideFacts } from '../components/SlideCard.vue'
import { useLabels } from '../stores/labels.ts'
import { usePatches } from '../stores/patches.ts'
import { usePredictions } from '../stores/predictions.ts'
import { useSlides } from '../stores/slides.ts'

export function useSlideFacts(): (slide: Slide) => SlideFacts {
  const slides = useSlides()
  const patches = usePatches()
  const labels = useLabels()
  const predictions = usePredictions()

  function labelled(slide: Slide): SlideFacts['labels'] {
    const sums = new Map<number, number>()
    for (const grid of patches.gridsOf(slide.id))
      for (const [number, count] of labels.countsOf(grid.id)) sums.set(number, (sums.get(number) ?? 0) + count)
    const parts = labels.classes.map(({ number, colour }) => ({ colour, count: sums.get(number) ?? 0 }))
    const total = parts.reduce((sum, part) => sum + part.count, 0)
    return { parts, total: total === 0 ? '–' : shortCount(total) }
  }

  function predicted(slide: Slide): SlideFacts['predicted'] {
    const run = predictions.bySlide.get(slide.id)
    const done = run ? predictions.doneOf(run) : 0
    if (!run || done === 0) return null
    const counts = predictions.probabilitiesOf(run.id)?.counts ?? run.counts
    const parts = counts && Array.from(counts, (count, k) => ({ colour: run.classes[k]!.colour, count }))
    return {
      parts: parts ?? [{ colour: 'var(--line-strong)', count: done }],
      of: run.total,
      total: run.complete ? shortCount(done) : `${Math.floor((100 * done) / run.total)} %`,
    }
  }

  function trouble(slide: Slide): SlideFacts['trouble'] {
    if (slide.state.kind === 'missing') return { kind: 'missing', text: 'File not found' }
    if (slide.state.kind === 'preparing') return { kind: 'preparing', text: 'Being prepared' }
    if (slide.state.kind === 'unreadable') return { kind: 'unreadable', text: 'Can not be read' }
    return slides.needsMpp(slide) ? { kind: 'mpp', text: 'µm/px not known' } : null
  }

  return (slide) => ({
    name: slide.name,
    // A case of its own has the slide's name, which stands above already.
    about: slide.caseName === slide.name ? `${count(slide.width)} × ${count(slide.height)} px` : slide.caseName,
    thumbnail: slides.thumbnail(slide),
    trouble: trouble(slide),
    labels: labelled(slide),
    predicted: predicted(slide),
  })
}
