/** Which gesture a press begins: the tool in hand, and what is held while pressing. */
import { UNLABELLED } from '../../src-shared/labels.ts'
import { useLabels } from '../stores/labels.ts'
import { useProject } from '../stores/project.ts'
import { type Tool, useWindow } from '../stores/window.ts'
import type { Gesture } from './gesture.ts'
import { paintLabel } from './paintLabel.ts'
import { paintRectangle } from './paintRectangle.ts'
import { paintMask } from './paintMask.ts'
import { pan } from './pan.ts'
import { pickClass } from './pickClass.ts'

/** The parts of a PointerEvent that matter. */
export interface Press {
  /** 0 = main, 1 = middle, 2 = right */
  button: number
  altKey: boolean
  shiftKey: boolean
}

/** What a press does: in a project that can only be read, what would change it pans instead. */
export function toolNow(): Tool {
  const tool = useWindow().toolInHand
  return useProject().canChange || tool === 'pick' ? tool : 'pan'
}

export function gestureFor(press: Press): ((gesture: Gesture) => Promise<void>) | null {
  const tool = toolNow()
  if (press.button === 1 || (tool === 'pan' && press.button === 0)) return pan
  if (tool === 'pan' || press.button > 2) return null
  if (tool === 'pick') return pickClass
  const opposite = press.button === 2 || press.altKey
  if (tool === 'add-tissue' || tool === 'remove-tissue')
    return (gesture) => paintMask(gesture, (tool === 'add-tissue') !== opposite, press.shiftKey)
  const erases = tool === 'erase' || opposite
  const number = erases ? UNLABELLED : useLabels().active
  if (!erases && number === UNLABELLED) return null
  const isRectangle = tool === 'rectangle' || press.shiftKey
  return (gesture) => (isRectangle ? paintRectangle : paintLabel)(gesture, number)
}

const CURSORS: Record<Tool, string> = {
  pan: 'grab',
  label: 'crosshair',
  erase: 'crosshair',
  rectangle: 'crosshair',
  pick: 'pointer',
  'add-tissue': 'crosshair',
  'remove-tissue': 'crosshair',
}

export const cursorNow = (): string => CURSORS[toolNow()]
