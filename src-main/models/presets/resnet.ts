/**
 * ResNet-18, -34, -50, -101 and -152: a 7 × 7 stem and a pool to a quarter of the edge, four stages of residual blocks,
 * the mean, one dense layer. From 50 on a block is a bottleneck: 1 × 1 to a quarter of the channels, 3 × 3, 1 × 1 back;
 * its stride lies on the 3 × 3 (as in torchvision, “v1.5”), in the paper on the first 1 × 1. 224 px and 1000 classes:
 * 11,689,512, 21,797,672, 25,557,032, 44,549,160 and 60,192,808 parameters.
 *
 * It ends in a mean, so other patches need no other layers: the last map is 7 px wide of 224 px, 3 px of 96 px.
 * @see He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, CVPR (2016), table 1
 */
import { FIVE_HALVINGS, type Preset } from './preset.ts'
import { addAndBend, type BlockOptions, passedOn, residualBlock } from './residual.ts'
import { endInMean, type Stack } from './stack.ts'

const WIDTHS = [64, 128, 256, 512]
/** channels a bottleneck makes for each one its 3 × 3 reads */
const EXPANSION = 4

type Block = { expansion: number; add: (stack: Stack, name: string, width: number, options: BlockOptions) => void }
const basic: Block = { expansion: 1, add: residualBlock }
const bottleneck: Block = { expansion: EXPANSION, add: bottleneckBlock }

const resnet = (title: string, idea: string, block: Block, blocks: readonly number[]): Preset => ({
  title,
  idea,
  group: 'paper',
  edges: FIVE_HALVINGS,
  build(stack, { classes }) {
    stack.convolve('stem', 64, 7, { stride: 2 })
    stack.add({ kind: 'max-pool', id: 'stem_pool', kernel: 3, stride: 2, padding: 1 })
    for (const [stage, width] of WIDTHS.entries())
      for (let place = 0; place < (blocks[stage] ?? 0); place++) {
        const first = place === 0
        block.add(stack, `stage${stage + 1}_${place + 1}`, width, {
          stride: first && stage > 0 ? 2 : 1,
          widens: first && (stage > 0 || block.expansion > 1),
        })
      }
    endInMean(stack, classes, 0)
  },
})

function bottleneckBlock(stack: Stack, name: string, width: number, options: BlockOptions): void {
  const from = stack.last()
  const shortcut = passedOn(stack, name, EXPANSION * width, options)
  stack.convolve(`${name}_a`, width, 1, { from })
  stack.convolve(`${name}_b`, width, 3, { stride: options.stride })
  const learned = stack.convolve(`${name}_c`, EXPANSION * width, 1, { linear: true })
  addAndBend(stack, name, shortcut, learned)
}

export const resnet18 = resnet(
  'ResNet-18',
  'The small one of the networks that made depth trainable: every two convolutions a shortcut, so that a block only learns what to change (He et al., 2015).',
  basic,
  [2, 2, 2, 2],
)
export const resnet34 = resnet(
  'ResNet-34',
  'As ResNet-18 with twice the blocks: the depth at which networks without shortcuts already got worse (He et al., 2015).',
  basic,
  [3, 4, 6, 3],
)
export const resnet50 = resnet(
  'ResNet-50',
  'Blocks that squeeze the channels before their 3 × 3 convolution and widen them after: the usual yardstick of pathology papers (He et al., 2015).',
  bottleneck,
  [3, 4, 6, 3],
)
export const resnet101 = resnet(
  'ResNet-101',
  'As ResNet-50 with 17 more blocks in the third stage; a matter of days on a processor (He et al., 2015).',
  bottleneck,
  [3, 4, 23, 3],
)
export const resnet152 = resnet(
  'ResNet-152',
  'The deepest of the family, which won the ImageNet contest; here to be looked at more than to be trained (He et al., 2015).',
  bottleneck,
  [3, 8, 36, 3],
)
