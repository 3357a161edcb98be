import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FileHandle } from '../../../src-shared/app.ts'
import type { SourceId } from '../../../src-shared/ids.ts'
import { firstMask } from '../../../src-shared/masks.ts'
import { rebuildFromLog } from '../../../src-main/labels/rebuild.ts'
import { LabelBench, NORMAL, TUMOR } from '../../fixtures/labelBench.ts'
import { integerBelow, seeded } from '../../fixtures/random.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

describe('labelling', () => {
  test('a project begins with the classes tumor and normal, on the keys 1 and 2, and nothing to undo', () => {
    const bench = LabelBench.create()
    expect(bench.calls['labels.classes']()).toMatchObject([
      { number: TUMOR, name: 'tumor', colour: '#c80000', key: '1' },
      { number: NORMAL, name: 'normal', key: '2' },
    ])
    expect(bench.calls['labels.history']()).toMatchObject({ undo: null, redo: null })
    expect(() => bench.undo()).toThrow(expect.objectContaining({ code: 'NOTHING_TO_UNDO' }))
  })

  test('an assigned label is on disk when the call answers, and says who labelled it', () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    const change = bench.assign(grid, [3, 4], TUMOR)
    expect(bench.stored(grid)).toEqual([
      [3, TUMOR],
      [4, TUMOR],
    ])
    expect(change?.gesture).toMatchObject({
      kind: 'label',
      person: 'Anna',
      text: 'label 2 patches as tumor',
      source: grid,
    })
    expect(bench.changes).toEqual([change])
  })

  test('labelling patches as what they already are makes no step', () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    bench.assign(grid, [3], TUMOR)
    expect(bench.assign(grid, [3], TUMOR)).toBeNull()
    expect(bench.changes).toHaveLength(1)
  })

  test('patches given a class each are one step, and undo gives each its own back', () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    const each = { source: grid, patches: Uint32Array.of(1, 2, 3), class: Uint16Array.of(TUMOR, NORMAL, 0) }
    bench.calls['labels.assign']({ ...each, why: 'accept', prediction: null })
    expect(bench.stored(grid)).toEqual([
      [1, TUMOR],
      [2, NORMAL],
    ])
    bench.undo()
    expect(bench.stored(grid)).toEqual([])
    const short = { ...each, class: Uint16Array.of(TUMOR), why: 'accept' as const, prediction: null }
    expect(() => bench.calls['labels.assign'](short)).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }))
  })

  test('a diff names only the patches that changed, with what they were before', () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    bench.assign(grid, [1, 2], TUMOR)
    const change = bench.assign(grid, [2, 2, 3, 1], NORMAL)!
    const [diff] = change.labels
    const seen = [...diff!.patch].map((patch, i) => [patch, diff!.before[i], diff!.after[i]])
    expect(seen.toSorted()).toEqual([
      [1, TUMOR, NORMAL],
      [2, TUMOR, NORMAL],
      [3, 0, NORMAL],
    ])
  })

  test('a patch outside the grid is refused and nothing of the gesture is kept', () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide(), { columns: 4, rows: 4 })
    expect(() => bench.assign(grid, [1, 16], TUMOR)).toThrow(
      expect.objectContaining({ code: 'PATCH_UNKNOWN', data: expect.objectContaining({ patch: 16, patches: 16 }) }),
    )
    expect(bench.stored(grid)).toEqual([])
    expect(bench.changes).toEqual([])
  })

  test('a class nobody knows is refused', () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    expect(() => bench.assign(grid, [1], 7)).toThrow(expect.objectContaining({ code: 'CLASS_UNKNOWN' }))
  })

  test('patches of several slides are one step: one undo gives each its own label back, also where a slide is named twice', () => {
    const bench = LabelBench.create()
    const [here, there] = [bench.addGrid(bench.addSlide()), bench.addGrid(bench.addSlide('other'))]
    bench.assign(here, [2], NORMAL)
    const change = bench.calls['labels.assignMany']({
      parts: [
        { source: here, patches: Uint32Array.of(1, 2) },
        { source: there, patches: Uint32Array.of(7) },
        { source: here, patches: Uint32Array.of(2, 3) },
      ],
      class: TUMOR,
      why: 'label',
      prediction: null,
    })
    expect(change).toMatchObject({ gesture: { text: 'label 4 patches as tumor', source: here } })
    expect(bench.stored(here)).toEqual([1, 2, 3].map((patch) => [patch, TUMOR]))
    expect(bench.stored(there)).toEqual([[7, TUMOR]])
    bench.undo()
    expect(bench.stored(here)).toEqual([[2, NORMAL]])
    expect(bench.stored(there)).toEqual([])
  })

  test('100,000 patches are one gesture', () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide(), { columns: 400, rows: 400 })
    const patches = Array.from({ length: 100_000 }, (_, i) => i)
    expect(bench.assign(grid, patches, TUMOR)?.labels[0]?.patch).toHaveLength(100_000)
    expect(bench.undo().labels[0]?.after.every((each) => each === 0)).toBe(true)
    expect(bench.stored(grid)).toEqual([])
  })
})

