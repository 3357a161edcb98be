/**
 * P4M-DenseNet: a DenseNet of group convolutions over the turns and mirrors of a square. A patch and the same patch
 * turned by 90° or mirrored get the same answer, where every halving meets an even edge (multiples of 16 px).
 *
 * As in the paper's model for PatchCamelyon: five dense blocks of one 3 × 3 layer, between them a 1 × 1 convolution that
 * keeps the channels and a mean over 2 × 2, no bottlenecks; the mean over orientations and places at the end. Chosen here:
 *
 * - 9 fields of 8 orientations, to begin with and as the growth: 123,455 parameters with two classes; the paper says
 *   119 thousand, and not how wide its layers are.
 * - Convolutions keep the edge by padding; the paper's lose a border, and what they are joined with is cropped.
 * - One dense layer for the classes, which here make softmax; the paper has one unit with a sigmoid.
 * @see Veeling, Linmans, Winkens, Cohen, Welling, Rotation Equivariant CNNs for Digital Pathology, MICCAI (2018)
 */
import { LARGEST_EDGE, type Preset } from './preset.ts'
import type { Stack } from './stack.ts'

const FIELDS = 9
const BLOCKS = 5
/** of p4m */
const ORIENTATIONS = 8
const EPSILON = 2e-5

export const p4mDensenet: Preset = {
  title: 'P4M-DenseNet',
  idea: 'Every filter is also tried turned and mirrored, because tissue has no up: the network need not learn eight times what a cell looks like (Veeling et al., 2018).',
  group: 'paper',
  edges: {
    smallest: 16,
    largest: LARGEST_EDGE,
    why: 'it halves the edge four times, and nothing would be left of a smaller patch',
  },
  build(stack, { classes }) {
    convolve(stack, 'stem', FIELDS, 3)
    for (let block = 1; block <= BLOCKS; block++) {
      const before = stack.last()
      normed(stack, `block${block}`)
      const found = convolve(stack, `block${block}`, FIELDS, 3)
      stack.add({ kind: 'concatenate', id: `block${block}_joined`, inputs: [before, found] })
      if (block === BLOCKS) break
      normed(stack, `transition${block}`)
      convolve(stack, `transition${block}`, (block + 1) * FIELDS, 1)
      stack.add({ kind: 'average-pool', id: `transition${block}_pool`, kernel: 2, stride: 2 })
    }
    normed(stack, 'last')
    stack.add({ kind: 'orientation-pool', id: 'orientations', take: 'mean' })
    stack.add({ kind: 'global-average-pool', id: 'mean' })
    stack.add({ kind: 'dense', id: 'classes', units: classes })
  },
}

function convolve(stack: Stack, id: string, filters: number, kernel: number): string {
  const padding = (kernel - 1) >> 1
  return stack.add({ kind: 'group-convolution', id, group: 'p4m', filters, kernel, padding, bias: false })
}

function normed(stack: Stack, name: string): void {
  stack.add({ kind: 'batch-norm', id: `${name}_norm`, epsilon: EPSILON, orientations: ORIENTATIONS })
  stack.add({ kind: 'relu', id: `${name}_relu` })
}
