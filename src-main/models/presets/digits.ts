/**
 * Three networks for digits and other small signs, alike but for the size of their filters: 3 × 3, 5 × 5 and 7 × 7. What
 * one of them misreads the others often do not, so that the mean of the three is better than each.
 *
 * As against the paper: the edge is halved twice by max pools, where the paper only loses rows and columns at the border,
 * and channels are fewer. A 28 px digit costs 8 to 10 million multiply-adds, and not about 150.
 * @see An, Lee, Park, Yang, So, An Ensemble of Simple Convolutional Neural Network Models for MNIST Digit Recognition,
 * arXiv:2008.10400 (2020)
 */
import type { Preset } from './preset.ts'

/** Before the dense layer, which reads the whole last map. */
const DROPOUT = 0.3

/** @param stages channels of each convolution, stage by stage; a max pool halves the edge between two stages */
const digits = (kernel: number, stages: readonly (readonly number[])[]): Preset => ({
  title: `Digits ${kernel} × ${kernel}`,
  idea: `For small pictures of signs: ${kernel} × ${kernel} filters with batch norm whose channels grow while the map gets smaller; one of three that answer together (after An et al., 2020).`,
  group: 'digits',
  edges: {
    smallest: 28,
    largest: 64,
    why: 'it halves the edge twice, and its dense layer reads every place that is left',
  },
  build(stack, { classes }) {
    for (const [stage, widths] of stages.entries()) {
      if (stage > 0) stack.add({ kind: 'max-pool', id: `stage${stage + 1}_pool`, kernel: 2, stride: 2 })
      for (const [place, width] of widths.entries()) stack.convolve(`stage${stage + 1}_${place + 1}`, width, kernel)
    }
    stack.add({ kind: 'flatten', id: 'flat' })
    stack.add({ kind: 'dropout', id: 'dropout', rate: DROPOUT })
    stack.add({ kind: 'dense', id: 'classes', units: classes })
  },
})

export const digits3 = digits(3, [[16, 24], [32, 48], [80]])
export const digits5 = digits(5, [[16], [32], [48, 64]])
export const digits7 = digits(7, [[16], [32], [48]])
