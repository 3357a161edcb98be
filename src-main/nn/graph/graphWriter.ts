/** A graph while it is being written: values by name, each made by one operator. */
import {
  FLOAT32,
  RUNTIME_DOMAIN,
  floatTensor,
  int64Tensor,
  tensorOfAnyShape,
  tensorValue,
  type OnnxAttribute,
  type OnnxGraph,
} from './onnx.ts'

/**
 * `processor`: also operators that only the runtime's provider for the processor has, which are faster there.
 * `standard`: only what its providers for graphics devices have as well.
 */
export type OperatorSet = 'processor' | 'standard'

/** Operators that give numbers another shape and change nothing else. */
const SHAPES_ONLY = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'])

export interface GraphWriter {
  readonly operators: OperatorSet
  /** A float32 value the caller supplies. @param dims a word names a length each call may choose */
  input(name: string, dims: readonly (number | string)[]): string
  /** Makes a value of the graph one of its results, under a name of its own. */
  output(name: string, value: string, dims: readonly (number | string)[]): void
  /**
   * Makes values results of which only the numbers and their order matter, and not the shape. Each is written by the very
   * operator that works it out, not copied, and has the shape it has there.
   *
   * The runtime begins with what is listed last. So operators that nothing else reads are listed after all others, in the
   * order of the values: the last is worked out first, and what only it reads can be given back.
   * @returns their names as results
   */
  flatOutputs(values: readonly string[]): string[]
  /** Numbers that lie in the file. */
  constant(dims: readonly number[], data: Float32Array, name?: string): string
  scalar(number: number): string
  integers(numbers: readonly number[]): string
  /** One operator with one result. @param name of the result, for those who look at the file */
  op(type: string, inputs: readonly string[], attributes?: readonly OnnxAttribute[], name?: string): string
  /** One operator with several results. */
  ops(type: string, inputs: readonly string[], attributes: readonly OnnxAttribute[], results: number): string[]
  /**
   * An operator that only ONNX Runtime has, and only on the processor.
   * @throws {Error} in standard operators: a bug of the caller
   */
  runtimeOp(type: string, inputs: readonly string[], attributes: readonly OnnxAttribute[]): string
  graph(): OnnxGraph
}

export function graphWriter(name: string, operators: OperatorSet = 'processor'): GraphWriter {
  const graph: OnnxGraph = { name, node: [], initializer: [], input: [], output: [] }
  const constants = new Map<string, string>()
  const taken = new Set<string>()
  let made = 0

  const fresh = (kind: string): string => {
    let name = `${kind}_${made++}`
    while (taken.has(name)) name = `${kind}_${made++}`
    taken.add(name)
    return name
  }
  const claim = (name: string): string => {
    taken.add(name)
    return name
  }
  /** The same numbers are stored once. */
  const once = (key: string, make: () => string): string => {
    const known = constants.get(key)
    if (known !== undefined) return known
    const value = make()
    constants.set(key, value)
    return value
  }
  const add = (
    opType: string,
    domain: string,
    input: readonly string[],
    attribute: readonly OnnxAttribute[],
    output: string[],
  ) => {
    graph.node.push({ name: output[0] ?? '', opType, domain, input: [...input], output, attribute: [...attribute] })
    return output
  }

  const isRead = (value: string): boolean => graph.node.some(({ input }) => input.includes(value))
  const isResult = (value: string): boolean => graph.output.some(({ name }) => name === value)
  const makerOf = (value: string) => graph.node.find(({ output }) => output.includes(value))

  /** The value whose numbers these are, before they were given another shape. */
  const unshaped = (value: string): string => {
    const maker = makerOf(value)
    if (!maker || !SHAPES_ONLY.has(maker.opType)) return value
    if (!isRead(value) && !isResult(value)) graph.node.splice(graph.node.indexOf(maker), 1)
    return unshaped(maker.input[0] ?? '')
  }

  const writer: GraphWriter = {
    operators,
    input(name, dims) {
      graph.input.push(tensorValue(name, FLOAT32, dims))
      return claim(name)
    },
    output(name, value, dims) {
      add('Identity', '', [value], [], [claim(name)])
      graph.output.push(tensorValue(name, FLOAT32, dims))
    },
    flatOutputs: (values) =>
      values.map((value) => {
        const source = unshaped(value)
        const name = makerOf(source) && !isResult(source) ? source : writer.op('Identity', [source])
        graph.output.push(tensorOfAnyShape(name, FLOAT32))
        const maker = makerOf(name)
        if (maker && !maker.output.some(isRead)) {
          graph.node.splice(graph.node.indexOf(maker), 1)
          graph.node.push(maker)
        }
        return name
      }),
    constant(dims, data, name = fresh('constant')) {
      graph.initializer.push(floatTensor(claim(name), dims, data))
      return name
    },
    scalar: (number) => once(`scalar ${number}`, () => writer.constant([], Float32Array.of(number))),
    integers: (numbers) =>
      once(`integers ${numbers.join()}`, () => {
        const name = fresh('integers')
        graph.initializer.push(int64Tensor(name, [numbers.length], numbers))
        return name
      }),
    op(type, inputs, attributes = [], name = fresh(type.toLowerCase())) {
      add(type, '', inputs, attributes, [claim(name)])
      return name
    },
    ops: (type, inputs, attributes, results) =>
      add(
        type,
        '',
        inputs,
        attributes,
        Array.from({ length: results }, () => fresh(type.toLowerCase())),
      ),
    runtimeOp(type, inputs, attributes) {
      if (operators === 'standard') throw new Error(`${type} is no standard operator.`)
      const name = fresh(type.toLowerCase())
      add(type, RUNTIME_DOMAIN, inputs, attributes, [name])
      return name
    },
    graph: () => graph,
  }
  return writer
}
