import { describe, expect, test } from 'vitest'
import { createSuspicion } from '../../../src-main/slides/suspicion.ts'

const inFlight = (...slides: string[]) => {
  const counts = new Map<string, number>()
  for (const slide of slides) counts.set(slide, (counts.get(slide) ?? 0) + 1)
  return counts
}

describe('which slide killed the process', () => {
  test('one that was alone at two crashes', () => {
    const suspicion = createSuspicion()
    suspicion.crashed(inFlight('a'))
    expect([suspicion.isSuspect('a'), suspicion.setAside('a')]).toEqual([true, null])
    suspicion.crashed(inFlight('a'))
    expect([suspicion.isSuspect('a'), suspicion.setAside('a')]).toEqual([false, 2])
  })

  test('of several in flight: the one that kills again when it travels alone', () => {
    const suspicion = createSuspicion()
    suspicion.crashed(inFlight('a', 'b', 'c'))
    suspicion.settled('a')
    expect(suspicion.isSuspect('a')).toBe(false)
    suspicion.crashed(inFlight('b'))
    expect(suspicion.setAside('b')).toBe(2)
    suspicion.settled('c')
    expect([suspicion.isSuspect('c'), suspicion.setAside('c')]).toEqual([false, null])
  })

  test('never one that was only in company, however often', () => {
    const suspicion = createSuspicion()
    for (let i = 0; i < 10; i++) suspicion.crashed(inFlight('a', 'b'))
    expect([suspicion.setAside('a'), suspicion.setAside('b')]).toEqual([null, null])
  })

  test('innocence is proved by all requests that were in flight, not by one of them', () => {
    const suspicion = createSuspicion()
    suspicion.crashed(inFlight('a', 'a', 'a'))
    suspicion.settled('a')
    suspicion.settled('a')
    expect(suspicion.isSuspect('a')).toBe(true)
    suspicion.settled('a')
    expect(suspicion.isSuspect('a')).toBe(false)
  })

  test('once proved, an old crash counts no more', () => {
    const suspicion = createSuspicion()
    for (let i = 0; i < 5; i++) {
      suspicion.crashed(inFlight('a'))
      suspicion.settled('a')
    }
    expect(suspicion.setAside('a')).toBeNull()
  })

  test('a person may ask for another try', () => {
    const suspicion = createSuspicion()
    suspicion.crashed(inFlight('a'))
    suspicion.crashed(inFlight('a'))
    suspicion.forgive('a')
    expect(suspicion.setAside('a')).toBeNull()
    suspicion.crashed(inFlight('a'))
    expect(suspicion.setAside('a')).toBeNull()
  })
})
