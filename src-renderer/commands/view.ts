/** Commands on what is looked at and how: magnification, layers, panels, theme. */
import { MAGNIFICATIONS, useViewport } from '../stores/viewport.ts'
import { useGallery } from '../stores/gallery.ts'
import { useOverlay } from '../stores/overlay.ts'
import { useBookmarks } from '../stores/bookmarks.ts'
import { useProject } from '../stores/project.ts'
import { useSettings } from '../stores/settings.ts'
import { useWindow } from '../stores/window.ts'
import { command } from './command.ts'
import { copyPlace } from './goToPlace.ts'
import { inGallery } from './gallery.ts'
import { movePatch } from './movePatch.ts'
import { saveView } from './saveView.ts'

const hasView = (): boolean => useViewport().controls !== null && useViewport().slide !== null

/** In the gallery, pictures get larger or smaller by a step. */
const zoom = (factor: number): void => {
  const { view, controls } = useViewport()
  if (inGallery()) useGallery().resize(factor > 1 ? 1 : -1)
  else if (view) controls?.zoomTo(view.pxPerLevel0 * factor)
}

/** degrees */
const SMALL_TURN = 5

const turns = [
  ['left', 'Turn 90° to the left', 'Shift+Q', -90],
  ['right', 'Turn 90° to the right', 'Shift+W', 90],
  ['left.little', `Turn ${SMALL_TURN}° to the left`, 'Alt+Q', -SMALL_TURN],
  ['right.little', `Turn ${SMALL_TURN}° to the right`, 'Alt+W', SMALL_TURN],
] as const

const setPanels = (panels: { leftOpen?: boolean; rightOpen?: boolean }): void => void useSettings().set({ panels })

const arrows = [
  ['left', 'ArrowLeft', -1, 0],
  ['right', 'ArrowRight', 1, 0],
  ['up', 'ArrowUp', 0, -1],
  ['down', 'ArrowDown', 0, 1],
] as const

export const viewCommands = () => [
  ...MAGNIFICATIONS.map((times, i) =>
    command({
      id: `view.magnify.${times}x`,
      title: `Magnification ${times}x`,
      group: 'View',
      keys: [`Alt+${i + 1}`],
      when: () => hasView() && useViewport().mpp !== null,
      run: () => useViewport().magnify(times),
    }),
  ),
  command({
    id: 'view.fit',
    title: 'Fit the slide',
    group: 'View',
    keys: ['F'],
    when: hasView,
    run: () => useViewport().controls?.fit(),
  }),
  command({
    id: 'view.zoomIn',
    title: 'Zoom in',
    group: 'View',
    keys: ['+', '='],
    when: () => hasView() || inGallery(),
    run: () => zoom(1.5),
  }),
  command({
    id: 'view.zoomOut',
    title: 'Zoom out',
    group: 'View',
    keys: ['-'],
    when: () => hasView() || inGallery(),
    run: () => zoom(1 / 1.5),
  }),
  ...turns.map(([name, title, key, degrees]) =>
    command({
      id: `view.turn.${name}`,
      title,
      group: 'View',
      keys: [key],
      when: hasView,
      repeats: Math.abs(degrees) === SMALL_TURN,
      run: () => useViewport().controls?.turnBy(degrees),
    }),
  ),
  command({
    id: 'view.mirror',
    title: 'Mirror left and right',
    group: 'View',
    keys: ['Shift+H'],
    when: hasView,
    run: () => useViewport().controls?.mirror(),
  }),
  command({
    id: 'view.upright',
    title: 'Neither turned nor mirrored',
    group: 'View',
    keys: ['Alt+0'],
    when: hasView,
    run: () => useViewport().controls?.upright(),
  }),
  command({
    id: 'view.goTo',
    title: 'Go to a place…',
    group: 'View',
    keys: ['Ctrl+G'],
    when: hasView,
    run: () => useWindow().show({ kind: 'place' }),
  }),
  command({
    id: 'view.addBookmark',
    title: 'Add a bookmark here',
    group: 'View',
    keys: ['Ctrl+D'],
    when: () => hasView() && useProject().canChange,
    run: () => useBookmarks().add(),
  }),
  command({
    id: 'view.bookmarks',
    title: 'Bookmarks of this slide…',
    group: 'View',
    keys: ['Shift+D'],
    when: hasView,
    run() {
      useBookmarks().open = true
    },
  }),
  command({
    id: 'view.picture',
    title: 'Save the view as a picture',
    group: 'View',
    keys: ['Shift+S'],
    when: () => hasView() && useProject().canChange,
    run: () => saveView(true),
  }),
  command({
    id: 'view.picture.plain',
    title: 'Save the view as a picture, without overlays',
    group: 'View',
    keys: ['Alt+Shift+S'],
    when: () => hasView() && useProject().canChange,
    run: () => saveView(false),
  }),
  command({
    id: 'view.copyPlace',
    title: 'Copy the coordinates under the pointer',
    group: 'View',
    keys: ['Shift+C'],
    when: hasView,
    run: copyPlace,
  }),
  ...arrows.map(([name, key, columns, rows]) =>
    command({
      id: `view.patch.${name}`,
      title: `Patch to the ${name === 'left' || name === 'right' ? name : name === 'up' ? 'top' : 'bottom'}`,
      group: 'View',
      keys: [key],
      context: 'slide',
      when: hasView,
      repeats: true,
      run: () => movePatch(columns, rows),
    }),
  ),
  command({
    id: 'view.grid',
    title: 'Show or hide the grid',
    group: 'View',
    keys: ['G'],
    run() {
      const { shown } = useOverlay()
      shown.grid = !shown.grid
    },
  }),
  command({
    id: 'view.labels',
    title: 'Show or hide labels',
    group: 'View',
    keys: ['A'],
    run() {
      const { shown } = useOverlay()
      shown.labels = !shown.labels
    },
  }),
  command({
    id: 'view.predictions',
    title: 'Show or hide predictions',
    group: 'View',
    keys: ['C'],
    run() {
      const { shown } = useOverlay()
      shown.predictions = !shown.predictions
    },
  }),
  command({
    id: 'view.map',
    title: 'Switch between probability map and class map',
    group: 'View',
    keys: ['M'],
    run() {
      const overlay = useOverlay()
      overlay.map = overlay.map === 'class' ? 'probability' : 'class'
    },
  }),
  command({
    id: 'view.leftPanel',
    title: 'Show or hide the slides',
    group: 'View',
    keys: ['Ctrl+B'],
    run: () => setPanels({ leftOpen: !useSettings().settings.panels.leftOpen }),
  }),
  command({
    id: 'view.rightPanel',
    title: 'Show or hide the stages',
    group: 'View',
    keys: ['Ctrl+Shift+B'],
    run: () => setPanels({ rightOpen: !useSettings().settings.panels.rightOpen }),
  }),
  ...(['light', 'dark', 'system'] as const).map((theme) =>
    command({
      id: `view.theme.${theme}`,
      title: theme === 'system' ? 'Theme: as the system' : `Theme: ${theme}`,
      group: 'View',
      when: () => useSettings().settings.theme !== theme,
      run: () => void useSettings().set({ theme }),
    }),
  ),
]
