/** The window of an operator of ONNX that steps over a map: kernel, stride, padding, dilation, groups. */
import type { LayerWindow } from '../../../src-shared/inspection.ts'
import type { OnnxGraph, OnnxNode } from './onnx.ts'

const WINDOWED = new Set(['Conv', 'ConvTranspose', 'MaxPool', 'AveragePool'])

export const intsOf = (node: OnnxNode, name: string): readonly number[] =>
  node.attribute.find((each) => each.name === name)?.ints ?? []
export const intOf = (node: OnnxNode, name: string, otherwise: number): number =>
  node.attribute.find((each) => each.name === name)?.i ?? otherwise
export const floatOf = (node: OnnxNode, name: string, otherwise: number): number =>
  node.attribute.find((each) => each.name === name)?.f ?? otherwise
const textOf = (node: OnnxNode, name: string): string =>
  new TextDecoder().decode(node.attribute.find((each) => each.name === name)?.s ?? new Uint8Array())

export const dimsOfStored = ({ initializer }: Pick<OnnxGraph, 'initializer'>, name: string | undefined) =>
  initializer.find((each) => each.name === name)?.dims ?? null

/** @param read [channels, height, width] of what it reads @returns null for operators without a window, or not over a picture */
export function nodeWindow(graph: OnnxGraph, node: OnnxNode, read: readonly number[]): LayerWindow | null {
  if (!WINDOWED.has(node.opType) || read.length !== 3) return null
  const stored = node.opType.startsWith('Conv') ? dimsOfStored(graph, node.input[1])?.slice(2) : undefined
  const kernel = pairOf(intsOf(node, 'kernel_shape'), stored?.length === 2 ? [stored[0]!, stored[1]!] : null)
  if (!kernel) return null
  const stride = pairOf(intsOf(node, 'strides'), [1, 1])!
  const dilation = pairOf(intsOf(node, 'dilations'), [1, 1])!
  const padding = paddingOf(node, [read[1]!, read[2]!], { kernel, stride, dilation })
  return { kernel, stride, padding, dilation, groups: intOf(node, 'group', 1) }
}

const pairOf = (ints: readonly number[], otherwise: [number, number] | null): [number, number] | null =>
  ints.length === 2 ? [ints[0]!, ints[1]!] : otherwise

/** `pads` = above, left, below, right; `auto_pad` shares out what is missing for an output of length ⌈input / stride⌉. */
function paddingOf(
  node: OnnxNode,
  lengths: [number, number],
  { kernel, stride, dilation }: Pick<LayerWindow, 'kernel' | 'stride' | 'dilation'>,
): [number, number] {
  const auto = textOf(node, 'auto_pad')
  if (auto.startsWith('SAME')) {
    const before = (axis: 0 | 1): number => {
      const span = dilation[axis] * (kernel[axis] - 1) + 1
      const steps = Math.ceil(lengths[axis] / stride[axis]) - 1
      const missing = Math.max(0, steps * stride[axis] + span - lengths[axis])
      return auto === 'SAME_UPPER' ? Math.floor(missing / 2) : Math.ceil(missing / 2)
    }
    return [before(0), before(1)]
  }
  const [above = 0, left = 0] = intsOf(node, 'pads')
  return [above, left]
}
