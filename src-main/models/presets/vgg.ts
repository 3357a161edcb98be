/**
 * VGG-11, -16 and -19 (A, D and E of the paper): 3 × 3 convolutions with a bias and no norm, five halvings by max pools,
 * two dense layers of 4096 with dropout. 224 px and 1000 classes: 132,863,336, 138,357,544 and 143,667,240 parameters.
 *
 * The first dense layer reads the whole last map, so its size follows the patch: 7 × 7 places of 224 px, 3 × 3 of 96 px.
 * @see Simonyan, Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR (2015), table 1
 */
import type { Preset } from './preset.ts'

const WIDTHS = [64, 128, 256, 512, 512]
const DENSE = 4096
const DROPOUT = 0.5

/** @param convolutions in each of the five stages */
const vgg = (title: string, idea: string, convolutions: readonly number[]): Preset => ({
  title,
  idea,
  group: 'paper',
  edges: {
    smallest: 32,
    largest: 256,
    why: 'it halves the edge five times, and its first dense layer grows with what is left',
  },
  build(stack, { classes }) {
    for (const [stage, width] of WIDTHS.entries()) {
      for (let place = 1; place <= (convolutions[stage] ?? 0); place++) {
        const id = `stage${stage + 1}_${place}`
        stack.add({ kind: 'convolution', id, filters: width, kernel: 3, padding: 1 })
        stack.add({ kind: 'relu', id: `${id}_relu` })
      }
      stack.add({ kind: 'max-pool', id: `stage${stage + 1}_pool`, kernel: 2, stride: 2 })
    }
    stack.add({ kind: 'flatten', id: 'flat' })
    for (const place of [1, 2]) {
      stack.add({ kind: 'dense', id: `dense${place}`, units: DENSE })
      stack.add({ kind: 'relu', id: `dense${place}_relu` })
      stack.add({ kind: 'dropout', id: `dense${place}_dropout`, rate: DROPOUT })
    }
    stack.add({ kind: 'dense', id: 'classes', units: classes })
  },
})

export const vgg11 = vgg(
  'VGG-11',
  'Eight 3 × 3 convolutions and three large dense layers, which hold nine tenths of its weights (Simonyan and Zisserman, 2014).',
  [1, 1, 2, 2, 2],
)
export const vgg16 = vgg(
  'VGG-16',
  'Depth by repetition: thirteen 3 × 3 convolutions; simple to read, dear to train without norms and shortcuts (Simonyan and Zisserman, 2014).',
  [2, 2, 3, 3, 3],
)
export const vgg19 = vgg(
  'VGG-19',
  'Sixteen 3 × 3 convolutions: about where plain stacking stops paying, which led to shortcuts (Simonyan and Zisserman, 2014).',
  [2, 2, 4, 4, 4],
)
