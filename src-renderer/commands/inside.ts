/** Commands of looking inside a network: opening it on the patch in hand, and going on from there. */
import { columnOf, patchAt, patchAtCell, rowOf, sourceSize } from '../../src-shared/patches.ts'
import { useFeatures } from '../stores/features.ts'
import { useGallery } from '../stores/gallery.ts'
import { INSIDE_TABS, type InsideTab, type PatchInHand, useInside } from '../stores/inside.ts'
import { useModels } from '../stores/models.ts'
import { usePatches } from '../stores/patches.ts'
import { useReview } from '../stores/review.ts'
import { useViewport } from '../stores/viewport.ts'
import { useWindow } from '../stores/window.ts'
import { command } from './command.ts'
import { showPatches } from './showPatches.ts'

/** The patch under review, under the cursor of the gallery, under the pointer or last under it, or amid the view. */
export function patchInHand(): PatchInHand | null {
  const review = useReview().current
  if (useWindow().stage === 'review' && review) return { source: review.source, patch: review.patch }
  const { openSet, openGrid } = usePatches()
  const { setId, patch, view } = useViewport()
  if (setId) {
    const gallery = useGallery()
    const chosen = gallery.current ?? gallery.shown[0] ?? null
    return openSet && chosen !== null ? { source: openSet.id, patch: chosen } : null
  }
  if (!openGrid) return null
  const { at, pointed } = useInside()
  const before = [pointed, at].find((each) => each?.source === openGrid.id)
  const amid = view ? patchAt(openGrid, view.centre.x, view.centre.y) : null
  return { source: openGrid.id, patch: patch ?? before?.patch ?? amid ?? 0 }
}

const canLook = (): boolean =>
  useModels().chosen !== null ||
  useFeatures().list.some(({ origin }) => origin.kind === 'shipped' || origin.kind === 'file')

export function lookInside(tab?: InsideTab): void {
  const at = patchInHand()
  if (at) useInside().look(at, tab)
}

/** Another patch of the same source: of a grid beside it, of a set before or after it. */
function step(across: number, down: number): void {
  const inside = useInside()
  const source = inside.at && usePatches().sourceById(inside.at.source)
  if (!inside.at || !source) return
  const { patch } = inside.at
  const within = (value: number, length: number) => Math.min(length - 1, Math.max(0, value))
  const next =
    source.kind === 'grid'
      ? patchAtCell(
          source,
          within(columnOf(source, patch) + across, source.columns),
          within(rowOf(source, patch) + down, source.rows),
        )
      : within(patch + across + down, sourceSize(source))
  if (next !== patch) inside.at = { ...inside.at, patch: next }
}

function turnTab(by: number): void {
  const inside = useInside()
  const place = INSIDE_TABS.indexOf(inside.tab) + by
  inside.tab = INSIDE_TABS[(place + INSIDE_TABS.length) % INSIDE_TABS.length]!
}

function turnChannel(by: number): void {
  const inside = useInside()
  if (inside.channels > 0) inside.channel = (inside.channel + by + inside.channels) % inside.channels
}

/** Back to the slide or the set, with the patch that was looked at in view. */
export async function showOnSlide(): Promise<void> {
  const inside = useInside()
  const { at } = inside
  inside.close()
  if (at) await showPatches(at.source, [at.patch])
}

const within = (given: { id: string; title: string; keys: readonly string[]; run: () => unknown; repeats?: boolean }) =>
  command({ group: 'Training', context: 'inside', when: () => useInside().open, ...given, id: `inside.${given.id}` })

const directions = [
  ['left', 'to the left', 'ArrowLeft', -1, 0],
  ['right', 'to the right', 'ArrowRight', 1, 0],
  ['above', 'above', 'ArrowUp', 0, -1],
  ['below', 'below', 'ArrowDown', 0, 1],
] as const

export const insideCommands = () => [
  command({
    id: 'inside.look',
    title: 'Look inside the network',
    group: 'Training',
    keys: ['Ctrl+I'],
    when: () => canLook() && patchInHand() !== null,
    run: () => lookInside(),
  }),
  within({ id: 'close', title: 'Inside: back to the slide', keys: ['Escape'], run: () => useInside().close() }),
  ...directions.map(([id, where, key, across, down]) =>
    within({ id, title: `Inside: patch ${where}`, keys: [key], repeats: true, run: () => step(across, down) }),
  ),
  within({ id: 'nextView', title: 'Inside: next view', keys: ['PageDown'], run: () => turnTab(1) }),
  within({ id: 'viewBefore', title: 'Inside: view before', keys: ['PageUp'], run: () => turnTab(-1) }),
  within({ id: 'nextChannel', title: 'Inside: next channel', keys: ['.'], repeats: true, run: () => turnChannel(1) }),
  within({
    id: 'channelBefore',
    title: 'Inside: channel before',
    keys: [','],
    repeats: true,
    run: () => turnChannel(-1),
  }),
  within({ id: 'show', title: 'Inside: show the patch on its slide', keys: ['Home'], run: showOnSlide }),
]
