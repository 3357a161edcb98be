/**
 * What undo and redo would do next. Two stacks that follow from the log alone, so they survive every restart:
 *
 * a gesture      is pushed on undo, and ends redo (it erases nothing)
 * an undo        takes the top of undo and is pushed on redo
 * a redo         takes the top of redo and is pushed on undo
 */
import type { HistoryState } from '../../src-shared/labels.ts'
import type { ReadableDb } from '../store/database.ts'

/** `sequence` is the gesture to invert; `text` what the person once did. */
export type Step = { sequence: number; text: string }
export type LoggedGesture = { sequence: number; kind: string; text: string }

export interface History {
  undoTop(): Step | undefined
  redoTop(): Step | undefined
  add(gesture: LoggedGesture): void
  state(): HistoryState
}

export function openHistory(db: ReadableDb): History {
  const undo: Step[] = []
  let redo: Step[] = []
  let gestures = 0

  const add = ({ sequence, kind, text }: LoggedGesture): void => {
    gestures++
    if (kind === 'begin') return
    if (kind === 'undo') {
      const undone = undo.pop()
      redo.push({ sequence, text: undone?.text ?? text })
    } else if (kind === 'redo') {
      const redone = redo.pop()
      undo.push({ sequence, text: redone?.text ?? text })
    } else {
      undo.push({ sequence, text })
      redo = []
    }
  }
  for (const gesture of db.all<LoggedGesture>('SELECT sequence, kind, text FROM gestures ORDER BY sequence'))
    add(gesture)

  return {
    add,
    undoTop: () => undo.at(-1),
    redoTop: () => redo.at(-1),
    state: () => ({ undo: undo.at(-1)?.text ?? null, redo: redo.at(-1)?.text ?? null, gestures }),
  }
}
