/** What training is measured on: networks of known shape, so that figures can be compared from year to year. */
import { presetNetwork } from '../../src-main/models/presets.ts'
import { NetworkDescription, type LayerInput } from '../../src-shared/networks.ts'
import { presetForTissue } from './presetModel.ts'

export type TrainingCase = { name: string; network: NetworkDescription; batch: number }

const convolution = (id: string, filters: number): LayerInput[] => [
  { kind: 'convolution', id, filters, kernel: 3, padding: 1, bias: false },
  { kind: 'batch-norm', id: `${id}_norm` },
  { kind: 'relu', id: `${id}_relu` },
]
const pool = (id: string): LayerInput => ({ kind: 'max-pool', id, kernel: 2, stride: 2 })

/** Six 3 × 3 convolutions with batch norm at full, half and a quarter of the edge, 288 thousand parameters. */
const smallCnn = NetworkDescription.parse({
  name: 'small CNN',
  input: [3, 96, 96],
  layers: [
    ...convolution('c1', 32),
    ...convolution('c2', 32),
    pool('p1'),
    ...convolution('c3', 64),
    ...convolution('c4', 64),
    pool('p2'),
    ...convolution('c5', 128),
    ...convolution('c6', 128),
    { kind: 'global-average-pool', id: 'mean' },
    { kind: 'dense', id: 'classes', units: 2 },
  ],
})

export const trainingCases: readonly TrainingCase[] = [
  { name: 'small CNN, 96 px, batch 32', network: smallCnn, batch: 32 },
  { name: 'lenet-5, 28 px, batch 128', network: presetNetwork('lenet-5', 1, 28, 10), batch: 128 },
  { name: 'resnet-18, 96 px, batch 16', network: presetForTissue('resnet-18', 96), batch: 16 },
  { name: 'resnet-18, 224 px, batch 8', network: presetForTissue('resnet-18', 224), batch: 8 },
  { name: 'mobilenet-v2, 96 px, batch 16', network: presetForTissue('mobilenet-v2', 96), batch: 16 },
  { name: 'mobilenet-v2, 224 px, batch 8', network: presetForTissue('mobilenet-v2', 224), batch: 8 },
  ...(['tessera-s', 'tessera-m', 'small-vgg', 'small-resnet', 'small-inception'] as const).map((preset) => ({
    name: `${preset}, 96 px, batch 32`,
    network: presetForTissue(preset, 96),
    batch: 32,
  })),
]
