/**
 * DenseNet-121: four dense blocks of 6, 12, 24 and 16 layers. A layer (norm, ReLU, 1 × 1 to 128, norm, ReLU, 3 × 3 to 32)
 * adds 32 channels to all that came before it in its block; between blocks a 1 × 1 convolution and a mean over 2 × 2 halve
 * channels and edge. 224 px and 1000 classes: 7,978,856 parameters. Odd maps lose their last row and column when halved.
 * @see Huang, Liu, van der Maaten, Weinberger, Densely Connected Convolutional Networks, CVPR (2017), table 1
 */
import { FIVE_HALVINGS, type Preset } from './preset.ts'
import { endInMean, type Stack } from './stack.ts'

const LAYERS = [6, 12, 24, 16]
const GROWTH = 32
const SQUEEZED = 4 * GROWTH

export const densenet121: Preset = {
  title: 'DenseNet-121',
  idea: 'Each layer reads what all earlier ones of its block have found and adds a little, so that nothing is learned twice (Huang et al., 2016).',
  group: 'paper',
  edges: FIVE_HALVINGS,
  build(stack, { classes }) {
    let channels = 2 * GROWTH
    stack.convolve('stem', channels, 7, { stride: 2 })
    stack.add({ kind: 'max-pool', id: 'stem_pool', kernel: 3, stride: 2, padding: 1 })
    for (const [block, layers] of LAYERS.entries()) {
      if (block > 0) {
        channels /= 2
        transition(stack, `transition${block}`, channels)
      }
      for (let place = 1; place <= layers; place++) denseLayer(stack, `block${block + 1}_${place}`)
      channels += layers * GROWTH
    }
    normed(stack, 'last')
    endInMean(stack, classes, 0)
  },
}

function denseLayer(stack: Stack, name: string): void {
  const before = stack.last()
  const convolve = (id: string, filters: number, kernel: number) => {
    normed(stack, id)
    return stack.add({ kind: 'convolution', id, filters, kernel, padding: (kernel - 1) >> 1, bias: false })
  }
  convolve(`${name}_a`, SQUEEZED, 1)
  const found = convolve(`${name}_b`, GROWTH, 3)
  stack.add({ kind: 'concatenate', id: `${name}_joined`, inputs: [before, found] })
}

function transition(stack: Stack, name: string, filters: number): void {
  normed(stack, name)
  stack.add({ kind: 'convolution', id: name, filters, kernel: 1, bias: false })
  stack.add({ kind: 'average-pool', id: `${name}_pool`, kernel: 2, stride: 2 })
}

/** Norm and ReLU before what they are for. */
function normed(stack: Stack, name: string): void {
  stack.add({ kind: 'batch-norm', id: `${name}_norm` })
  stack.add({ kind: 'relu', id: `${name}_relu` })
}
