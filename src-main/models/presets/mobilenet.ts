/**
 * MobileNetV2 at width 1: blocks that widen the channels six-fold by 1 × 1, filter each channel by itself (depthwise
 * 3 × 3), and narrow them again without a bend; ReLU6 elsewhere. 224 px and 1000 classes: 3,504,872 parameters.
 * @see Sandler, Howard, Zhu, Zhmoginov, Chen, MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR (2018), table 2
 */
import { FIVE_HALVINGS, type Preset } from './preset.ts'
import { endInMean, type Stack } from './stack.ts'

const CEILING = 6
const DROPOUT = 0.2

type Stage = { widening: number; channels: number; blocks: number; stride: number }
const STAGES: readonly Stage[] = [
  { widening: 1, channels: 16, blocks: 1, stride: 1 },
  { widening: 6, channels: 24, blocks: 2, stride: 2 },
  { widening: 6, channels: 32, blocks: 3, stride: 2 },
  { widening: 6, channels: 64, blocks: 4, stride: 2 },
  { widening: 6, channels: 96, blocks: 3, stride: 1 },
  { widening: 6, channels: 160, blocks: 3, stride: 2 },
  { widening: 6, channels: 320, blocks: 1, stride: 1 },
]
const FIRST = 32
const LAST = 1280

export const mobilenetV2: Preset = {
  title: 'MobileNetV2',
  idea: 'Filters every channel by itself and mixes channels by 1 × 1 convolutions, which takes a tenth of the multiplications; made for telephones (Sandler et al., 2018).',
  group: 'paper',
  edges: FIVE_HALVINGS,
  build(stack, { classes }) {
    stack.convolve('stem', FIRST, 3, { stride: 2, ceiling: CEILING })
    let channels = FIRST
    for (const [place, stage] of STAGES.entries())
      for (let block = 0; block < stage.blocks; block++) {
        const stride = block === 0 ? stage.stride : 1
        invertedResidual(stack, `stage${place + 1}_${block + 1}`, { ...stage, stride }, channels)
        channels = stage.channels
      }
    stack.convolve('last', LAST, 1, { ceiling: CEILING })
    endInMean(stack, classes, DROPOUT)
  },
}

/** @param read channels of what it reads */
function invertedResidual(stack: Stack, name: string, { widening, channels, stride }: Stage, read: number): void {
  const from = stack.last()
  const wide = widening * read
  if (widening > 1) stack.convolve(`${name}_wide`, wide, 1, { ceiling: CEILING })
  stack.convolve(`${name}_depthwise`, wide, 3, { stride, groups: wide, ceiling: CEILING })
  const narrow = stack.convolve(`${name}_narrow`, channels, 1, { linear: true })
  if (stride === 1 && read === channels) stack.add({ kind: 'add', id: `${name}_sum`, inputs: [from, narrow] })
}
