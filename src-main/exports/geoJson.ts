/**
 * GeoJSON as QuPath reads and writes it (qupath-core, io package; checked with QuPath 0.5 to 0.7 files): human labels are
 * annotations, predictions are tiles with measurements. A classification always has its colour, because QuPath refuses
 * one without. Coordinates are level-0 px, counted from `origin`, rings closed.
 *
 * QuPath crops a slide to its bounds and counts from their corner; programs that show all of level 0 do not. The file says
 * which of the two it is made for.
 */
import { v5 as uuidv5 } from 'uuid'
import { RESEARCH_NOTICE } from '../../src-shared/app.ts'
import type { ProjectId, SourceId } from '../../src-shared/ids.ts'
import type { Colour } from '../../src-shared/labels.ts'
import type { Rect } from '../../src-shared/patches.ts'
import type { SlideBounds } from '../../src-shared/slides.ts'
import type { PatchEntry } from './patchTable.ts'

export type GeoJsonContext = {
  project: ProjectId
  source: SourceId
  slide: string
  model: string | null
  predictedClasses: readonly { name: string; colour: Colour }[]
  /** level-0 px from which coordinates count */
  origin: { x: number; y: number }
  bounds: SlideBounds | null
}

/**
 * The same for the same project, grid, patch and kind: exporting again replaces objects, it never doubles them.
 */
export const featureId = (
  context: Pick<GeoJsonContext, 'project' | 'source'>,
  patch: number,
  kind: 'label' | 'prediction',
): string => uuidv5(`${context.source}/${patch}/${kind}`, context.project)

/** The file in pieces, one feature each, so that a million tiles are never one string. */
export function* geoJsonPieces(entries: Iterable<PatchEntry>, context: GeoJsonContext): Generator<string> {
  const { slide, model, origin, bounds } = context
  const about = { program: 'Tessera', slide, model, notice: RESEARCH_NOTICE, origin, bounds }
  yield `{"type":"FeatureCollection","tessera":${JSON.stringify(about)},"features":[`
  let first = true
  for (const entry of entries)
    for (const feature of features(entry, context)) {
      yield `${first ? '' : ','}\n${JSON.stringify(feature)}`
      first = false
    }
  yield '\n]}\n'
}

function* features({ patch, place, label, prediction }: PatchEntry, context: GeoJsonContext) {
  if (!place) return
  if (label)
    yield {
      type: 'Feature',
      id: featureId(context, patch, 'label'),
      geometry: square(place.rect, context.origin),
      properties: {
        objectType: 'annotation',
        classification: { name: label.class.name, color: rgb(label.class.colour) },
        metadata: { labelled_by: label.person, labelled_at: new Date(label.at).toISOString() },
      },
    }
  if (prediction) {
    const { name, colour } = context.predictedClasses[prediction.class]!
    const measurements = context.predictedClasses.map((each, k) => [
      `prob_${each.name}`,
      measurement(prediction.probabilities[k]!),
    ])
    yield {
      type: 'Feature',
      id: featureId(context, patch, 'prediction'),
      geometry: square(place.rect, context.origin),
      properties: {
        objectType: 'tile',
        classification: { name, color: rgb(colour) },
        isLocked: true,
        measurements: Object.fromEntries(measurements) as Record<string, number | string>,
      },
    }
  }
}

/** JSON has no NaN; QuPath writes and reads these words. */
const measurement = (value: number): number | string => (Number.isFinite(value) ? value : String(value))

const square = (rect: Rect, origin: GeoJsonContext['origin']) => {
  const [left, top] = [rect.x - origin.x, rect.y - origin.y]
  const [right, bottom] = [left + rect.width, top + rect.height]
  return {
    type: 'Polygon',
    coordinates: [
      [
        [left, top],
        [right, top],
        [right, bottom],
        [left, bottom],
        [left, top],
      ],
    ],
  }
}

export const rgb = (colour: Colour): [number, number, number] => [
  Number.parseInt(colour.slice(1, 3), 16),
  Number.parseInt(colour.slice(3, 5), 16),
  Number.parseInt(colour.slice(5, 7), 16),
]
