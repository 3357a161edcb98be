/** Made-up insides of networks: the layers are those of the model’s card, the numbers are waves that look like maps. */
import type { ApiCalls, ApiStreams } from '../../../src-shared/api.ts'
import type { SourceId } from '../../../src-shared/ids.ts'
import {
  EXCITED_KEPT,
  type Inspected,
  type InspectedLayer,
  type inspectionCalls,
  type inspectionStreams,
} from '../../../src-shared/inspection.ts'
import type { Model } from '../../../src-shared/models.ts'
import { describedLayers } from '../../../src-shared/network/describedLayers.ts'
import { type PatchSource, sourceSize } from '../../../src-shared/patches.ts'
import { chance, pause } from './ids.ts'

type Calls = Pick<ApiCalls, keyof typeof inspectionCalls>
type Streams = Pick<ApiStreams, keyof typeof inspectionStreams>

export interface FakeInspection {
  /** The model that stands for what is looked into. */
  modelOf: (of: Inspected) => Model
  sourceById: (source: SourceId) => PatchSource
  /** PNG of a patch. */
  picture: (source: PatchSource, patch: number, edge: number) => Promise<Uint8Array | null>
}

/** A number that goes up and down smoothly over a map, other in each channel. */
const wave = (patch: number, channel: number, row: number, column: number): number =>
  Math.max(
    0,
    Math.sin((row + 1) * (0.2 + chance(channel, 1)) + patch) + Math.cos((column + 2) * (0.2 + chance(channel, 2))),
  )