describe('undo and redo', () => {
  test('undoing a stroke gives each patch back its own earlier label', () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    bench.assign(grid, [1], NORMAL)
    bench.assign(grid, [1, 2], TUMOR)
    bench.undo()
    expect(bench.stored(grid)).toEqual([[1, NORMAL]])
    bench.redo()
    expect(bench.stored(grid)).toEqual([
      [1, TUMOR],
      [2, TUMOR],
    ])
  })

  test('undo goes on after a restart, back to the first gesture', () => {
    let bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    for (let patch = 0; patch < 20; patch++) bench.assign(grid, [patch], TUMOR)
    bench.undo()
    bench = bench.restart()
    expect(bench.calls['labels.history']()).toMatchObject({
      undo: 'label 1 patch as tumor',
      redo: 'label 1 patch as tumor',
    })
    bench.redo()
    for (let i = 0; i < 20; i++) bench.undo()
    expect(bench.stored(grid)).toEqual([])
    expect(() => bench.undo()).toThrow(expect.objectContaining({ code: 'NOTHING_TO_UNDO' }))
  })

  test('a new gesture ends redo, but the log keeps what was undone', () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    bench.assign(grid, [1], TUMOR)
    bench.undo()
    bench.assign(grid, [2], NORMAL)
    expect(() => bench.redo()).toThrow(expect.objectContaining({ code: 'NOTHING_TO_REDO' }))
    const log = bench.calls['labels.log']({ before: null, limit: 10 })
    expect(log.map((gesture) => gesture.kind)).toEqual(['label', 'undo', 'label', 'begin'])
  })

  test('the change of an undo says on which slide it happened', () => {
    const bench = LabelBench.create()
    const first = bench.addGrid(bench.addSlide('first'))
    const second = bench.addGrid(bench.addSlide('second'))
    const there = bench.assign(first, [1], TUMOR)!
    bench.assign(second, [1], TUMOR)
    bench.undo()
    expect(bench.undo().gesture).toMatchObject({ source: first, slide: there.gesture.slide })
  })

  test('the log can not be changed, whatever the program does', () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    bench.assign(grid, [1], TUMOR)
    const { store } = bench.project
    for (const table of ['gestures', 'gesture_labels'])
      for (const deed of [`DELETE FROM ${table}`, `UPDATE ${table} SET rowid = rowid`])
        expect(() => store.transaction('test', (db) => db.run(deed))).toThrow('append-only')
  })
})

