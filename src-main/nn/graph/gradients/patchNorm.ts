/**
 * Gradients of a norm over each patch by itself, y = γ x̂ + β with x̂ = r · (x − μ) and r = 1 / √(σ² + ε) of each group:
 *
 *   ∂loss/∂β = Σ gradient      ∂loss/∂γ = Σ gradient · x̂       over batch and places, for each channel
 *   ∂loss/∂x = r · (g − mean(g) − x̂ · mean(g · x̂)),  g = gradient · γ,  means over the group
 *
 * @see Wu, He, Group Normalization, ECCV (2018); Ba, Kiros, Hinton, Layer Normalization (2016)
 */
import { parameterName } from '../layerOps.ts'
import { acrossPlaces, groupsOf, meanOfGroups, type PatchNorm } from '../normOps.ts'
import { kept, sumPer, type Backward, type LayerGradients } from './backward.ts'

export function patchNormGradient(layer: PatchNorm, backward: Backward): LayerGradients {
  const { graph, batch, gradient, needed, parameters, shape } = backward
  const normal = kept(backward, 'normal')
  return {
    inputs: [needed[0] === true ? toInput() : null],
    parameters: {
      scale: sumPer(graph, graph.op('Mul', [gradient, normal]), shape.shape),
      shift: sumPer(graph, gradient, shape.shape),
    },
  }

  function toInput(): string {
    const byGroup = (values: string) => graph.op('Reshape', [values, graph.integers([batch, groupsOf(layer), -1])])
    const scale = acrossPlaces(graph, parameterName(parameters, 'scale'), shape.shape)
    const g = byGroup(graph.op('Mul', [gradient, scale]))
    const n = byGroup(normal)
    const along = graph.op('Mul', [n, meanOfGroups(graph, graph.op('Mul', [g, n]))])
    const across = graph.op('Sub', [graph.op('Sub', [g, meanOfGroups(graph, g)]), along])
    const toX = graph.op('Mul', [across, kept(backward, 'perSpread')])
    return graph.op('Reshape', [toX, graph.integers([batch, ...shape.shape])])
  }
}
