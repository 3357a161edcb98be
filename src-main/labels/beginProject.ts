/** The classes every project starts with: the first gesture of its log, and the only one that can not be undone. */
import { v7 as uuidv7 } from 'uuid'
import { CLASS_PALETTE } from '../../src-shared/labels.ts'
import type { Store } from '../store/database.ts'
import { type ClassEffect, noEffects } from './effects.ts'
import { openGestures } from './gestures.ts'

const FIRST_CLASSES = ['tumor', 'normal']

/** Does nothing to a project that has begun. */
export function beginProject(store: Store): void {
  if (store.read.get('SELECT 1 FROM gestures LIMIT 1')) return
  const classes = FIRST_CLASSES.map((name, i): ClassEffect => ({
    class: i + 1,
    before: null,
    after: { id: uuidv7(), name, colour: CLASS_PALETTE[i]!, key: String(i + 1) },
  }))
  openGestures({ store, personName: () => 'Tessera', publish: () => undefined }).record(() => ({
    kind: 'begin',
    text: 'begin the project',
    source: null,
    effects: { ...noEffects, classes },
  }))
}
