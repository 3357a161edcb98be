/** Which patches of a source a gallery shows, and in which order. Pure. */
import { UNLABELLED } from '../../src-shared/labels.ts'

/** `changed`: labelled otherwise than the set itself says. `unfit`: left out by networks. A number: labelled so. */
export type GalleryFilter = 'all' | 'unlabelled' | 'changed' | 'unfit' | number

/** By place in the file or folder, by class, by the probability of the predicted class. */
export type GalleryOrder = 'file' | 'class' | 'unsure' | 'sure'

export interface GalleryFacts {
  /** patches of the source */
  size: number
  /** [patch] class number, 0 = unlabelled */
  labels: Readonly<Uint16Array>
  /** [patch] class number of what the set says; 0 = nothing, or a class the project has not */
  given: Readonly<Uint16Array>
  /** [patch] 1 = networks do not get it */
  unfit: Readonly<Uint8Array>
  /** class numbers in the order of the list of classes */
  classes: readonly number[]
  /** 0 … 1 of one patch, NaN = not predicted */
  confidence: (patch: number) => number
}

/** @returns patches in the order they are shown; equals in the order of the file */
export function galleryPatches(facts: GalleryFacts, filter: GalleryFilter, order: GalleryOrder): Uint32Array {
  const fits = filterOf(facts, filter)
  const found: number[] = []
  for (let patch = 0; patch < facts.size; patch++) if (fits(patch)) found.push(patch)
  const patches = Uint32Array.from(found)
  if (order === 'file') return patches
  const rank = Float32Array.from(patches, rankOf(facts, order))
  const places = Uint32Array.from(patches.keys()).toSorted((a, b) => rank[a]! - rank[b]! || a - b)
  return places.map((place) => patches[place]!)
}

function filterOf({ labels, given, unfit }: GalleryFacts, filter: GalleryFilter): (patch: number) => boolean {
  switch (filter) {
    case 'all':
      return () => true
    case 'unlabelled':
      return (patch) => labels[patch] === UNLABELLED
    case 'changed':
      return (patch) => given[patch] !== UNLABELLED && labels[patch] !== UNLABELLED && labels[patch] !== given[patch]
    case 'unfit':
      return (patch) => unfit[patch] === 1
    default:
      return (patch) => labels[patch] === filter
  }
}

/** Smaller = sooner. What has no class or no prediction comes last. */
function rankOf({ labels, classes, confidence }: GalleryFacts, order: GalleryOrder): (patch: number) => number {
  if (order === 'class') {
    const places = new Map(classes.map((number, place) => [number, place]))
    return (patch) => places.get(labels[patch]!) ?? classes.length
  }
  return (patch) => {
    const sure = confidence(patch)
    if (Number.isNaN(sure)) return 2
    return order === 'sure' ? 1 - sure : sure
  }
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
