/**
 * Layers changed by hand: added, taken away, moved, renamed. Each change makes a new description; what it makes need not be
 * a network that can be built, see shapes.ts for what stands in the way.
 *
 * A layer that reads the one before it says nothing of its inputs here, so that a chain stays a chain when its layers move.
 */
import { Layer, type LayerInput, type LayerKind, type NetworkDescription } from '../networks.ts'
import { INPUT } from './shapes.ts'

const MERGES: ReadonlySet<LayerKind> = new Set(['add', 'multiply', 'concatenate'])

/** Whether it reads two or more layers, and so has to name them. */
export const isMerge = (kind: LayerKind): boolean => MERGES.has(kind)

const before = ({ layers }: Pick<NetworkDescription, 'layers'>, place: number): string => layers[place - 1]?.id ?? INPUT

/** The layers read, with the default written out. */
export const inputsOf = (network: NetworkDescription, place: number): readonly string[] =>
  network.layers[place]?.inputs ?? [before(network, place)]

const reading = (layer: Layer, inputs: string[] | undefined): Layer => {
  const { inputs: _, ...rest } = layer
  return Layer.parse(inputs === undefined ? rest : { ...rest, inputs })
}

/** The same network, where nothing is said of inputs that are only the layer before. */
export function simplified(network: NetworkDescription): NetworkDescription {
  const layers = network.layers.map((layer, place) => {
    const [only, ...more] = layer.inputs ?? []
    return only === before(network, place) && more.length === 0 && !isMerge(layer.kind)
      ? reading(layer, undefined)
      : layer
  })
  return { ...network, layers }
}

/** What a new layer of each kind begins with; it keeps the size of the map where it can. */
function beginning(kind: LayerKind, id: string, read: string): LayerInput {
  switch (kind) {
    case 'convolution':
      return { kind, id, filters: 32, kernel: 3, padding: 1 }
    case 'transposed-convolution':
      return { kind, id, filters: 32, kernel: 2, stride: 2 }
    case 'group-convolution':
      return { kind, id, group: 'p4', filters: 8, kernel: 3, padding: 1 }
    case 'orientation-pool':
      return { kind, id, take: 'max' }
    case 'group-norm':
      return { kind, id, groups: 4 }
    case 'max-pool':
    case 'average-pool':
      return { kind, id, kernel: 2, stride: 2 }
    case 'dense':
      return { kind, id, units: 64 }
    case 'dropout':
      return { kind, id, rate: 0.2 }
    case 'squeeze-excitation':
      return { kind, id, squeezed: 8 }
    case 'add':
    case 'multiply':
    case 'concatenate':
      return { kind, id, inputs: [read, read] }
    default:
      return { kind, id }
  }
}

function freeName({ layers }: NetworkDescription, kind: LayerKind): string {
  const taken = new Set(layers.map(({ id }) => id))
  const stem = kind.replaceAll('-', '_')
  for (let n = 1; ; n++) if (!taken.has(`${stem}${n}`)) return `${stem}${n}`
}

/** @param place where the new layer will stand; those from there on move down by one */
export function addLayer(network: NetworkDescription, place: number, kind: LayerKind): NetworkDescription {
  const made = Layer.parse(beginning(kind, freeName(network, kind), before(network, place)))
  return { ...network, layers: network.layers.toSpliced(place, 0, made) }
}

/** Whoever read the layer reads what it read, the first where it read several. */
export function removeLayer(network: NetworkDescription, place: number): NetworkDescription {
  const gone = network.layers[place]
  if (!gone) return network
  const [instead = INPUT] = inputsOf(network, place)
  const layers = network.layers.map((layer, at) =>
    at <= place || !inputsOf(network, at).includes(gone.id)
      ? layer
      : reading(
          layer,
          inputsOf(network, at).map((name) => (name === gone.id ? instead : name)),
        ),
  )
  return simplified({ ...network, layers: layers.toSpliced(place, 1) })
}

/** Changes places with the layer above (−1) or below (1); at an end nothing happens. */
export function moveLayer(network: NetworkDescription, place: number, by: -1 | 1): NetworkDescription {
  const [moved, other] = [network.layers[place], network.layers[place + by]]
  if (!moved || !other) return network
  return { ...network, layers: network.layers.with(place, other).with(place + by, moved) }
}

/** @param inputs names; none = the layer before */
export const readFrom = (network: NetworkDescription, place: number, inputs: readonly string[]): NetworkDescription =>
  withLayer(network, place, (layer) => reading(layer, inputs.length === 0 ? undefined : [...inputs]))

/** Whoever names the layer follows. */
export function renameLayer(network: NetworkDescription, place: number, id: string): NetworkDescription {
  const old = network.layers[place]?.id
  const layers = network.layers.map((layer, at) => {
    const named = at === place ? Layer.parse({ ...layer, id }) : layer
    return named.inputs?.includes(old ?? id) === true
      ? reading(
          named,
          named.inputs.map((name) => (name === old ? id : name)),
        )
      : named
  })
  return { ...network, layers }
}

/** Sets one of a layer's own numbers or choices. */
export const setOfLayer = (
  network: NetworkDescription,
  place: number,
  key: string,
  value: number | string | boolean | undefined,
): NetworkDescription => withLayer(network, place, (layer) => Layer.parse({ ...layer, [key]: value }))

const withLayer = (
  network: NetworkDescription,
  place: number,
  change: (layer: Layer) => Layer,
): NetworkDescription => ({
  ...network,
  layers: network.layers.map((layer, at) => (at === place ? change(layer) : layer)),
})
