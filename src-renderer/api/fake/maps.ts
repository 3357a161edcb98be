/** Maps of the made-up main process: patches lie in four clouds, the same in every run. */
import type { ApiCalls, PublishApi } from '../../../src-shared/api.ts'
import { tesseraError } from '../../../src-shared/errors.ts'
import type { FeatureSet } from '../../../src-shared/features.ts'
import type { MapId } from '../../../src-shared/ids.ts'
import { type EmbeddingMap, LEAST_ON_MAP, type mapCalls, type MapPoints } from '../../../src-shared/map.ts'
import { chance, newId } from './ids.ts'
import type { FakeJobs } from './jobs.ts'

const CLOUDS = 4
const ROUNDS = 200

export function mapHandlers(
  sets: () => readonly FeatureSet[],
  jobs: FakeJobs,
  publish: PublishApi,
): Pick<ApiCalls, keyof typeof mapCalls> {
  const maps = new Map<MapId, { map: EmbeddingMap; sets: readonly FeatureSet[] }>()

  const known = (ids: readonly string[]): FeatureSet[] => {
    const found = sets().filter((set) => ids.includes(set.id))
    const patches = found.reduce((sum, { rows }) => sum + rows, 0)
    if (patches < LEAST_ON_MAP)
      throw tesseraError('MAP_TOO_FEW', `${patches} patches have features; a map needs at least ${LEAST_ON_MAP}.`, {
        patches,
        least: LEAST_ON_MAP,
      })
    return found
  }

  return {
    'maps.principal': ({ sets: ids }) => ({ ...pointsOf(known(ids), 1), explained: [0.41, 0.17] }),
    'maps.list': () => [...maps.values()].map(({ map }) => map).toReversed(),
    'maps.start'({ sets: ids, params }) {
      const of = known(ids)
      const points = of.reduce((sum, { rows }) => sum + rows, 0)
      const job = jobs.add('map', `Map of ${points} patches`, ROUNDS, 'steps')
      const map: EmbeddingMap = {
        id: newId(),
        encoder: of[0]!.encoder,
        sources: of.map(({ source }) => source),
        params,
        job: job.id,
        complete: false,
        points,
        laidOut: points,
        stale: null,
        createdAt: Date.now(),
      }
      maps.set(map.id, { map, sets: of })
      void jobs.run(job.id, 10, 60, (_, done) => {
        if (done < ROUNDS) return
        const complete = { ...map, complete: true }
        maps.set(map.id, { map: complete, sets: of })
        publish('maps.changed', { changed: [complete], removed: [] })
      })
      publish('maps.changed', { changed: [map], removed: [] })
      return map
    },
    'maps.points'({ map }) {
      const found = maps.get(map)
      if (!found) throw tesseraError('MAP_UNKNOWN', 'This map is not in the project any more. Make it again.', { map })
      return pointsOf(found.sets, 2)
    },
  }
}

function pointsOf(sets: readonly FeatureSet[], seed: number): MapPoints {
  const points = sets.reduce((sum, { rows }) => sum + rows, 0)
  const patch = new Uint32Array(points)
  const position = new Float32Array(2 * points)
  let at = 0
  for (const [place, { rows }] of sets.entries())
    for (let i = 0; i < rows; i++, at++) {
      const cloud = Math.floor(chance(seed, i, place, 1) * CLOUDS)
      const angle = 2 * Math.PI * chance(seed, i, place, 2)
      const away = Math.sqrt(-2 * Math.log(1 - chance(seed, i, place, 3)))
      patch[at] = i
      position[2 * at] = 5 * Math.cos(cloud * 1.7) + away * Math.cos(angle) * (1 + cloud / 3)
      position[2 * at + 1] = 4 * Math.sin(cloud * 1.7) + away * Math.sin(angle)
    }
  return { sources: sets.map(({ source }) => source), counts: sets.map(({ rows }) => rows), patch, position }
}
