/** Commands of the map of patches. Labels are given by the commands of labels. */
import { useBeside } from '../stores/beside.ts'
import { useFaults } from '../stores/faults.ts'
import { useFeatures } from '../stores/features.ts'
import { useMap } from '../stores/map.ts'
import { useNeighbours } from '../stores/neighbours.ts'
import { useProject } from '../stores/project.ts'
import { useWindow } from '../stores/window.ts'
import { command } from './command.ts'
import { showPatches } from './showPatches.ts'

export const onMap = (): boolean => useMap().inHand && useMap().table !== null

/** Shows the patch of a point where it lies: on its slide, or in its set. With the Features stage open it is asked about. */
export async function followPoint(point: number): Promise<void> {
  const name = useMap().table?.nameOf(point)
  if (!name) return
  if (useWindow().stage === 'features') void useNeighbours().ask(name)
  await showPatches(name.source, [name.patch])
}

const ZOOM = 1.5

const mapCommand = (given: { id: string; title: string; key: string; run: () => unknown; when?: () => boolean }) =>
  command({
    id: `map.${given.id}`,
    title: given.title,
    group: 'View',
    keys: [given.key],
    context: 'map',
    when: given.when ?? onMap,
    run: given.run,
  })

export const mapCommands = () => [
  command({
    id: 'map.toggle',
    title: 'Map of the patches: open or close',
    group: 'View',
    keys: ['Shift+M'],
    when: () => useProject().current !== null,
    run() {
      const map = useMap()
      if (map.open) return map.close()
      useBeside().close()
      map.open = true
    },
  }),
  command({
    id: 'map.makeUmap',
    title: 'Map of the patches: make a UMAP',
    group: 'Features',
    when: () => useProject().canChange && useFeatures().chosen !== null && useMap().open && useMap().sets.length > 0,
    run: () => useFaults().attempt('map', 'The map was not begun.', () => useMap().makeUmap()),
  }),
  mapCommand({
    id: 'lasso',
    title: 'Map: lasso or move with a drag',
    key: 'Shift+O',
    run() {
      useMap().lasso = !useMap().lasso
    },
  }),
  mapCommand({
    id: 'selectSeen',
    title: 'Map: select all points in view',
    key: 'Ctrl+A',
    run: () => useMap().controls?.selectSeen(),
  }),
  mapCommand({ id: 'fit', title: 'Map: show all', key: 'Home', run: () => useMap().controls?.fit() }),
  mapCommand({ id: 'zoomIn', title: 'Map: zoom in', key: 'PageUp', run: () => useMap().controls?.zoomBy(ZOOM) }),
  mapCommand({
    id: 'zoomOut',
    title: 'Map: zoom out',
    key: 'PageDown',
    run: () => useMap().controls?.zoomBy(1 / ZOOM),
  }),
  mapCommand({
    id: 'back',
    title: 'Map: select nothing, then close',
    key: 'Escape',
    when: () => useMap().open && useMap().focused,
    run() {
      const map = useMap()
      if (map.selected.size > 0) map.clearSelection()
      else map.close()
    },
  }),
]