describe('classes', () => {
  test('deleting a class clears its labels in the same step, and undo brings both back', () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    bench.assign(grid, [1, 2], TUMOR)
    bench.assign(grid, [3], NORMAL)
    const change = bench.calls['labels.deleteClass']({ class: TUMOR })
    expect(change.gesture.text).toBe('delete class tumor and its 2 labels')
    expect(change.classes?.map((each) => each.name)).toEqual(['normal'])
    expect(bench.stored(grid)).toEqual([[3, NORMAL]])
    bench.undo()
    expect(bench.classNames()).toEqual(['tumor', 'normal'])
    expect(bench.stored(grid)).toEqual([
      [1, TUMOR],
      [2, TUMOR],
      [3, NORMAL],
    ])
  })

  test('merging gives every label of one class to the other, on all slides, and undo separates them again', () => {
    const bench = LabelBench.create()
    const [a, b] = [bench.addGrid(bench.addSlide('a')), bench.addGrid(bench.addSlide('b'))]
    bench.assign(a, [1], TUMOR)
    bench.assign(a, [2], NORMAL)
    bench.assign(b, [5], TUMOR)
    bench.calls['labels.mergeClasses']({ from: TUMOR, into: NORMAL })
    expect([bench.stored(a), bench.stored(b)]).toEqual([
      [
        [1, NORMAL],
        [2, NORMAL],
      ],
      [[5, NORMAL]],
    ])
    bench.undo()
    expect([bench.stored(a), bench.stored(b)]).toEqual([
      [
        [1, TUMOR],
        [2, NORMAL],
      ],
      [[5, TUMOR]],
    ])
  })

  test('the number of a deleted class is never used again', () => {
    const bench = LabelBench.create()
    const add = (name: string) => bench.calls['labels.addClass']({ name, colour: null, key: null })
    add('stroma')
    bench.calls['labels.deleteClass']({ class: 3 })
    expect(add('necrosis').classes?.map((each) => each.number)).toEqual([TUMOR, NORMAL, 4])
  })

  test('a name is taken whatever its case; after a rename it is free', () => {
    const bench = LabelBench.create()
    const add = (name: string) => () => bench.calls['labels.addClass']({ name, colour: null, key: null })
    expect(add('TUMOR')).toThrow(expect.objectContaining({ code: 'CLASS_NAME_TAKEN' }))
    bench.calls['labels.editClass']({ class: TUMOR, name: 'metastasis' })
    expect(add('TUMOR')).not.toThrow()
  })

  test('new classes get the next free digit and colour; past nine they have no key', () => {
    const bench = LabelBench.create()
    for (let i = 3; i <= 42; i++) bench.calls['labels.addClass']({ name: `class ${i}`, colour: null, key: null })
    const classes = bench.calls['labels.classes']()
    expect(classes.map((each) => each.key)).toEqual(
      Array.from({ length: 42 }, (_, i) => (i < 9 ? String(i + 1) : null)),
    )
    expect(new Set(classes.map((each) => each.colour)).size).toBe(42)
  })

  test('undoing the making of a class after its labels were undone leaves no trace of it', () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    bench.calls['labels.addClass']({ name: 'stroma', colour: null, key: null })
    bench.assign(grid, [1], 3)
    bench.undo()
    bench.undo()
    expect(bench.classNames()).toEqual(['tumor', 'normal'])
    bench.redo()
    bench.redo()
    expect(bench.stored(grid)).toEqual([[1, 3]])
  })
})

