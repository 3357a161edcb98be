/** The current tables made anew from the log of gestures, which is the truth. For a project whose tables are in doubt. */
import type { Store } from '../store/database.ts'
import { applyEffects, loggedEffects } from './effects.ts'

/** @returns how many gestures were replayed */
export function rebuildFromLog(store: Store): number {
  return store.transaction('labels.rebuild', (db) => {
    db.run('DELETE FROM labels')
    db.run('UPDATE grids SET mask = NULL')
    db.run('UPDATE classes SET deleted = 1')
    const gestures = db.all<{ sequence: number }>('SELECT sequence FROM gestures ORDER BY sequence')
    for (const { sequence } of gestures) applyEffects(db, sequence, loggedEffects(db, sequence))
    return gestures.length
  })
}
