/** In which order a gallery shows patches. Pure. */
import { UNLABELLED } from '../../src-shared/labels.ts'
import { orderByKey } from '../../src-shared/ranking.ts'
import { type Uncertainty, uncertaintyOf } from '../../src-shared/uncertainty.ts'
import { agrees, confidenceOf, type FilterFacts, isPredicted } from './galleryFilter.ts'

const ORDERS = [
  /** by place in the file, folder or grid */
  'file',
  /** by the class of the label, in the order of the list of classes */
  'class',
  /** by the predicted class, then as they lie */
  'predicted',
  /** by 1 − p₁, by 1 − (p₁ − p₂), by entropy: least certain first; see src-shared/uncertainty.ts */
  'unsure',
  'margin',
  'entropy',
  /** by p₁, largest first */
  'sure',
  /** labelled otherwise than predicted, by how sure the model is */
  'disagrees',
  /** by the slide that a set names for each patch */
  'slide',
  /** by when the label was given */
  'newest',
  'oldest',
  /** each the least like the labelled ones and all before it: greedy k-centre over features */
  'diverse',
  /** by the distance of features to one patch */
  'similar',
] as const
export type GalleryOrder = (typeof ORDERS)[number]

const UNSURE: Partial<Record<GalleryOrder, Uncertainty>> = {
  unsure: 'confidence',
  margin: 'margin',
  entropy: 'entropy',
}

/** Orders that are made of predictions. */
export const NEEDS_PREDICTIONS: ReadonlySet<GalleryOrder> = new Set([
  'predicted',
  'unsure',
  'margin',
  'entropy',
  'sure',
  'disagrees',
])
/** Orders that are made of features. */
export const NEEDS_FEATURES: ReadonlySet<GalleryOrder> = new Set(['diverse', 'similar'])
/** Orders that are made of labels. */
export const NEEDS_LABELS: ReadonlySet<GalleryOrder> = new Set(['class', 'disagrees', 'newest', 'oldest', 'diverse'])

export interface OrderFacts extends FilterFacts {
  /** class numbers in the order of the list of classes */
  classOrder: readonly number[]
  /** [patch] 1 + number of its slide, 0 = not known; null = the source names none */
  slideOf: Readonly<Uint32Array> | null
  /** What was asked for this order alone: [patch] the newer, the more similar, the earlier = the smaller; NaN = unknown */
  asked: Float32Array | null
}

/** @returns the patches in the order they are shown; equals as they came, those it says nothing of last */
export function orderedPatches(facts: OrderFacts, patches: Uint32Array, order: GalleryOrder): Uint32Array {
  if (order === 'file') return patches
  const unsure = UNSURE[order]
  if (unsure || order === 'sure' || order === 'disagrees')
    return orderByKey(patches, Float32Array.from(patches, sureness(facts, order, unsure)), 'descending')
  return orderByKey(patches, Float32Array.from(patches, placeOf(facts, order)))
}

/** Larger = sooner. */
function sureness(facts: OrderFacts, order: GalleryOrder, unsure: Uncertainty | undefined): (patch: number) => number {
  const { predicted } = facts
  if (!predicted) return () => Number.NaN
  if (unsure) return (patch) => uncertaintyOf(unsure, predicted.values, patch, predicted.classes.length)
  if (order === 'sure') return (patch) => confidenceOf(predicted, patch)
  return (patch) => (agrees(facts, patch) === false ? confidenceOf(predicted, patch) : Number.NaN)
}

/** Smaller = sooner. */
function placeOf(facts: OrderFacts, order: GalleryOrder): (patch: number) => number {
  const { labels, classOrder, predicted, slideOf, asked } = facts
  switch (order) {
    case 'class': {
      const places = new Map(classOrder.map((number, place) => [number, place]))
      return (patch) => places.get(labels[patch]!) ?? Number.NaN
    }
    case 'predicted':
      return (patch) => (predicted && isPredicted(predicted, patch) ? predicted.first[patch]! : Number.NaN)
    case 'slide':
      return (patch) => slideOf?.[patch] || Number.NaN
    default:
      return (patch) => asked?.[patch] ?? Number.NaN
  }
}

/** [patch] by the gestures that gave the labels; the newest or the oldest first. */
export function agePlaces(
  size: number,
  { patch, gesture }: { patch: Uint32Array; gesture: Uint32Array },
  order: 'newest' | 'oldest',
): Float32Array {
  const last = gesture.reduce((most, each) => Math.max(most, each), 0)
  const places = new Float32Array(size).fill(Number.NaN)
  for (const [i, each] of patch.entries()) places[each] = order === 'oldest' ? gesture[i]! : last - gesture[i]!
  return places
}

/** The places of a rectangle of cards between two of its corners, row by row. */
export function placesBetween(from: number, to: number, columns: number, count: number): number[] {
  const [a, b] = [from, to].map((place) => ({ row: Math.floor(place / columns), column: place % columns })) as [
    { row: number; column: number },
    { row: number; column: number },
  ]
  const places: number[] = []
  for (let row = Math.min(a.row, b.row); row <= Math.max(a.row, b.row); row++)
    for (let column = Math.min(a.column, b.column); column <= Math.max(a.column, b.column); column++)
      if (row * columns + column < count) places.push(row * columns + column)
  return places
}

/** Patches without a label that networks get: what a batch is taken from. */
export const toLabel = ({ labels, unfit }: FilterFacts, patches: Uint32Array): Uint32Array =>
  patches.filter((patch) => labels[patch] === UNLABELLED && !unfit.has(patch))
