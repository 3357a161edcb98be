/** Calls on made-up labels and classes; each change answers the call and is told to everybody. */
import type { ApiCalls, PublishApi } from '../../../src-shared/api.ts'
import { tesseraError } from '../../../src-shared/errors.ts'
import { type Change, CLASS_COLOURS, type LabelCount, type PatchClass } from '../../../src-shared/labels.ts'
import { patchRect, sourceSize } from '../../../src-shared/patches.ts'
import { chance, newId } from './ids.ts'
import { FakeLabels } from './labels.ts'
import type { FakePatches } from './patchHandlers.ts'
import type { Scene } from './scene.ts'

type Keys = Extract<keyof ApiCalls, `labels.${string}`>

export interface FakeLabelRoom {
  log: FakeLabels
  counts(): LabelCount[]
  calls(guard: () => void): Pick<ApiCalls, Keys>
}

export function labelHandlers(scene: Scene, patches: FakePatches, publish: PublishApi): FakeLabelRoom {
  const log = new FakeLabels(
    scene,
    () => {
      const grids = [...patches.sources].filter(([, source]) => source.kind === 'grid')
      return new Map(grids.map(([id]) => [id, patches.grid(id)]))
    },
    (source) => sourceSize(patches.sources.get(source)!),
  )
  if (scene.labelled) labelSome(scene, log, patches)

  const told = <C extends Change | null>(change: C): C => {
    if (change) publish('labels.changed', change)
    return change
  }

  function counts(): LabelCount[] {
    const all: LabelCount[] = []
    for (const [source, now] of log.of) {
      const perClass = new Map<number, number>()
      for (const number of now) if (number) perClass.set(number, (perClass.get(number) ?? 0) + 1)
      for (const [number, count] of perClass) all.push({ source, class: number, count })
    }
    return all
  }

  const known = (number: number): PatchClass => {
    const found = log.classes.find((each) => each.number === number)
    if (!found) throw tesseraError('CLASS_UNKNOWN', 'This class was deleted.', { class: String(number) })
    return found
  }

  const free = (name: string, except?: number): void => {
    const taken = log.classes.find((each) => each.name.toLowerCase() === name.toLowerCase() && each.number !== except)
    if (taken) throw tesseraError('CLASS_NAME_TAKEN', `There is a class “${taken.name}” already.`, { name })
  }

  const calls = (guard: () => void): Pick<ApiCalls, Keys> => ({
    'labels.classes': () => log.classes,
    'labels.of': ({ source }) => {
      const now = log.array(source)
      const patch = Uint32Array.from([...now.keys()].filter((i) => now[i] !== 0))
      return { patch, class: Uint16Array.from(patch, (i) => now[i]!) }
    },
    'labels.ages': ({ source }) => {
      const ages = [...(log.ages.get(source) ?? [])].toSorted(([a], [b]) => a - b)
      return {
        patch: Uint32Array.from(ages, ([patch]) => patch),
        gesture: Uint32Array.from(ages, ([, gesture]) => gesture),
      }
    },
    'labels.counts': counts,
    'labels.assign': ({ source, patches: to, class: number, why }) => {
      guard()
      return told(log.assign(source, to, number, why))
    },
    'labels.assignMany': ({ parts, class: number, why }) => {
      guard()
      return told(log.assignMany(parts, number, why))
    },
    'labels.addClass': ({ name, colour, key }) => {
      guard()
      free(name)
      const number = Math.max(0, ...log.classes.map((each) => each.number)) + 1
      const made = {
        number,
        id: newId<PatchClass['id']>(),
        name,
        colour: colour ?? CLASS_COLOURS[(number - 1) % CLASS_COLOURS.length]!,
        key,
      }
      return told(log.setClasses('class-add', `add class ${name}`, [...log.classes, made]))
    },
    'labels.editClass': ({ class: number, ...edit }) => {
      guard()
      if (edit.name) free(edit.name, number)
      const next = { ...known(number), ...edit }
      const classes = log.classes.map((each) => (each.number === number ? next : each))
      return told(log.setClasses('class-edit', `change class ${next.name}`, classes))
    },
    'labels.deleteClass': ({ class: number }) => {
      guard()
      const { name } = known(number)
      const classes = log.classes.filter((each) => each.number !== number)
      return told(log.setClasses('class-delete', `delete class ${name}`, classes, log.diffsOf(number, 0)))
    },
    'labels.mergeClasses': ({ from, into }) => {
      guard()
      const text = `merge class ${known(from).name} into ${known(into).name}`
      const classes = log.classes.filter((each) => each.number !== from)
      return told(log.setClasses('class-merge', text, classes, log.diffsOf(from, into)))
    },
    'labels.undo': () => {
      guard()
      return told(log.undo())
    },
    'labels.redo': () => {
      guard()
      return told(log.redo())
    },
    'labels.history': () => log.history(),
    'labels.log': () => [],
    'labels.importCsv': ({ createClasses }) => {
      if (!createClasses)
        throw tesseraError(
          'LABELS_CLASS_UNKNOWN',
          'The file names classes this project does not have: necrosis, fat. Say which classes they are, or let them be made.',
          {
            file: 'labels.csv',
            names: ['necrosis', 'fat'],
          },
        )
      return { change: null, read: 672, unlabelled: 264 }
    },
    'labels.importFromSet': ({ set }) =>
      told(
        log.assign(
          set,
          Array.from({ length: sourceSize(patches.sources.get(set)!) }, (_, i) => i),
          1,
          'import',
        ),
      ),
    'labels.setMask': ({ grid, params }) => {
      guard()
      return told(log.mask(grid, { source: grid, mask: patches.setMask(grid, params) }))
    },
    'labels.paintMask': ({ grid, patches: painted, tissue }) => {
      guard()
      return told(log.mask(grid, { source: grid, mask: patches.paintMask(grid, { patches: painted, tissue }) }))
    },
    'labels.forgetPaintedMask': ({ grid }) => {
      guard()
      return told(log.mask(grid, { source: grid, mask: patches.paintMask(grid, null) }))
    },
    'labels.previewCarryOver': () => ({ carried: 74, lost: 6, kept: 0 }),
    'labels.carryOver': ({ to }) => told(log.assign(to, [3, 4, 5, 6], 1, 'carry-over')),
  })

  return { log, counts, calls }
}

/** As after an hour of work: the first slides carry labels, mostly right. */
function labelSome(scene: Scene, log: FakeLabels, patches: FakePatches): void {
  for (const [id, source] of [...patches.sources].slice(0, 40)) {
    if (source.kind !== 'grid') continue
    const all = source.columns * source.rows
    const share = scene.longNames && all > 100_000 ? 0.4 : Math.min(0.3, 260 / all)
    const by = new Map<number, number[]>()
    for (let patch = 0; patch < all; patch++) {
      if (chance(patch, 77) > share) continue
      const { x } = patchRect(source, patch)
      const number =
        1 + Math.floor(chance(Math.floor(x / 900), Math.floor(patch / source.columns / 9), 5) * scene.classes)
      const list = by.get(number)
      if (list) list.push(patch)
      else by.set(number, [patch])
    }
    for (const [number, list] of by) log.assign(id, list, number)
  }
}
