/** Made-up networks to choose from: some recommended, some of papers, one that does not fit the patches. */
import type { NetworkGroup, NetworkSummary, PresetName, UsableNetwork } from '../../../src-shared/networks.ts'

type Figures = Pick<
  UsableNetwork,
  'layers' | 'parameters' | 'multiplyAdds' | 'receptiveFieldPx' | 'trainingBytes' | 'largestBatch'
>

const network = (
  preset: PresetName,
  group: NetworkGroup,
  title: string,
  idea: string,
  figures: Figures,
): UsableNetwork => ({ preset, group, title, idea, usable: true, ...figures })

export const networks: NetworkSummary[] = [
  network('tessera-s', 'recommended', 'Tessera S', 'A residual network with few channels, for a first look.', {
    layers: 38,
    parameters: 215_162,
    multiplyAdds: 86_400_000,
    receptiveFieldPx: 63,
    trainingBytes: 258_000_000,
    largestBatch: 1274,
  }),
  network(
    'small-vgg',
    'recommended',
    'Small VGG',
    'Three small 3 × 3 filters after each other see as much as one large one, with fewer weights.',
    {
      layers: 17,
      parameters: 288_554,
      multiplyAdds: 61_400_000,
      receptiveFieldPx: 76,
      trainingBytes: 176_000_000,
      largestBatch: 2099,
    },
  ),
  network(
    'small-resnet',
    'recommended',
    'Small ResNet',
    'Each block learns only what to add to what it was given, so that deeper networks still learn.',
    {
      layers: 42,
      parameters: 698_226,
      multiplyAdds: 118_200_000,
      receptiveFieldPx: 131,
      trainingBytes: 237_000_000,
      largestBatch: 1410,
    },
  ),
  network(
    'small-inception',
    'recommended',
    'Small Inception',
    'Looks at several sizes at once, from single cells to their neighbourhood, and lets the next layer choose.',
    {
      layers: 51,
      parameters: 412_890,
      multiplyAdds: 87_900_000,
      receptiveFieldPx: 109,
      trainingBytes: 327_000_000,
      largestBatch: 937,
    },
  ),
  {
    preset: 'vgg-16',
    group: 'paper',
    title: 'VGG-16',
    idea: 'Depth by repetition: thirteen 3 × 3 convolutions.',
    usable: false,
    reason:
      'VGG-16 is made for patches of 32 to 256 px, these have 299 px: its first dense layer grows with what is left. Make a grid with another patch edge or µm/px, or choose another network.',
  },
  network('resnet-50', 'paper', 'ResNet-50', 'Blocks that squeeze the channels before their 3 × 3 convolution.', {
    layers: 174,
    parameters: 23_512_130,
    multiplyAdds: 4_087_000_000,
    receptiveFieldPx: 427,
    trainingBytes: 6_286_000_000,
    largestBatch: 41,
  }),
]

export function usableNetwork(preset: PresetName): UsableNetwork {
  const found = networks.find((each) => each.preset === preset)
  if (!found?.usable) throw new Error(`The made-up program has no network “${preset}” that can be trained.`)
  return found
}
