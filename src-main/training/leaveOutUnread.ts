/**
 * Labelled patches of a run that turn out to lie where their slide is damaged: they leave the run before its first step,
 * and its record says so.
 *
 * Which patches are on which side was decided without a look at their pixels. Patches that leave make no patch change its
 * side, so what is held out stays held out, and all numbers of the record are of what is left.
 */
import type { RunId } from '../../src-shared/ids.ts'
import type { SplitSummary } from '../../src-shared/models.ts'
import type { WritableDb } from '../store/database.ts'
import {
  findRun,
  foldsOfSource,
  runFolds,
  type RunPatches,
  runPatches,
  saveFolds,
  savePatches,
  saveSettings,
  saveSplit,
  SIDES,
} from './rows.ts'
import { type SideName, type UnreadPatches, without } from './runFiles.ts'

export function leaveOutUnread(db: WritableDb, run: RunId, side: SideName, unread: readonly UnreadPatches[]): void {
  const { split, settings } = findRun(db, run)!
  const before = runPatches(db, run, side)
  for (const { source, patch } of unread) {
    const part = before.find((each) => each.source === source)!
    const gone = new Set(patch)
    const folds = side === 'training' ? foldsOfSource(db, run, source) : []
    for (const { fold, side: own } of folds)
      saveFolds(
        db,
        run,
        fold,
        source,
        own.filter((_, place) => !gone.has(part.patch[place]!)),
      )
    savePatches(db, run, side, without(part, gone))
  }
  const count = unread.reduce((sum, { patch }) => sum + patch.length, 0)
  const now = splitWithout(split, side, runPatches(db, run, side), count)
  // No batch is larger than the data, as the plan has it.
  const fewest = fewestToTrainOn(runFolds(db, run), now.training.patches)
  const batchSize = Math.min(settings.batchSize, fewest)
  if (batchSize < settings.batchSize) {
    now.sentence += ` There are only ${fewest} patches to train on, so each step takes ${batchSize} of them.`
    saveSettings(db, run, { ...settings, batchSize })
  }
  saveSplit(db, run, now, Math.max(1, Math.ceil(now.training.patches / batchSize)))
}

/** @param folds [fold]: the side of each patch. @param patches that are trained on where there are no folds */
const fewestToTrainOn = (folds: readonly Uint8Array[], patches: number): number =>
  Math.max(
    1,
    folds.length === 0
      ? patches
      : Math.min(...folds.map((fold) => fold.filter((side) => side === SIDES.indexOf('training')).length)),
  )

/** @param left the patches of the side that are left. @param count those that are not */
function splitWithout(split: SplitSummary, side: SideName, left: readonly RunPatches[], count: number): SplitSummary {
  const perClass = split[side].perClass.map(() => 0)
  for (const { target } of left) for (const each of target) perClass[each]!++
  const patches = perClass.reduce((sum, each) => sum + each, 0)
  const what = side === 'training' ? 'to train on' : 'held out'
  return {
    ...split,
    [side]: { ...split[side], patches, perClass },
    unread: (split.unread ?? 0) + count,
    sentence: `${split.sentence} ${count.toLocaleString('en')} of the patches ${what} ${count === 1 ? 'lies' : 'lie'} where a slide’s file is damaged and ${count === 1 ? 'is' : 'are'} left out.`,
  }
}
