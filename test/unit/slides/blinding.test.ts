/** Blinded reading: numbers that say nothing and stay, and sentences without names. */
import { describe, expect, test } from 'vitest'
import type { Blinding } from '../../../src-shared/blinding.ts'
import { createBlinding } from '../../../src-main/slides/blinding.ts'
import { nameHider } from '../../../src-renderer/stores/nameHider.ts'
import { SlideBench } from '../../fixtures/slideBench.ts'
import { sharedReader } from '../../fixtures/slideReaders.ts'
import { appendFileSync } from 'node:fs'

const reader = sharedReader()

function blindingOf(bench: SlideBench, told: Blinding[] = []) {
  return createBlinding({
    store: bench.project.store,
    slides: bench.slides,
    readOnly: () => false,
    publish: (body) => void told.push(body),
  })
}

/** Slides of one picture in different files. */
const another = (bench: SlideBench, name: string) => {
  const file = bench.file(name)
  appendFileSync(file, name)
  return file
}

describe('in the project', () => {
  test('slides are numbered from 1 when names are hidden, and keep their numbers when they are shown and hidden again', async () => {
    const bench = SlideBench.create(reader)
    for (const name of ['a.tif', 'b.tif', 'c.tif']) await bench.add(another(bench, name))
    const calls = blindingOf(bench)
    expect(await calls['blinding.get']()).toEqual({ on: false, numbers: [] })
    const { on, numbers } = await calls['blinding.set']({ on: true })
    expect([on, numbers.map(({ number }) => number)]).toEqual([true, [1, 2, 3]])
    expect(await calls['blinding.set']({ on: false })).toEqual({ on: false, numbers })
    expect(await calls['blinding.set']({ on: true })).toEqual({ on: true, numbers })
    await bench.reopen()
    expect(await blindingOf(bench)['blinding.get']()).toEqual({ on: true, numbers })
  })

  test('a slide that is added later has the next number at once, and windows are told', async () => {
    const bench = SlideBench.create(reader)
    await bench.add(another(bench, 'a.tif'))
    const told: Blinding[] = []
    const calls = blindingOf(bench, told)
    const { numbers } = await calls['blinding.set']({ on: true })
    const later = await bench.add(another(bench, 'later.tif'))
    expect(told.at(-1)).toEqual({ on: true, numbers: [...numbers, { slide: later.id, number: 2 }] })
  })

  test('the order is one that the seed decides, not the one in which slides were added', () => {
    const bench = SlideBench.create(reader)
    const { store } = bench.project
    store.transaction('slides', (db) => {
      db.run(`INSERT INTO cases VALUES (1, 'c', 'case', 1)`)
      for (let i = 0; i < 20; i++)
        db.run(
          `INSERT INTO slides (seq, id, case_seq, name, absolute_path, fingerprint, header, added_at)
           VALUES (@seq, @id, 1, 'x', '/x', @id, '{}', 1)`,
          { seq: i + 1, id: `0198c000-0000-7000-8000-${String(i).padStart(12, '0')}` },
        )
      db.run('INSERT INTO blinding (one, is_on, seed) VALUES (1, 0, 4)')
    })
    const order = () => {
      const calls = blindingOf(bench)
      void calls['blinding.set']({ on: true })
      return store.read
        .all<{ slide: number }>('SELECT slide FROM blind_numbers ORDER BY number')
        .map((row) => row.slide)
    }
    const first = order()
    expect(first.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    expect(first).not.toEqual(first.toSorted((a, b) => a - b))
    const again = () => store.transaction('again', (db) => db.run('DELETE FROM blind_numbers'))
    again()
    expect(order(), 'the same seed').toEqual(first)
    again()
    store.transaction('seed', (db) => db.run('UPDATE blinding SET seed = 5'))
    expect(order(), 'another seed').not.toEqual(first)
  })
})

describe('in sentences', () => {
  const hide = nameHider([
    ['CMU-1', 'Slide 2'],
    ['CMU-1-Small-Region', 'Slide 1'],
    ['Müller, A. (2026)', 'Slide 3'],
    ['7', 'Slide 4'],
  ])

  test.each([
    ['Predict CMU-1 with Model 1', 'Predict Slide 2 with Model 1'],
    ['“CMU-1-Small-Region” can not be read: CMU-1-Small-Region.svs', '“Slide 1” can not be read: Slide 1.svs'],
    ['/data/cmu-1.SVS', '/data/Slide 2.SVS'],
    ['the case of Müller, A. (2026) was not changed', 'the case of Slide 3 was not changed'],
    ['7 patches of “7” (7.svs)', '7 patches of “Slide 4” (Slide 4.svs)'],
    ['CMU-12 and XCMU-1 are others', 'CMU-12 and XCMU-1 are others'],
  ])('%s', (text, hidden) => {
    expect(hide(text)).toBe(hidden)
  })

  test('without slides nothing is changed', () => {
    expect(nameHider([])('CMU-1')).toBe('CMU-1')
  })
})