export function fakeInspection({ modelOf, sourceById, picture }: FakeInspection): { calls: Calls; streams: Streams } {
  const inputOf = (of: Inspected) => modelOf(of).card.network.description.input
  function layerOf(of: Inspected, name: string): Pick<InspectedLayer, 'shape' | 'window' | 'inputs' | 'kind'> {
    const { description } = modelOf(of).card.network
    const found = describedLayers(description).find((layer) => layer.name === name)
    return found ?? { shape: [...inputOf(of)], window: null, inputs: [], kind: 'input' }
  }

  return {
    calls: {
      'inspection.network': ({ of }) => {
        const { description } = modelOf(of).card.network
        return {
          members: 1,
          input: [...description.input],
          layers: describedLayers(description),
          noGradients: null,
          firstFilters: {
            layer: description.layers[0]!.id,
            filters: 32,
            channels: 3,
            height: 3,
            width: 3,
            weights: Float32Array.from({ length: 32 * 27 }, (_, at) => chance(at) - 0.5),
          },
        }
      },
      async 'inspection.patch'({ of, source, patch }) {
        const { edgePx } = modelOf(of).card.input
        const classes = modelOf(of).card.classes.length
        const rest = 0.09 / Math.max(1, classes - 1)
        return {
          edgePx,
          pixels: await rgbOf(await picture(sourceById(source), patch, edgePx), edgePx),
          probabilities: Float32Array.from({ length: classes }, (_, k) => (k === patch % classes ? 0.91 : rest)),
        }
      },
      'inspection.maps': ({ of, patch, layer, first, count }) => {
        const [channels = 1, height = 1, width = 1] = layerOf(of, layer).shape
        const number = Math.max(0, Math.min(count, channels - first))
        const places = height * width
        const values = Float32Array.from({ length: number * places }, (_, at) =>
          wave(patch, first + Math.floor(at / places), Math.floor((at % places) / width), at % width),
        )
        return { shape: [channels, height, width], first, values, least: 0, greatest: 2, silent: 2 }
      },
      'inspection.window': ({ of, patch, layer, channel, row, column }) => {
        const { window, inputs, kind } = layerOf(of, layer)
        const { kernel, stride, padding, dilation } = window!
        const read = layerOf(of, inputs[0]!).shape
        const channels = kind === 'max-pool' ? [channel] : Array.from({ length: read[0]! }, (_, c) => c)
        const [top, left] = [row * stride[0] - padding[0], column * stride[1] - padding[1]]
        const taps = kernel[0] * kernel[1]
        const place = (tap: number) => [top + Math.floor(tap / kernel[1]), left + (tap % kernel[1])] as const
        const on = (tap: number) => {
          const [r, c] = place(tap)
          return r >= 0 && c >= 0 && r < read[1]! && c < read[2]!
        }
        const input = Float32Array.from({ length: channels.length * taps }, (_, at) =>
          on(at % taps) ? wave(patch, channels[Math.floor(at / taps)]!, ...place(at % taps)) : 0,
        )
        const weights =
          kind === 'max-pool' ? new Float32Array() : input.map((_, at) => 0.4 * (chance(at, channel, 7) - 0.5))
        const sum = kind === 'max-pool' ? Math.max(...input) : weights.reduce((all, w, at) => all + w * input[at]!, 0)
        return {
          kind: kind === 'max-pool' ? 'max-pool' : 'convolution',
          channel,
          row,
          column,
          top,
          left,
          kernel,
          dilation,
          channels: Uint32Array.from(channels),
          input,
          inside: Uint8Array.from({ length: taps }, (_, tap) => Number(on(tap))),
          weights,
          bias: kind === 'max-pool' ? null : 0.05,
          output: kind === 'max-pool' ? sum : sum + 0.05,
          following:
            kind === 'max-pool' ? [] : [{ name: 'relu', kind: 'Relu', value: Math.max(0, sum + 0.05), norm: null }],
        }
      },
    },
    streams: {
      async *'inspection.saliency'({ of, patch, method, layer }, signal) {
        const squares = method === 'occlusion' ? 121 : 0
        for (let done = 16; done < squares && !signal.aborted; done += 16) {
          yield { kind: 'progress', done, total: squares }
          await pause(10)
        }
        const [, edge] = inputOf(of)
        const height = method === 'grad-cam' ? (layerOf(of, layer ?? 'pool4').shape[1] ?? 6) : edge
        const values = Float32Array.from({ length: height * height }, (_, at) => {
          const [x, y] = [(at % height) / height - 0.4, Math.floor(at / height) / height - 0.55]
          const hill = Math.exp(-12 * (x * x + y * y)) - 0.3 * Math.exp(-30 * ((x - 0.3) ** 2 + (y + 0.3) ** 2))
          return method === 'grad-cam'
            ? Math.max(0, hill)
            : 0.4 * hill * (method === 'occlusion' ? 1 : chance(at, patch))
        })
        yield { kind: 'map', height, width: height, values, score: method === 'occlusion' ? 0.91 : 3.2 }
      },
      async *'inspection.excited'({ of, source: id, layer }, signal) {
        const source = sourceById(id)
        const total = sourceSize(source)
        const [channels = 1, height = 1, width = 1] = layerOf(of, layer).shape
        const kept = Math.min(EXCITED_KEPT, total)
        const ends = (sign: 1 | -1) => ({
          kept,
          patch: Uint32Array.from({ length: kept * channels }, (_, at) => Math.floor(chance(at, sign) * total)),
          value: Float32Array.from({ length: kept * channels }, (_, at) =>
            sign > 0 ? 4 - (at % kept) * 0.1 : (at % kept) * 0.02,
          ),
          place: Uint32Array.from({ length: kept * channels }, (_, at) => Math.floor(chance(at, 5) * height * width)),
        })
        for (let done = 0; done < total && !signal.aborted;) {
          done = Math.min(total, done + Math.ceil(total / 5))
          yield { done, total, leftOut: 0, channels, width, most: ends(1), least: ends(-1) }
          await pause(20)
        }
      },
    },
  }
}

async function rgbOf(png: Uint8Array | null, edge: number): Promise<Uint8Array> {
  const rgb = new Uint8Array(3 * edge * edge)
  if (!png) return rgb
  const canvas = new OffscreenCanvas(edge, edge)
  const g = canvas.getContext('2d')!
  g.drawImage(await createImageBitmap(new Blob([new Uint8Array(png)])), 0, 0, edge, edge)
  const { data } = g.getImageData(0, 0, edge, edge)
  for (let at = 0; at < rgb.length; at++) rgb[at] = data[Math.floor(at / 3) * 4 + (at % 3)]!
  return rgb
}
