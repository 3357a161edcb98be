/**
 * Weights out of one of Tessera's own ONNX files: the other way of graph/forwardGraph.ts, which names each parameter
 * `layer.role`, and the running mean and variance of a batch norm `layer.mean` and `layer.variance`.
 */
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import { decodeModel, FLOAT32, floatsOf } from './graph/onnx.ts'
import { type ParameterLayout, parameterView, type Weights } from './graph/parameters.ts'

/**
 * Fills `into` from a file.
 *
 * @param except a layer that is left as it is, whatever the file has for it
 * @throws {TesseraError} MODEL_FILE_BROKEN when the bytes are no ONNX file; MODEL_WEIGHTS_MISMATCH with the first layer the
 * file has nothing for, or numbers of another shape; nothing is changed then
 */
export function readWeights(
  onnx: Uint8Array,
  layout: ParameterLayout,
  into: Weights,
  { file, except }: { file: string; except: string | null },
): void {
  const stored = storedTensors(onnx, file)
  const wanted = [
    ...layout.parameters.map((parameter) => ({
      ...parameter,
      values: parameterView(into.parameters, parameter),
    })),
    ...layout.running.flatMap(({ layer, offset, channels }) =>
      (['mean', 'variance'] as const).map((part) => ({
        name: `${layer}.${part}`,
        layer,
        dims: [channels],
        values: into[part].subarray(offset, offset + channels),
      })),
    ),
  ].filter(({ layer }) => layer !== except)

  for (const { name, layer, dims } of wanted) {
    const found = stored.get(name)
    const expected = `${name} of ${dims.join(' × ')}`
    const actual = found ? `${name} of ${found.dims.join(' × ')}` : `no ${name}`
    if (expected !== actual)
      throw tesseraError(
        'MODEL_WEIGHTS_MISMATCH',
        `The weights of “${file}” do not fit this network: layer “${layer}” needs ${expected}, the file has ${actual}. Nothing was trained. Choose a model of the same network and the same kind of patches.`,
        { model: file, layer, expected, actual },
      )
  }
  for (const { name, values } of wanted) values.set(floatsOf(stored.get(name)!))
}

function storedTensors(onnx: Uint8Array, file: string) {
  try {
    const { graph } = decodeModel(onnx)
    return new Map(graph.initializer.filter(({ dataType }) => dataType === FLOAT32).map((each) => [each.name, each]))
  } catch (error) {
    const reason = messageOf(error)
    throw tesseraError(
      'MODEL_FILE_BROKEN',
      `“${file}” is not an ONNX file: ${reason}.`,
      { file, reason },
      { cause: error },
    )
  }
}
