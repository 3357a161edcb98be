/**
 * The networks to choose from, by name; one file for each family in ./presets. A preset is a function from patches to a
 * description: those with dense layers over a map shape these after the patch, the others end in a mean and need not.
 */
import { tesseraError } from '../../src-shared/errors.ts'
import { NetworkDescription, PresetName, type NetworkSummary } from '../../src-shared/networks.ts'
import { networkShapes } from '../../src-shared/network/shapes.ts'
import { largestBatch, trainingMemory } from '../../src-shared/network/trainingMemory.ts'
import { densenet121 } from './presets/densenet.ts'
import { digits3, digits5, digits7 } from './presets/digits.ts'
import { googlenet } from './presets/googlenet.ts'
import { lenet5 } from './presets/lenet.ts'
import { mobilenetV2 } from './presets/mobilenet.ts'
import { p4mDensenet } from './presets/p4mDensenet.ts'
import { perceptron } from './presets/perceptron.ts'
import type { Patches, Preset } from './presets/preset.ts'
import { resnet101, resnet152, resnet18, resnet34, resnet50 } from './presets/resnet.ts'
import { smallInception, smallResnet, smallVgg } from './presets/small.ts'
import { emptyStack } from './presets/stack.ts'
import { tesseraM, tesseraS } from './presets/tessera.ts'
import { vgg11, vgg16, vgg19 } from './presets/vgg.ts'

const presets: Record<PresetName, Preset> = {
  'tessera-s': tesseraS,
  'tessera-m': tesseraM,
  'small-vgg': smallVgg,
  'small-resnet': smallResnet,
  'small-inception': smallInception,
  'digits-3': digits3,
  'digits-5': digits5,
  'digits-7': digits7,
  mlp: perceptron,
  'lenet-5': lenet5,
  'vgg-11': vgg11,
  'vgg-16': vgg16,
  'vgg-19': vgg19,
  googlenet,
  'resnet-18': resnet18,
  'resnet-34': resnet34,
  'resnet-50': resnet50,
  'resnet-101': resnet101,
  'resnet-152': resnet152,
  'densenet-121': densenet121,
  'mobilenet-v2': mobilenetV2,
  'p4m-densenet': p4mDensenet,
}

/** Patches in a step that the memory of a training is told for; what trainings begin with. */
const BATCH = 32

/**
 * @param channels 3 for stained tissue, 1 for grey pictures
 * @param edge px of the square patch
 * @throws {TesseraError} NETWORK_INVALID for a patch that is too small or too large for this preset
 */
export function presetNetwork(preset: PresetName, channels: number, edge: number, classes: number): NetworkDescription {
  const { title, edges, build } = presets[preset]
  const reason = unfit(preset, edge)
  if (reason !== null)
    throw tesseraError('NETWORK_INVALID', reason, {
      layer: null,
      expected: `patches of ${edges.smallest} to ${edges.largest} px`,
      found: `${edge} px`,
    })
  const stack = emptyStack()
  const patches: Patches = { channels, edge, classes }
  build(stack, patches)
  return NetworkDescription.parse({ name: title, input: [channels, edge, edge], layers: stack.layers })
}

/** Why a preset can not be used for such patches, in words; null = it can. */
function unfit(preset: PresetName, edge: number): string | null {
  const { title, edges } = presets[preset]
  if (edge >= edges.smallest && edge <= edges.largest) return null
  return `${title} is made for patches of ${edges.smallest} to ${edges.largest} px, these have ${edge} px: ${edges.why}. Make a grid with another patch edge or µm/px, or choose another network.`
}

type Summarised = { key: string; summaries: readonly NetworkSummary[] }
/** Asked for at every change of a setting, and two dozen milliseconds of work. */
let lastSummaries: Summarised | null = null

/**
 * What each preset is for such patches, or why it can not be used for them.
 *
 * @param memory bytes that a training may take; gives the largest batch
 */
export function networkSummaries(
  channels: number,
  edge: number,
  classes: number,
  memory: number,
): readonly NetworkSummary[] {
  const key = `${channels} ${edge} ${classes} ${memory}`
  if (lastSummaries?.key !== key) lastSummaries = { key, summaries: summarise(channels, edge, classes, memory) }
  return lastSummaries.summaries
}

function summarise(channels: number, edge: number, classes: number, memory: number): NetworkSummary[] {
  return PresetName.options.map((preset) => {
    const { title, idea, group } = presets[preset]
    const about = { preset, title, idea, group }
    const reason = unfit(preset, edge)
    if (reason !== null) return { ...about, usable: false, reason }
    const shapes = networkShapes(presetNetwork(preset, channels, edge, classes))
    return {
      ...about,
      usable: true,
      layers: shapes.layers.length,
      parameters: shapes.parameters,
      multiplyAdds: shapes.multiplyAdds,
      receptiveFieldPx: shapes.receptiveFieldPx,
      trainingBytes: trainingMemory(shapes, BATCH).total,
      largestBatch: largestBatch(shapes, memory),
    }
  })
}