describe('masks and carrying over', () => {
  test('a mask never deletes labels, and putting it in force can be undone', async () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    bench.assign(grid, [1], TUMOR)
    const params = firstMask('otsu-saturation')
    const change = await bench.calls['labels.setMask']({ grid, params })
    expect(change.mask).toMatchObject({ source: grid, mask: expect.any(String) })
    expect(bench.stored(grid)).toEqual([[1, TUMOR]])
    expect(bench.undo().mask).toEqual({ source: grid, mask: null })
  })

  test('each stroke over the tissue mask is one step, kept by the next settings, and forgotten in one', async () => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide())
    const params = firstMask('otsu-saturation')
    expect(() => bench.calls['labels.paintMask']({ grid, patches: Uint32Array.of(1), tissue: false })).toThrow(
      expect.objectContaining({ code: 'MASK_NEEDED' }),
    )
    const { mask: whole } = await bench.calls['labels.setMask']({ grid, params })
    const paint = (patches: number[], tissue: boolean) =>
      bench.calls['labels.paintMask']({ grid, patches: Uint32Array.from(patches), tissue })
    const away = paint([1, 2, 2], false)!
    expect(away.gesture).toMatchObject({ kind: 'mask', text: 'take 2 patches out of the tissue' })
    expect(paint([1], false)).toBeNull()
    expect(paint([1], true)!.gesture.text).toBe('add 1 patch to the tissue')
    expect(bench.undo().mask).toEqual(away.mask)
    expect(bench.undo().mask).toEqual(whole)
    expect(bench.redo().mask).toEqual(away.mask)
    await bench.calls['labels.setMask']({ grid, params: { ...params, closing: 3 } })
    const forgotten = bench.calls['labels.forgetPaintedMask']({ grid })
    expect(forgotten!.gesture.text).toBe('forget what was painted over the tissue mask: 2 patches')
    expect(bench.calls['labels.forgetPaintedMask']({ grid })).toBeNull()
    expect(() => paint([1_000_000], true)).toThrow(expect.objectContaining({ code: 'PATCH_UNKNOWN' }))
  })

  test('labels reach the patches of a finer grid they cover, and none they cover by less than half', () => {
    const bench = LabelBench.create()
    const slide = bench.addSlide()
    const coarse = bench.addGrid(slide, { columns: 5, rows: 5, edge: 96 })
    const fine = bench.addGrid(slide, { columns: 10, rows: 10, edge: 48 })
    bench.assign(coarse, [0], TUMOR)
    const expected = { carried: 4, lost: 0, kept: 0 }
    expect(bench.calls['labels.previewCarryOver']({ from: coarse, to: fine })).toEqual(expected)
    bench.calls['labels.carryOver']({ from: coarse, to: fine })
    expect(bench.stored(fine)).toEqual([0, 1, 10, 11].map((patch) => [patch, TUMOR]))
    expect(bench.stored(coarse)).toEqual([[0, TUMOR]])
  })

  test('going to a coarser grid, the majority of the area decides, and a quarter is not enough', () => {
    const bench = LabelBench.create()
    const slide = bench.addSlide()
    const fine = bench.addGrid(slide, { columns: 10, rows: 10, edge: 48 })
    const coarse = bench.addGrid(slide, { columns: 5, rows: 5, edge: 96 })
    bench.assign(fine, [0, 1, 10], TUMOR)
    bench.assign(fine, [11], NORMAL)
    bench.assign(fine, [2], NORMAL) // a quarter of the second coarse patch
    expect(bench.calls['labels.previewCarryOver']({ from: fine, to: coarse })).toEqual({ carried: 1, lost: 2, kept: 0 })
    bench.calls['labels.carryOver']({ from: fine, to: coarse })
    expect(bench.stored(coarse)).toEqual([[0, TUMOR]])
  })

  test('a label that is already on the new grid is kept', () => {
    const bench = LabelBench.create()
    const slide = bench.addSlide()
    const old = bench.addGrid(slide, { edge: 96 })
    const fresh = bench.addGrid(slide, { columns: 9, rows: 9, edge: 97 })
    bench.assign(old, [0, 1], TUMOR)
    bench.assign(fresh, [0], NORMAL)
    expect(bench.calls['labels.previewCarryOver']({ from: old, to: fresh })).toMatchObject({ carried: 1, kept: 1 })
    bench.calls['labels.carryOver']({ from: old, to: fresh })
    expect(bench.stored(fresh)).toEqual([
      [0, NORMAL],
      [1, TUMOR],
    ])
  })
})

