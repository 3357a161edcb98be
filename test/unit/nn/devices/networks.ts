/** Networks for devices: few, because a software driver compiles for seconds. */
import { network } from '../randomNetworks.ts'

/** Every kind of layer (a test counts them) and every form of the filter gradient, once. */
export const everyLayer = network(
  'every layer',
  [3, 20, 16],
  [
    { kind: 'convolution', id: 'few', filters: 6, kernel: 3, padding: 1 },
    { kind: 'relu', id: 'r1' },
    { kind: 'convolution', id: 'many', filters: 8, kernel: 3, padding: 1, bias: false },
    { kind: 'batch-norm', id: 'norm' },
    { kind: 'dropout', id: 'drop', rate: 0.3 },
    { kind: 'convolution', id: 'point', filters: 8, kernel: 1 },
    { kind: 'add', id: 'sum', inputs: ['point', 'drop'] },
    { kind: 'max-pool', id: 'overlapping', kernel: 3, stride: 2, padding: 1 },
    { kind: 'convolution', id: 'strided', filters: 4, kernel: 2, stride: 2 },
    { kind: 'max-pool', id: 'apart', inputs: ['overlapping'], kernel: 2, stride: 2 },
    { kind: 'concatenate', id: 'joined', inputs: ['strided', 'apart'] },
    { kind: 'average-pool', id: 'average', kernel: 2, stride: 1 },
    { kind: 'group-norm', id: 'groups', groups: 3 },
    { kind: 'leaky-relu', id: 'leaky' },
    { kind: 'convolution', id: 'grouped', filters: 6, kernel: 3, padding: 1, groups: 2 },
    { kind: 'convolution', id: 'each', filters: 6, kernel: 3, padding: 1, groups: 6 },
    { kind: 'group-convolution', id: 'lifted', group: 'p4', filters: 2, kernel: 3, padding: 1 },
    { kind: 'batch-norm', id: 'oriented', orientations: 4 },
    { kind: 'orientation-pool', id: 'turned', take: 'max' },
    { kind: 'transposed-convolution', id: 'spread', filters: 4, kernel: 3, stride: 2, padding: 1 },
    { kind: 'silu', id: 'swish' },
    { kind: 'squeeze-excitation', id: 'gates', squeezed: 2 },
    { kind: 'gelu', id: 'curve' },
    { kind: 'softmax', id: 'shares' },
    { kind: 'multiply', id: 'shared', inputs: ['shares', 'curve'] },
    { kind: 'global-max-pool', id: 'largest' },
    { kind: 'global-average-pool', id: 'mean', inputs: ['shared'] },
    { kind: 'flatten', id: 'places', inputs: ['shared'] },
    { kind: 'concatenate', id: 'features', inputs: ['largest', 'mean', 'places'] },
    { kind: 'layer-norm', id: 'even' },
    { kind: 'dense', id: 'hidden', units: 5 },
    { kind: 'sigmoid', id: 'gate' },
    { kind: 'dense', id: 'other', inputs: ['even'], units: 5 },
    { kind: 'tanh', id: 'bounded' },
    { kind: 'multiply', id: 'gated', inputs: ['gate', 'bounded'] },
    { kind: 'dense', id: 'classes', units: 3 },
  ],
)

/** With the convolution that WebGPU got wrong in the provider's own layout. */
export const sixToSixteen = network(
  'six to sixteen',
  [3, 8, 8],
  [
    { kind: 'convolution', id: 'before', filters: 6, kernel: 3, padding: 1 },
    { kind: 'convolution', id: 'sixteen', filters: 16, kernel: 3, padding: 1 },
    { kind: 'global-average-pool', id: 'mean' },
    { kind: 'dense', id: 'classes', units: 2 },
  ],
)
