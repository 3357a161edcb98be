/**
 * Several models as one ONNX file that answers with the mean of their probabilities:
 *
 *   input          normalised as the ensemble's card says
 *   member i       (input · std₀ + mean₀ − meanᵢ) / stdᵢ, then its own graph, all its names with “m1_”, “m2_” … before them
 *   probabilities  mean over the members
 *
 * Members normalise differently because each was measured on its own training patches; what they expect is kept exactly.
 * @see Lakshminarayanan, Pritzel, Blundell, Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles,
 * NeurIPS (2017), for the mean of probabilities
 */
import type { Normalisation } from '../../src-shared/models.ts'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import { PROBABILITIES } from './graph/forwardGraph.ts'
import { graphWriter } from './graph/graphWriter.ts'
import { decodeModel, encodeModel, type OnnxGraph, type OnnxModel } from './graph/onnx.ts'
import { INPUT } from '../../src-shared/network/shapes.ts'

export type EnsembleMember = { onnx: Uint8Array; file: string; normalisation: Normalisation }

/**
 * @param members at least one; an ensemble may be one of them
 * @returns the bytes of the file; the input is normalised as the first member's is
 * @throws {TesseraError} MODEL_FILE_BROKEN for a file that is not Tessera's own; MODEL_INPUT_MISMATCH when the inputs or
 * outputs have other shapes
 */
export function ensembleModel(
  members: readonly EnsembleMember[],
  name: string,
  metadata: Record<string, string> = {},
): Uint8Array {
  const models = members.map(ownModel)
  const [first] = models
  const [{ normalisation } = { normalisation: { mean: [], std: [] } }] = members
  if (!first) throw new Error('An ensemble of no models was asked for.')
  const [input, output] = [edgeOf(first, INPUT), edgeOf(first, PROBABILITIES)]
  for (const [i, model] of models.entries()) {
    const [expected, actual] = [input + output, edgeOf(model, INPUT) + edgeOf(model, PROBABILITIES)]
    if (expected !== actual) throw mismatch(members[i]!.file, expected, actual)
  }

  const graph = graphWriter(name)
  graph.input(INPUT, axesOf(first, INPUT))
  const whole = graph.graph()
  const answers = models.map((model, i) => {
    const own = members[i]!.normalisation
    const renormalised = graph.op(
      'Add',
      [
        graph.op('Mul', [
          INPUT,
          perChannel(
            graph,
            normalisation.std.map((std, c) => std / own.std[c]!),
          ),
        ]),
        perChannel(
          graph,
          normalisation.mean.map((mean, c) => (mean - own.mean[c]!) / own.std[c]!),
        ),
      ],
      [],
      `m${i + 1}_renormalised`,
    )
    return include(whole, model.graph, `m${i + 1}_`, renormalised)
  })
  graph.output(PROBABILITIES, graph.op('Mean', answers), axesOf(first, PROBABILITIES))
  return encodeModel(whole, { text: `${name}, the mean of ${members.length} models trained with Tessera`, metadata })
}

const perChannel = (graph: ReturnType<typeof graphWriter>, values: number[]): string =>
  graph.constant([1, values.length, 1, 1], Float32Array.from(values))

/** Copies a graph into another under names of its own. @returns the name of its answer */
function include(into: OnnxGraph, from: OnnxGraph, prefix: string, input: string): string {
  const renamed = (name: string) => (name === '' ? '' : name === INPUT ? input : prefix + name)
  into.initializer.push(...from.initializer.map((tensor) => ({ ...tensor, name: renamed(tensor.name) })))
  into.node.push(
    ...from.node.map((node) => ({
      ...node,
      name: prefix + node.name,
      input: node.input.map(renamed),
      output: node.output.map(renamed),
    })),
  )
  return renamed(PROBABILITIES)
}

/** Files of other programs may use parts of the format that are not read here, and would be changed by copying. */
function ownModel({ onnx, file }: EnsembleMember): OnnxModel {
  const refuse = (reason: string, cause?: unknown) =>
    tesseraError(
      'MODEL_FILE_BROKEN',
      `“${file}” can not be part of an ensemble: ${reason}. Only models that Tessera wrote can.`,
      { file, reason },
      { cause },
    )
  try {
    const model = decodeModel(onnx)
    if (model.producerName !== 'tessera') throw new Error(`it was written by “${model.producerName || 'nobody'}”`)
    return model
  } catch (error) {
    throw refuse(messageOf(error), error)
  }
}

function axesOf({ graph }: OnnxModel, name: string): (number | string)[] {
  const value = [...graph.input, ...graph.output].find((each) => each.name === name)
  return value?.type.tensorType.shape?.dim.map((axis) => axis.dimValue ?? axis.dimParam ?? '?') ?? []
}

const edgeOf = (model: OnnxModel, name: string): string => `${name} ${axesOf(model, name).join(' × ')} `

const mismatch = (file: string, expected: string, actual: string) =>
  tesseraError(
    'MODEL_INPUT_MISMATCH',
    `“${file}” does not fit the other members of the ensemble: they have ${expected}, it has ${actual}.`,
    { model: file, expected, actual },
  )
