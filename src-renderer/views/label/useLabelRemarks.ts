/** What the counts of labels mean, said once and in words: imbalance, and slides nobody has labelled. */
import { computed, type ComputedRef } from 'vue'
import { count, counted } from '../../formats/numbers.ts'
import { useLabels } from '../../stores/labels.ts'
import { usePatches } from '../../stores/patches.ts'
import { useSlides } from '../../stores/slides.ts'

const IMBALANCED = 5
/** Before this many labels nothing can be said of their balance. */
const ENOUGH = 20

export function useLabelRemarks(): ComputedRef<string[]> {
  const labels = useLabels()
  const patches = usePatches()
  const slides = useSlides()

  return computed(() => {
    const remarks: string[] = []
    const used = labels.classes
      .map((each) => ({ name: each.name, count: labels.totals.get(each.number) ?? 0 }))
      .filter((each) => each.count > 0)
      .toSorted((a, b) => b.count - a.count)
    const [most, least] = [used[0], used.at(-1)]
    if (labels.total >= ENOUGH && most && least && most.count >= IMBALANCED * least.count)
      remarks.push(
        `${most.name} has ${count(Math.round(most.count / least.count))} times as many labels as ${least.name}. Training draws both equally often, but more of ${least.name} helps more.`,
      )
    const labelled = slides.list.filter((slide) =>
      patches.gridsOf(slide.id).some((grid) => [...labels.countsOf(grid.id).values()].some((n) => n > 0)),
    ).length
    if (labels.total >= ENOUGH && slides.list.length > 1 && labelled < slides.list.length)
      remarks.push(
        `Labels lie on ${counted(labelled, 'slide')} of ${count(slides.list.length)}. Labels from several patients make figures that hold.`,
      )
    return remarks
  })
}
