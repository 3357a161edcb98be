/** What stands beside the features in an HDF5 file: where the patches lie, which files they are, what they were labelled. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { FeatureSetId } from '../../src-shared/ids.ts'
import { type Grid, type PatchSource, sourceSize } from '../../src-shared/patches.ts'
import { objectiveOf } from '../../src-shared/units.ts'
import type { TableFacts } from '../similarity/contract.ts'
import type { ExportDependencies } from './handlers.ts'
import { labelStatements } from './patchTable.ts'
import { setFiles } from './writers.ts'

/** @throws {TesseraError} NOTHING_TO_EXPORT, FEATURES_STALE, FEATURES_FILE_BROKEN, DISK_FULL */
export async function writeFeatures(
  dependencies: ExportDependencies,
  id: FeatureSetId,
  file: string,
): Promise<string[]> {
  const set = dependencies.featureSet(id)
  const source = dependencies.sourceById(set.source)
  const name = source.kind === 'grid' ? dependencies.slideById(source.slide).name : source.name
  if (set.rows === 0)
    throw tesseraError('NOTHING_TO_EXPORT', `No patch of “${name}” has features yet. Extract them first.`, {
      what: name,
    })
  await dependencies.writeFeatureFile(id, file, {
    name: source.kind === 'grid' ? name.replace(/\.[a-z0-9]{2,4}$/i, '') : name,
    encoder: dependencies.encoderById(set.encoder).card,
    grid: source.kind === 'grid' ? gridFacts(dependencies, source) : null,
    files: source.kind === 'set' ? filesOf(dependencies, source) : null,
    labels: labelsOf(dependencies, source),
  })
  return [file]
}

function gridFacts({ slideById }: ExportDependencies, grid: Grid): NonNullable<TableFacts['grid']> {
  const { width, height, objectivePower } = slideById(grid.slide)
  const { edgePx, stridePx, mpp } = grid.params
  return {
    geometry: grid,
    attributes: {
      patch_size: edgePx,
      patch_size_level0: grid.edgeX,
      level0_magnification: objectivePower ?? objectiveOf(grid.slideMppX),
      target_magnification: objectiveOf(mpp),
      overlap: Math.max(0, edgePx - stridePx),
      level0_width: width,
      level0_height: height,
    },
  }
}

function filesOf(dependencies: ExportDependencies, source: PatchSource): string[] | null {
  const files = setFiles(dependencies, source.id)
  return files.size === 0 ? null : Array.from({ length: sourceSize(source) }, (_, patch) => files.get(patch) ?? '')
}

function labelsOf({ store, sourceSeq, classes }: ExportDependencies, source: PatchSource): string[] | null {
  const said = labelStatements(store.read, sourceSeq(source.id), classes())
  if (said.size === 0) return null
  return Array.from({ length: sourceSize(source) }, (_, patch) => said.get(patch)?.class.name ?? '')
}
