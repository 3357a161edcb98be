/**
 * One number of a convolution or a pool with all that it was worked out from: what the window of the map holds, the
 * filter, the bias, and what the layers make of it that follow place by place.
 */
import type { LayerWindow, WindowNumbers } from '../../../src-shared/inspection.ts'
import { floatOf, intOf, nodeWindow } from './nodeWindow.ts'
import { floatsOf, type OnnxGraph, type OnnxNode } from './onnx.ts'

/** A value of one patch: [channels, height, width] or [features]. */
export type Value = { shape: readonly number[]; data: Float32Array }

/** What follows is looked at as far as it is one of these. */
const FOLLOWING = new Set(['BatchNormalization', 'Relu', 'LeakyRelu', 'Clip', 'Sigmoid', 'Tanh', 'HardSwish', 'Elu'])
const KINDS: Record<string, WindowNumbers['kind']> = {
  Conv: 'convolution',
  MaxPool: 'max-pool',
  AveragePool: 'average-pool',
}

export const hasWindowNumbers = ({ opType }: OnnxNode): boolean => Object.hasOwn(KINDS, opType)

/** The value that an operator makes and those that follow it place by place, each read by the next one alone. */
export function chainAfter({ node, output }: OnnxGraph, value: string): OnnxNode[] {
  const chain: OnnxNode[] = []
  for (let at = value; ;) {
    const readers = node.filter(({ input }) => input.includes(at))
    const [next] = readers
    if (!next || readers.length > 1 || !FOLLOWING.has(next.opType) || next.input[0] !== at) return chain
    if (output.some(({ name }) => name === at)) return chain
    chain.push(next)
    at = next.output[0] ?? ''
  }
}

/** The names of all values that `windowNumbers` asks for. */
export const valuesOfWindow = (graph: OnnxGraph, maker: OnnxNode): string[] => [
  maker.input[0] ?? '',
  maker.output[0] ?? '',
  ...chainAfter(graph, maker.output[0] ?? '').map(({ output }) => output[0] ?? ''),
]

/**
 * @param maker one that `hasWindowNumbers`
 * @param place [channel, row, column] on its output, which must be there
 * @param nameOf what a value is called on the screen
 */
export function windowNumbers(
  graph: OnnxGraph,
  maker: OnnxNode,
  [channel, row, column]: readonly [number, number, number],
  valueOf: (name: string) => Value,
  nameOf: (value: string) => string,
): WindowNumbers {
  const read = valueOf(maker.input[0] ?? '')
  const output = valueOf(maker.output[0] ?? '')
  const window = nodeWindow(graph, maker, read.shape)
  const kind = KINDS[maker.opType]
  if (!window || !kind) throw new Error(`“${maker.opType}” has no window over a map.`)
  const [filters = 1] = output.shape
  const channels = channelsRead(kind, read.shape[0] ?? 1, filters, window, channel)
  const top = row * window.stride[0] - window.padding[0]
  const left = column * window.stride[1] - window.padding[1]
  const { input, inside } = cutOut(read, channels, { top, left }, window)
  // Where the padding is averaged in, it counts as a place of the map.
  if (kind === 'average-pool' && intOf(maker, 'count_include_pad', 0) === 1) inside.fill(1)
  const { weights, bias } =
    kind === 'convolution' ? filterOf(graph, maker, channel, input.length) : { weights: new Float32Array(), bias: null }
  return {
    kind,
    channel,
    row,
    column,
    top,
    left,
    kernel: window.kernel,
    dilation: window.dilation,
    channels: Uint32Array.from(channels),
    input,
    inside,
    weights,
    bias,
    output: at(output, channel, row, column),
    following: chainAfter(graph, maker.output[0] ?? '').map((node) => ({
      name: nameOf(node.output[0] ?? ''),
      kind: node.opType,
      value: at(valueOf(node.output[0] ?? ''), channel, row, column),
      norm: node.opType === 'BatchNormalization' ? normOf(graph, node, channel) : null,
    })),
  }
}

const at = ({ shape: [, height = 1, width = 1], data }: Value, channel: number, row: number, column: number): number =>
  data[(channel * height + row) * width + column] ?? Number.NaN

/** A filter reads its own group of channels; a pool the channel it answers for. */
function channelsRead(
  kind: WindowNumbers['kind'],
  channels: number,
  filters: number,
  { groups }: LayerWindow,
  channel: number,
): number[] {
  if (kind !== 'convolution') return [channel]
  const size = channels / groups
  const first = Math.floor(channel / (filters / groups)) * size
  return Array.from({ length: size }, (_, i) => first + i)
}

function cutOut(
  map: Value,
  channels: readonly number[],
  { top, left }: { top: number; left: number },
  { kernel, dilation }: LayerWindow,
): { input: Float32Array; inside: Uint8Array } {
  const [, height = 1, width = 1] = map.shape
  const input = new Float32Array(channels.length * kernel[0] * kernel[1])
  const inside = new Uint8Array(kernel[0] * kernel[1])
  for (let i = 0; i < kernel[0]; i++)
    for (let j = 0; j < kernel[1]; j++) {
      const [row, column] = [top + i * dilation[0], left + j * dilation[1]]
      if (row < 0 || row >= height || column < 0 || column >= width) continue
      inside[i * kernel[1] + j] = 1
      for (const [place, channel] of channels.entries())
        input[(place * kernel[0] + i) * kernel[1] + j] = at(map, channel, row, column)
    }
  return { input, inside }
}

function stored({ initializer }: OnnxGraph, name: string | undefined): Float32Array {
  const found = initializer.find((each) => each.name === name)
  if (!found) throw new Error(`The file has no numbers “${name ?? ''}”.`)
  return floatsOf(found)
}

function filterOf(graph: OnnxGraph, node: OnnxNode, filter: number, length: number) {
  const weights = stored(graph, node.input[1]).slice(filter * length, (filter + 1) * length)
  const biasName = node.input[2]
  return { weights, bias: biasName ? (stored(graph, biasName)[filter] ?? 0) : null }
}

function normOf(graph: OnnxGraph, { input, ...node }: OnnxNode, channel: number) {
  const [scale, shift, mean, variance] = input.slice(1, 5).map((name) => stored(graph, name)[channel] ?? Number.NaN)
  return {
    mean: mean!,
    variance: variance!,
    epsilon: floatOf({ input, ...node }, 'epsilon', 1e-5),
    scale: scale!,
    shift: shift!,
  }
}