describe('labels from a CSV file', () => {
  const importing = async (text: string, options: { map?: Record<string, string>; createClasses?: boolean } = {}) => {
    const bench = LabelBench.create()
    const grid = bench.addGrid(bench.addSlide(), { columns: 4, rows: 4, edge: 96 })
    const file = path.join(temporaryFolder(), 'Präparat 7.csv')
    writeFileSync(file, text)
    const result = async () =>
      bench.calls['labels.importCsv']({
        source: grid,
        file: file as FileHandle,
        map: options.map ?? {},
        createClasses: options.createClasses ?? false,
        shiftByBounds: false,
      })
    return { bench, grid, result }
  }

  test('columns and rows, corners, or both name the same patches', async () => {
    for (const text of [
      'col,row,label\n1,2,tumor\n',
      'x,y,label\n96,192,Tumor\n',
      'label;row;col;x;y\r\nTUMOR;2;1;96;192\r\n',
    ]) {
      const { bench, grid, result } = await importing(text)
      await result()
      expect(bench.stored(grid)).toEqual([[9, TUMOR]])
    }
  })

  test('the whole file is one step', async () => {
    const { bench, grid, result } = await importing('\ufeffcol,row,label\n0,0,tumor\n1,0,normal\n2,0,\n')
    expect(await result()).toMatchObject({ read: 3, unlabelled: 1 })
    expect(bench.stored(grid)).toHaveLength(2)
    bench.undo()
    expect(bench.stored(grid)).toEqual([])
  })

  test.each([
    ['a corner that is not the cell', 'col,row,x,y,label\n1,0,95,0,tumor\n', 2],
    ['a corner between patches', 'x,y,label\n95,0,tumor\n', 2],
    ['a cell outside the grid', 'col,row,label\n0,0,tumor\n4,0,tumor\n', 3],
    ['a word for a number', 'col,row,label\none,0,tumor\n', 2],
    ['no position', 'label\ntumor\n', 2],
    ['no column “label”', 'col,row\n0,0\n', 1],
    ['no rows', 'col,row,label\n', null],
    ['a row with too many fields', 'col,row,label\n0,0,tumor,extra\n', 2],
    ['a quote that does not end', 'col,row,label\n0,0,"tumor\n', 2],
    ['nothing at all', '', null],
    ['one patch with two labels', 'col,row,label\n0,0,tumor\n0,0,normal\n', 3],
    ['one patch with a label and without', 'col,row,label\n0,0,tumor\n0,0,\n', 3],
    ['half a cell beside a corner', 'col,x,y,label\n3,0,0,tumor\n', 2],
    ['half a corner beside a cell', 'col,row,x,label\n0,0,96,tumor\n', 2],
    ['half a patch', 'col,row,label\n0.5,0,tumor\n', 2],
    ['a patch before the first', 'col,row,label\n-1,0,tumor\n', 2],
  ])('%s stops the import, names the line, and nothing is imported', async (_what, text, line) => {
    const { bench, grid, result } = await importing(text)
    await expect(result()).rejects.toMatchObject({ code: 'LABELS_FILE_INVALID', data: { line } })
    expect(bench.stored(grid)).toEqual([])
    expect(bench.changes).toEqual([])
  })

  test('a patch said twice the same is one label', async () => {
    const { bench, grid, result } = await importing('col,row,label\n0,0,tumor\n0,0,Tumor\n')
    expect(await result()).toMatchObject({ read: 2 })
    expect(bench.stored(grid)).toEqual([[0, TUMOR]])
  })

  test('a name no class can have makes none', async () => {
    const { bench, result } = await importing(`col,row,label\n0,0,stroma\n1,0,${'x'.repeat(81)}\n`, {
      createClasses: true,
    })
    await expect(result()).rejects.toMatchObject({
      code: 'LABELS_FILE_INVALID',
      message: expect.stringMatching(/81 characters/),
    })
    expect(bench.classNames()).toEqual(['tumor', 'normal'])
    expect(bench.calls['labels.addClass']({ name: 'stroma', colour: null, key: null }).classes!.at(-1)!.number).toBe(3)
  })

  test('new classes come in the order of their names, 2 before 10; an umlaut spelt as two characters is the same name', async () => {
    const { bench, result } = await importing('col,row,label\n0,0,10\n1,0,2\n2,0,Dru\u0308se\n3,0,dr\u00FCse\n', {
      createClasses: true,
    })
    await result()
    expect(bench.classNames().map((name) => name.toLowerCase())).toEqual(['tumor', 'normal', '2', '10', 'dr\u00FCse'])
  })

  test('unknown names stop the import, unless they are mapped or may be created', async () => {
    const text = 'col,row,label\n0,0,metastasis\n1,0,normal\n'
    const stopped = await importing(text)
    await expect(stopped.result()).rejects.toMatchObject({
      code: 'LABELS_CLASS_UNKNOWN',
      data: { names: ['metastasis'] },
    })
    expect(stopped.bench.stored(stopped.grid)).toEqual([])

    const mapped = await importing(text, { map: { Metastasis: 'Tumor' } })
    await mapped.result()
    expect(mapped.bench.stored(mapped.grid)).toEqual([
      [0, TUMOR],
      [1, NORMAL],
    ])

    const created = await importing(text, { createClasses: true })
    await created.result()
    expect(created.bench.classNames()).toEqual(['tumor', 'normal', 'metastasis'])
    created.bench.undo()
    expect(created.bench.classNames()).toEqual(['tumor', 'normal'])
    expect(created.bench.stored(created.grid)).toEqual([])
  })
})

