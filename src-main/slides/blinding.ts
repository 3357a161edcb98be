/** Blinded reading: the numbers slides are called by, kept in the project. */
import { createHash, randomInt } from 'node:crypto'
import type { Blinding, blindingCalls } from '../../src-shared/blinding.ts'
import type { SlideId } from '../../src-shared/ids.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import type { ReadableDb, Store, WritableDb } from '../store/database.ts'
import type { SlidesRoom } from './slidesRoom.ts'

export type BlindingDependencies = {
  store: Store
  slides: Pick<SlidesRoom, 'onChanged'>
  readOnly: () => boolean
  publish: (body: Blinding) => void
}

const LARGEST_SEED = 2 ** 31

/** Slides that have no number yet get the next ones, in an order that only the seed decides. */
function numberSlides(db: WritableDb, seed: number): void {
  const waiting = db.all<{ seq: number; id: string }>(
    `SELECT seq, id FROM slides WHERE removed_at IS NULL AND seq NOT IN (SELECT slide FROM blind_numbers)`,
  )
  const place = ({ id }: { id: string }): string => createHash('sha256').update(`${seed} ${id}`).digest('hex')
  const shuffled = waiting.toSorted((a, b) => (place(a) < place(b) ? -1 : 1))
  const first = db.get<{ next: number }>('SELECT coalesce(max(number), 0) + 1 AS next FROM blind_numbers')!.next
  db.runEach(
    'INSERT INTO blind_numbers (slide, number) VALUES (@seq, @number)',
    shuffled.map(({ seq }, i) => ({ seq, number: first + i })),
  )
}

const readBlinding = (db: ReadableDb): Blinding => ({
  on: db.get<{ is_on: number }>('SELECT is_on FROM blinding')?.is_on === 1,
  numbers: db.all<{ slide: SlideId; number: number }>(
    'SELECT slides.id AS slide, number FROM blind_numbers JOIN slides ON slides.seq = blind_numbers.slide ORDER BY number',
  ),
})

export function createBlinding({
  store,
  slides,
  readOnly,
  publish,
}: BlindingDependencies): CallHandlers<typeof blindingCalls> {
  const told = (): Blinding => {
    const now = readBlinding(store.read)
    publish(now)
    return now
  }

  // A slide that is added to a blinded project is blinded from its first moment.
  slides.onChanged(() => {
    const state = store.read.get<{ is_on: number; seed: number }>('SELECT is_on, seed FROM blinding')
    if (state?.is_on !== 1 || readOnly()) return
    store.transaction('blinding.number', (db) => numberSlides(db, state.seed))
    told()
  })

  return {
    'blinding.get': () => readBlinding(store.read),
    'blinding.set'({ on }) {
      store.transaction('blinding.set', (db) => {
        db.run(
          'INSERT INTO blinding (one, is_on, seed) VALUES (1, @on, @seed) ON CONFLICT (one) DO UPDATE SET is_on = @on',
          {
            on: on ? 1 : 0,
            seed: randomInt(LARGEST_SEED),
          },
        )
        if (on) numberSlides(db, db.get<{ seed: number }>('SELECT seed FROM blinding')!.seed)
      })
      return told()
    },
  }
}
