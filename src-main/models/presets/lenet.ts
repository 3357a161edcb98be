/**
 * LeNet-5 as it is taught: 6 and 16 filters of 5 × 5, each with a mean over 2 × 2, 120 filters of 5 × 5, 84 units; tanh.
 *
 * As against the paper: the second convolution reads all six maps (60 of 96 pairs there), the means have no weights of
 * their own, and the classes are a dense layer, not distances. With 32 px and 10 classes it has 61,706 parameters.
 * Digits of 28 px get two rows and columns of zeros on every side, which makes them the paper's 32 px. In larger patches
 * the third convolution leaves a map and not one place, and the 84 units read all of it.
 * @see LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document recognition, Proc. IEEE 86 (1998), II.B
 */
import { averagedDown } from './averagedDown.ts'
import { LARGEST_EDGE, type Preset } from './preset.ts'

/** px of the patches in the paper */
const EDGE = 32

export const lenet5: Preset = {
  title: 'LeNet-5',
  idea: 'The first convolutional network in daily use, reading digits on cheques: small filters that are the same everywhere, then means, then dense layers (LeCun et al., 1998).',
  group: 'paper',
  edges: {
    smallest: 28,
    largest: LARGEST_EDGE,
    why: 'nothing is left of a smaller one after three 5 × 5 convolutions',
  },
  build(stack, { edge, classes }) {
    const shown = averagedDown(stack, edge)
    const convolve = (id: string, filters: number, padding = 0) => {
      stack.add({ kind: 'convolution', id, filters, kernel: 5, padding })
      stack.add({ kind: 'tanh', id: `${id}_tanh` })
    }
    convolve('c1', 6, shown < EDGE ? 2 : 0)
    stack.add({ kind: 'average-pool', id: 's2', kernel: 2, stride: 2 })
    convolve('c3', 16)
    stack.add({ kind: 'average-pool', id: 's4', kernel: 2, stride: 2 })
    convolve('c5', 120)
    stack.add({ kind: 'flatten', id: 'flat' })
    stack.add({ kind: 'dense', id: 'f6', units: 84 })
    stack.add({ kind: 'tanh', id: 'f6_tanh' })
    stack.add({ kind: 'dense', id: 'classes', units: classes })
  },
}
