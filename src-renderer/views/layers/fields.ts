/** What of each kind of layer can be set, and how it is called. Pure. */
import { Layer, type LayerKind } from '../../../src-shared/networks.ts'

export type LayerField = { key: string; label: string; hint?: string } & (
  | { type: 'number'; whole: boolean; min: number; max?: number; optional?: boolean }
  | { type: 'switch' }
  | { type: 'choice'; choices: { value: string; text: string }[] }
)

const whole = (key: string, label: string, min = 1, hint?: string): LayerField => ({
  key,
  label,
  type: 'number',
  whole: true,
  min,
  ...(hint === undefined ? {} : { hint }),
})
const filters = whole('filters', 'Filters')
const kernel = whole('kernel', 'Window, px')
const stride = whole('stride', 'Step, px')
const padding = whole('padding', 'Padding, px', 0)
const bias: LayerField = { key: 'bias', label: 'Bias', type: 'switch' }
const epsilon: LayerField = { key: 'epsilon', label: 'ε', type: 'number', whole: false, min: 1e-12 }

const FIELDS: Partial<Record<LayerKind, LayerField[]>> = {
  convolution: [
    filters,
    kernel,
    stride,
    padding,
    whole('dilation', 'Dilation', 1, 'Distance between taps of the window.'),
    whole('groups', 'Groups', 1, 'As many as channels: depthwise.'),
    bias,
  ],
  'transposed-convolution': [filters, kernel, stride, padding, whole('outputPadding', 'Added at the end, px', 0), bias],
  'group-convolution': [
    {
      key: 'group',
      label: 'Symmetries',
      type: 'choice',
      choices: [
        { value: 'p4', text: 'p4: turns' },
        { value: 'p4m', text: 'p4m: turns and mirror images' },
      ],
    },
    filters,
    kernel,
    stride,
    padding,
    bias,
  ],
  'orientation-pool': [
    {
      key: 'take',
      label: 'Takes',
      type: 'choice',
      choices: [
        { value: 'mean', text: 'the mean' },
        { value: 'max', text: 'the largest' },
      ],
    },
  ],
  'batch-norm': [whole('orientations', 'Orientations together'), epsilon],
  'group-norm': [whole('groups', 'Groups'), epsilon],
  'layer-norm': [epsilon],
  relu: [
    { key: 'ceiling', label: 'At most', type: 'number', whole: false, min: 1e-6, optional: true, hint: '6: ReLU6.' },
  ],
  'leaky-relu': [{ key: 'slope', label: 'Slope below 0', type: 'number', whole: false, min: 0, max: 0.999 }],
  'max-pool': [kernel, stride, padding],
  'average-pool': [kernel, stride, padding],
  dense: [whole('units', 'Units'), bias],
  dropout: [{ key: 'rate', label: 'Share dropped', type: 'number', whole: false, min: 0, max: 0.99 }],
  'squeeze-excitation': [whole('squeezed', 'Units between')],
}

export const fieldsOf = (kind: LayerKind): readonly LayerField[] => FIELDS[kind] ?? []

export const KINDS: readonly LayerKind[] = Layer.options.map(({ shape }) => shape.kind.value)
export const kindInWords = (kind: LayerKind): string => kind.replaceAll('-', ' ')
