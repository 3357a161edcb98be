/** Layers on top of each other, each reading the last unless told otherwise: how the presets are written down. */
import type { LayerInput } from '../../../src-shared/networks.ts'
import { INPUT } from '../../../src-shared/network/shapes.ts'

export type Stack = {
  readonly layers: LayerInput[]
  /** name of the layer added last */
  last: () => string
  add: (layer: LayerInput) => string
  /**
   * Convolution, batch norm and, unless it is to stay linear, ReLU. No bias: the norm would take it off again. Padding
   * keeps the edge at stride 1.
   */
  convolve: (id: string, filters: number, kernel: number, options?: ConvolveOptions) => string
}
export type ConvolveOptions = {
  stride?: number
  from?: string
  linear?: boolean
  groups?: number
  /** of the ReLU */
  ceiling?: number
  /** of the batch norm */
  epsilon?: number
}

export function emptyStack(): Stack {
  const layers: LayerInput[] = []
  const last = () => layers.at(-1)?.id ?? INPUT
  const add = (layer: LayerInput): string => {
    layers.push({ ...layer, inputs: layer.inputs ?? [last()] })
    return layer.id
  }
  const convolve = (id: string, filters: number, kernel: number, options: ConvolveOptions = {}): string => {
    const { stride = 1, from = last(), linear = false, groups = 1, ceiling, epsilon = 1e-5 } = options
    const padding = (kernel - 1) >> 1
    add({ kind: 'convolution', id, inputs: [from], filters, kernel, stride, padding, groups, bias: false })
    const normal = add({ kind: 'batch-norm', id: `${id}_norm`, epsilon })
    if (linear) return normal
    return add({ kind: 'relu', id: `${id}_relu`, ...(ceiling === undefined ? {} : { ceiling }) })
  }
  return { layers, last, add, convolve }
}

/** The end most networks share: the mean over the last map, and one dense layer. @param dropout rate; 0 = none */
export function endInMean(stack: Stack, classes: number, dropout: number): void {
  stack.add({ kind: 'global-average-pool', id: 'mean' })
  if (dropout > 0) stack.add({ kind: 'dropout', id: 'dropout', rate: dropout })
  stack.add({ kind: 'dense', id: 'classes', units: classes })
}

/** Edge of a map after a window with padding (kernel − 1) / 2 went over it in steps of two, as of a halving pool. */
export const halved = (edge: number): number => Math.ceil(edge / 2)
