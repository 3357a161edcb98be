/**
 * What of a patch speaks for a class, from the gradient of the class.
 *
 *   Grad-CAM            max(0, Σ_k α_k A_k)     α_k = mean over places of ∂score/∂A_k     one value for each place of a layer
 *   gradient × input    Σ_channel x · ∂score/∂x                                           one value for each px
 *
 * The score is the number before softmax.
 * @see Selvaraju et al., Grad-CAM, ICCV (2017), eqs 1 and 2; Shrikumar et al., Not Just a Black Box (2016), for gradient ×
 * input
 */
import type { LayerValues } from '../nn/backendInspection.ts'

/** @param output what a layer makes of one patch, [channel, row, column], and `gradient` the slope at each of its values */
export function gradCam(output: LayerValues, gradient: LayerValues): Float32Array {
  const [channels = 0, height = 1, width = 1] = output.shape
  const places = height * width
  const map = new Float64Array(places)
  for (let channel = 0; channel < channels; channel++) {
    let weight = 0
    for (let place = 0; place < places; place++) weight += gradient.data[channel * places + place]! / places
    for (let place = 0; place < places; place++) map[place]! += weight * output.data[channel * places + place]!
  }
  return Float32Array.from(map, (value) => Math.max(0, value))
}

/** @param patch [channel, row, column] as the network is given it, and `gradient` the slope at each px */
export function gradientTimesInput(patch: LayerValues, gradient: LayerValues): Float32Array {
  const [channels = 0, height = 1, width = 1] = patch.shape
  const places = height * width
  const map = new Float64Array(places)
  for (let channel = 0; channel < channels; channel++)
    for (let place = 0; place < places; place++)
      map[place]! += patch.data[channel * places + place]! * gradient.data[channel * places + place]!
  return Float32Array.from(map)
}

/** The last layer whose values still have places: where Grad-CAM looks unless asked otherwise. */
export const lastMap = (layers: readonly { name: string; shape: readonly number[] }[]): string | null =>
  layers.findLast(({ shape: [, height = 1, width = 1] }) => height * width > 1)?.name ?? null
