/**
 * Three small networks with a common plan, so that they can be compared: a stem that makes the patch smaller, three
 * stages of convolutions at half the edge and twice the channels of the stage before, the mean over the last map, and one
 * dense layer. What happens inside a stage is what tells them apart.
 *
 * Sized for two processor cores: a few hundred 96 px patches per second in training.
 */
import { ANY_EDGE, type Patches, type Preset } from './preset.ts'
import { residualBlock } from './residual.ts'
import { endInMean, type Stack } from './stack.ts'

/** Channels of the first stage; a multiple of 16, which suits the vector units of processors. */
const WIDTH = 16
const STAGES = 3
/** px of the last map the halvings aim at: small enough to be cheap, large enough to leave cells apart. */
const LAST_MAP = 9
/** Before the dense layer; against learning the training slides by heart. */
const DROPOUT = 0.2

/** Adds the layers of one stage. @param halve whether its map is to be half as large as before */
type Stage = (stack: Stack, name: string, width: number, halve: boolean) => void

const small = (title: string, idea: string, stage: Stage): Preset => ({
  title,
  idea,
  group: 'recommended',
  edges: ANY_EDGE,
  build: (stack, patches) => build(stack, patches, stage),
})

export const smallVgg = small(
  'Small VGG',
  'Only 3 × 3 convolutions, one after the other: two of them see as much as one 5 × 5, with fewer weights and one more bend (Simonyan and Zisserman, 2014).',
  (stack, name, width, halve) => {
    if (halve) stack.add({ kind: 'max-pool', id: `${name}_pool`, kernel: 2, stride: 2, padding: 0 })
    stack.convolve(`${name}_a`, width, 3)
    stack.convolve(`${name}_b`, width, 3)
  },
)

export const smallResnet = small(
  'Small ResNet',
  'Shortcuts carry each block’s input past its convolutions, so that a block only learns what to change and the gradient reaches the first layers undimmed (He et al., 2015).',
  (stack, name, width, halve) => {
    residualBlock(stack, `${name}_1`, width, { stride: halve ? 2 : 1, widens: width !== WIDTH })
    residualBlock(stack, `${name}_2`, width, { stride: 1, widens: false })
  },
)

export const smallInception = small(
  'Small Inception',
  'Each block looks at several sizes at once, 1, 3 and 5 px and an average, and joins what they find, so that the network need not decide how large a pattern is (Szegedy et al., 2014).',
  (stack, name, width, halve) => {
    if (halve) stack.add({ kind: 'max-pool', id: `${name}_pool`, kernel: 2, stride: 2, padding: 0 })
    inceptionBlock(stack, `${name}_1`, 2 * width)
    // One block on the first, largest maps: its many narrow convolutions cost more time than their sums suggest.
    if (width > WIDTH) inceptionBlock(stack, `${name}_2`, 2 * width)
  },
)

function build(stack: Stack, { edge, classes }: Patches, stage: Stage): void {
  const halvings = Math.max(0, Math.round(Math.log2(edge / LAST_MAP)))
  const inStages = Math.min(halvings, STAGES - 1)
  stem(stack, halvings - inStages)
  for (let place = 0; place < STAGES; place++)
    stage(stack, `stage${place + 1}`, WIDTH * 2 ** place, place > 0 && place <= inStages)
  endInMean(stack, classes, DROPOUT)
}

/** Halves the patch so often; from two times on, the first convolution takes two at once, where maps are dearest. */
function stem(stack: Stack, halvings: number): void {
  const strides = halvings < 2 ? [2 ** halvings] : [4, ...new Array<number>(halvings - 2).fill(2)]
  for (const [place, stride] of strides.entries())
    stack.convolve(`stem${place + 1}`, WIDTH, stride === 4 ? 5 : 3, { stride })
}

/** Four views of the same map, joined: 1 × 1, 3 × 3, two 3 × 3 in a row, and the average of 3 × 3. */
function inceptionBlock(stack: Stack, name: string, width: number): void {
  const from = stack.last()
  const part = width / 4
  const point = stack.convolve(`${name}_1x1`, part, 1, { from })
  stack.convolve(`${name}_3x3_in`, part, 1, { from })
  const three = stack.convolve(`${name}_3x3`, part, 3)
  stack.convolve(`${name}_5x5_in`, part, 1, { from })
  stack.convolve(`${name}_5x5_a`, part, 3)
  const five = stack.convolve(`${name}_5x5_b`, part, 3)
  stack.add({ kind: 'average-pool', id: `${name}_mean`, inputs: [from], kernel: 3, stride: 1, padding: 1 })
  const mean = stack.convolve(`${name}_mean_1x1`, part, 1)
  stack.add({ kind: 'concatenate', id: `${name}_joined`, inputs: [point, three, five, mean] })
}
