/** How a run is shared out over its folds or members. */
import { expect, test } from 'vitest'
import { seedOfMember, shareOf } from '../../../src-main/training/partRuns.ts'

test('minutes are for all parts together, epochs and steps of each', () => {
  expect(shareOf({ kind: 'minutes', minutes: 40 }, 4)).toEqual({ kind: 'minutes', minutes: 10 })
  expect(shareOf({ kind: 'epochs', epochs: 3 }, 4)).toEqual({ kind: 'epochs', epochs: 3 })
  expect(shareOf({ kind: 'steps', steps: 100 }, 4)).toEqual({ kind: 'steps', steps: 100 })
})

test('every member has a seed of its own, also where the largest is passed', () => {
  expect([0, 1, 2].map((member) => seedOfMember(7, member))).toEqual([7, 8, 9])
  expect([0, 1, 2].map((member) => seedOfMember(0xffffffff, member))).toEqual([0xffffffff, 0, 1])
})