describe.each([1, 2, 3, 4, 5])('two hundred random gestures (seed %i)', (seed) => {
  test('the current labels, the log replayed, and undo to the beginning agree', () => {
    const random = seeded(seed)
    let bench = LabelBench.create()
    const grids: SourceId[] = [bench.addGrid(bench.addSlide('a')), bench.addGrid(bench.addSlide('b'))]
    const numbers = () => bench.calls['labels.classes']().map((each) => each.number)
    const some = () => Array.from({ length: 1 + integerBelow(random, 12) }, () => integerBelow(random, 100))
    const attempt = (deed: () => unknown) => {
      try {
        deed()
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/NOTHING_TO|CLASS_NAME_TAKEN|CLASS_UNKNOWN/) })
      }
    }
    for (let i = 0; i < 200; i++) {
      const pick = random()
      const classes = numbers()
      const oneClass = classes[integerBelow(random, classes.length)] ?? 0
      const grid = grids[integerBelow(random, grids.length)]!
      if (pick < 0.5) attempt(() => bench.assign(grid, some(), random() < 0.2 ? 0 : oneClass))
      else if (pick < 0.7) attempt(() => bench.undo())
      else if (pick < 0.82) attempt(() => bench.redo())
      else if (pick < 0.9)
        attempt(() => bench.calls['labels.addClass']({ name: `class ${i}`, colour: null, key: null }))
      else if (pick < 0.94) attempt(() => bench.calls['labels.deleteClass']({ class: oneClass }))
      else if (pick < 0.97) attempt(() => bench.calls['labels.mergeClasses']({ from: oneClass, into: classes[0]! }))
      else bench = bench.restart()
    }
    const tables = () => ({
      labels: bench.project.store.read.all('SELECT source, patch, class FROM labels ORDER BY source, patch'),
      classes: bench.project.store.read.all('SELECT number, name, deleted FROM classes ORDER BY number'),
    })
    const before = tables()
    for (const grid of grids) {
      const seen = [...bench.room.of(grid).entries()].filter(([, number]) => number !== 0)
      expect(seen).toEqual(bench.stored(grid))
    }
    rebuildFromLog(bench.project.store)
    expect(tables()).toEqual(before)

    bench = bench.restart()
    while (bench.calls['labels.history']().undo !== null) bench.undo()
    expect(bench.classNames()).toEqual(['tumor', 'normal'])
    expect(grids.flatMap((grid) => bench.stored(grid))).toEqual([])
  })
})
