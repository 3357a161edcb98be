/**
 * The networks inside an ensemble of Tessera's own (../ensemble.ts), each as a file of its own: its names without the
 * “m1_” before them, and its input as the ensemble's is brought to what this member expects.
 */
import { INPUT } from '../../../src-shared/network/shapes.ts'
import { PROBABILITIES } from './forwardGraph.ts'
import { floatsOf, tensorValue, FLOAT32, type OnnxModel, type OnnxNode } from './onnx.ts'

export type Member = {
  model: OnnxModel
  /** What the ensemble's input is multiplied with and what is added, one number for each channel; null = nothing is done. */
  renormalised: { scale: Float32Array; shift: Float32Array } | null
}

const RENORMALISED = /^((?:m\d+_)+)renormalised$/

/**
 * Where the names of each network begin: `m1_`, `m2_`; of an ensemble in an ensemble `m1_m1_`. One network alone: ``.
 */
export function memberPrefixes({ graph }: OnnxModel): string[] {
  const all = graph.node.flatMap(({ output: [name = ''] }) => RENORMALISED.exec(name)?.[1] ?? [])
  const leaves = all.filter((prefix) => !all.some((other) => other !== prefix && other.startsWith(prefix)))
  return leaves.length === 0 ? [''] : leaves
}

/** @param model of Tessera's own @param prefix one of `memberPrefixes` */
export function memberOfModel(model: OnnxModel, prefix: string): Member {
  if (prefix === '') return { model, renormalised: null }
  const { graph } = model
  const before = `${prefix}renormalised`
  const named = (name: string): string =>
    name === before ? INPUT : name.startsWith(prefix) ? name.slice(prefix.length) : name
  const node = graph.node
    .filter(({ output: [name = ''] }) => name.startsWith(prefix) && name !== before)
    .map((each) => ({ ...each, name: named(each.name), input: each.input.map(named), output: each.output.map(named) }))
  const axes = (name: string) =>
    [...graph.input, ...graph.output]
      .find((each) => each.name === name)
      ?.type.tensorType.shape?.dim.map((axis) => axis.dimValue ?? axis.dimParam ?? 'batch') ?? []
  return {
    model: {
      ...model,
      graph: {
        name: `${graph.name}, ${prefix}`,
        node,
        initializer: graph.initializer
          .filter(({ name }) => name.startsWith(prefix))
          .map((each) => ({ ...each, name: named(each.name) })),
        input: [tensorValue(INPUT, FLOAT32, axes(INPUT))],
        output: [tensorValue(PROBABILITIES, FLOAT32, axes(PROBABILITIES))],
      },
    },
    renormalised: renormalisation(model, before),
  }
}

/** scale and shift of input · scale + shift, through every ensemble on the way. */
function renormalisation({ graph }: OnnxModel, value: string): NonNullable<Member['renormalised']> {
  const makers = new Map(graph.node.map((node) => [node.output[0] ?? '', node] as const))
  const maker = (name: string | undefined): OnnxNode => {
    const found = makers.get(name ?? '')
    if (!found) throw new Error(`The ensemble does not say how “${value}” is made.`)
    return found
  }
  const constant = (name: string | undefined): Float32Array => {
    const found = graph.initializer.find((each) => each.name === name)
    if (!found) throw new Error(`The ensemble has no constant “${name ?? ''}” for “${value}”.`)
    return floatsOf(found)
  }
  const added = maker(value)
  const multiplied = maker(added.input[0])
  const [scale, shift] = [constant(multiplied.input[1]), constant(added.input[1])]
  const source = multiplied.input[0] ?? ''
  if (source === INPUT) return { scale, shift }
  const before = renormalisation({ graph } as OnnxModel, source)
  return {
    scale: scale.map((each, channel) => each * before.scale[channel]!),
    shift: shift.map((each, channel) => each + scale[channel]! * before.shift[channel]!),
  }
}
