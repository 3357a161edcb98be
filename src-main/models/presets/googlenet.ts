/**
 * GoogLeNet (Inception v1): 22 layers with weights, nine inception modules, no auxiliary classifiers. The variant of
 * torchvision and TensorFlow Slim: batch norm after every convolution instead of biases, 3 × 3 where the paper's modules
 * have 5 × 5, the last pool 2 × 2. 224 px and 1000 classes: 6,624,904 parameters.
 *
 * There the pools round up (ceil mode), so that a window may reach past the right and lower edge. Here a 3 × 3 pool has
 * one row and column of padding on every side, which never wins: maps of an even edge come out as large as there, with
 * windows one px further up and left; those of an odd edge one larger. The 2 × 2 pool gets padding where its edge is odd.
 * @see Szegedy et al., Going Deeper with Convolutions, CVPR (2015), table 1
 */
import { FIVE_HALVINGS, type Preset } from './preset.ts'
import { endInMean, halved, type Stack } from './stack.ts'

/** of batch norm */
const EPSILON = 1e-3
const DROPOUT = 0.2

/** filters: 1 × 1; 1 × 1 before 3 × 3, 3 × 3; 1 × 1 before the second 3 × 3, that; 1 × 1 after the pool */
type Filters = readonly [number, number, number, number, number, number]

const THIRD: Record<string, Filters> = { a: [64, 96, 128, 16, 32, 32], b: [128, 128, 192, 32, 96, 64] }
const FOURTH: Record<string, Filters> = {
  a: [192, 96, 208, 16, 48, 64],
  b: [160, 112, 224, 24, 64, 64],
  c: [128, 128, 256, 24, 64, 64],
  d: [112, 144, 288, 32, 64, 64],
  e: [256, 160, 320, 32, 128, 128],
}
const FIFTH: Record<string, Filters> = { a: [256, 160, 320, 32, 128, 128], b: [384, 192, 384, 48, 128, 128] }

export const googlenet: Preset = {
  title: 'GoogLeNet',
  idea: 'Nine modules that look at several sizes at once, made cheap by 1 × 1 convolutions that first reduce the channels: as good as VGG with a twentieth of its weights (Szegedy et al., 2014).',
  group: 'paper',
  edges: FIVE_HALVINGS,
  build(stack, { edge, classes }) {
    stack.convolve('conv1', 64, 7, { stride: 2, epsilon: EPSILON })
    halve(stack, 'pool1')
    stack.convolve('conv2', 64, 1, { epsilon: EPSILON })
    stack.convolve('conv3', 192, 3, { epsilon: EPSILON })
    halve(stack, 'pool2')
    modules(stack, 'inception3', THIRD)
    halve(stack, 'pool3')
    modules(stack, 'inception4', FOURTH)
    const map = [1, 2, 3, 4].reduce(halved, edge)
    stack.add({ kind: 'max-pool', id: 'pool4', kernel: 2, stride: 2, padding: map % 2 })
    modules(stack, 'inception5', FIFTH)
    endInMean(stack, classes, DROPOUT)
  },
}

function halve(stack: Stack, id: string): void {
  stack.add({ kind: 'max-pool', id, kernel: 3, stride: 2, padding: 1 })
}

function modules(stack: Stack, stage: string, filtersOf: Record<string, Filters>): void {
  for (const [name, filters] of Object.entries(filtersOf)) inception(stack, `${stage}${name}`, filters)
}

function inception(stack: Stack, name: string, [point, in3, three, in5, five, pooled]: Filters): void {
  const from = stack.last()
  const epsilon = EPSILON
  const branch1 = stack.convolve(`${name}_1x1`, point, 1, { from, epsilon })
  stack.convolve(`${name}_3x3_in`, in3, 1, { from, epsilon })
  const branch2 = stack.convolve(`${name}_3x3`, three, 3, { epsilon })
  stack.convolve(`${name}_second_in`, in5, 1, { from, epsilon })
  const branch3 = stack.convolve(`${name}_second`, five, 3, { epsilon })
  stack.add({ kind: 'max-pool', id: `${name}_pool`, inputs: [from], kernel: 3, stride: 1, padding: 1 })
  const branch4 = stack.convolve(`${name}_pool_1x1`, pooled, 1, { epsilon })
  stack.add({ kind: 'concatenate', id: `${name}_joined`, inputs: [branch1, branch2, branch3, branch4] })
}
