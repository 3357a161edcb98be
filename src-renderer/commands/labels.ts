/** Commands on labels and classes: undo, redo, and a key for each class. */
import { UNLABELLED } from '../../src-shared/labels.ts'
import { useFaults } from '../stores/faults.ts'
import { useFiles } from '../stores/files.ts'
import { useGallery } from '../stores/gallery.ts'
import { useLabels } from '../stores/labels.ts'
import { useMap } from '../stores/map.ts'
import { usePatches } from '../stores/patches.ts'
import { useProject } from '../stores/project.ts'
import { useReview } from '../stores/review.ts'
import { useViewport } from '../stores/viewport.ts'
import { useWindow } from '../stores/window.ts'
import { labelPatch, labelPoints, labelSelection } from './assignLabel.ts'
import { command } from './command.ts'
import { inGallery, showSet } from './gallery.ts'
import { cardInHand, labelInFocus } from './neighbours.ts'
import { onMap } from './map.ts'
import { showChange } from './showPatches.ts'

async function undo(): Promise<void> {
  const change = await useFaults().attempt('viewer', 'Nothing was undone.', () => useLabels().undo())
  if (change) await showChange(change)
}

async function redo(): Promise<void> {
  const change = await useFaults().attempt('viewer', 'Nothing was redone.', () => useLabels().redo())
  if (change) await showChange(change)
}

/** The patch that keys label: only with the Label tool, and the pointer or the arrow keys on a patch. */
const patchInHand = (): number | null => {
  const { patch } = useViewport()
  return useWindow().tool === 'label' ? patch : null
}

/** Cards are selected, and the pointer is not over the slide beside them. */
const hasSelection = (): boolean =>
  inGallery() && useGallery().selected.size > 0 && (useViewport().cursor === null || patchInHand() === null)

/** Cards are selected that are not just the patch under review. */
function selectedOtherThanReviewed(): boolean {
  const { selected, source } = useGallery()
  const reviewed = useReview().current
  return hasSelection() && !(reviewed?.source === source?.id && selected.size === 1 && selected.has(reviewed!.patch))
}

const hasPoints = (): boolean => onMap() && useMap().selected.size > 0

/**
 * A class key: makes the class active; labels the points of the map, the card in focus, what is selected or in hand, or
 * corrects what is under review.
 */
function takeClass(number: number): unknown {
  if (number !== UNLABELLED) useLabels().active = number
  if (hasPoints()) return labelPoints(number)
  if (cardInHand()) return labelInFocus(number)
  if (useWindow().stage === 'review' && useReview().current && !selectedOtherThanReviewed()) {
    return number === UNLABELLED ? undefined : useReview().correct(number)
  }
  if (hasSelection()) return labelSelection(number)
  const patch = patchInHand()
  return patch === null ? undefined : labelPatch(patch, number)
}

const canChange = (): boolean => useProject().canChange

async function addSet(kind: 'folder' | 'csv' | 'idx'): Promise<void> {
  const files = useFiles()
  const patches = usePatches()
  await useFaults().attempt('label', 'The patch set was not added.', async () => {
    if (kind === 'folder') {
      const [folder] = await files.choose('patch-folder')
      if (folder) await showSet((await patches.addFolder(folder.handle, null)).id)
    } else if (kind === 'csv') {
      const [file] = await files.choose('csv')
      if (file) await showSet((await patches.addCsv(file.handle, null)).id)
    } else {
      const [images] = await files.choose('idx-images', 'An IDX pair: first the file of images.')
      const [labels] = images ? await files.choose('idx-labels', 'Now the file of labels that belongs to it.') : []
      if (images && labels) await showSet((await patches.addIdx(images.handle, labels.handle)).id)
    }
  })
}

export const labelCommands = () => [
  command({
    id: 'labels.undo',
    title: 'Undo',
    group: 'Labels',
    keys: ['Ctrl+Z'],
    when: () => canChange() && useLabels().history.undo !== null,
    repeats: true,
    run: undo,
  }),
  command({
    id: 'labels.redo',
    title: 'Redo',
    group: 'Labels',
    keys: ['Ctrl+Shift+Z', 'Ctrl+Y'],
    when: () => canChange() && useLabels().history.redo !== null,
    repeats: true,
    run: redo,
  }),
  command({
    id: 'labels.clear',
    title: 'Clear the label of the patch',
    group: 'Labels',
    keys: ['0', 'Backspace', 'Delete'],
    when: () => canChange() && (patchInHand() !== null || hasSelection() || cardInHand() !== null || hasPoints()),
    run: () => takeClass(UNLABELLED),
  }),
  command({
    id: 'labels.importCsv',
    title: 'Import labels from a CSV file…',
    group: 'Labels',
    when: () => canChange() && usePatches().openGrid !== null,
    run() {
      const slide = useViewport().slideId
      if (slide) useWindow().show({ kind: 'import-labels', slide })
    },
  }),
  command({
    id: 'patches.addFolder',
    title: 'Add a folder of patches…',
    group: 'Labels',
    when: canChange,
    run: () => addSet('folder'),
  }),
  command({
    id: 'patches.addCsv',
    title: 'Add a list of patches (CSV)…',
    group: 'Labels',
    when: canChange,
    run: () => addSet('csv'),
  }),
  command({
    id: 'patches.addIdx',
    title: 'Add an IDX pair of patches…',
    group: 'Labels',
    when: canChange,
    run: () => addSet('idx'),
  }),
]

/** One command for each class; their keys belong to the project, not to the person. */
export const classCommands = () =>
  useLabels().classes.map((each) =>
    command({
      id: `class.${each.number}`,
      title: `Class ${each.name}`,
      group: 'Labels',
      keys: each.key ? [each.key.toUpperCase()] : [],
      when: canChange,
      run: () => takeClass(each.number),
    }),
  )
