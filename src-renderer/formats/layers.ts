/** Which layers of a network can be left as they are in fine-tuning. Pure. */
import { layersSoFar } from '../../src-shared/network/shapes.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'

/** Names of the layers with weights, from the patch on: convolutions and dense layers; the last one always learns. */
export const freezable = (network: NetworkDescription): string[] =>
  layersSoFar(network)
    .layers.filter(({ weights }) => weights.some(({ role }) => role === 'weight'))
    .map(({ layer }) => layer.id)
    .slice(0, -1)
