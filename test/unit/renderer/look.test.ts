/** How a slide is shown: the table of brightness, contrast and gamma, stains alone, and what is kept. */
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { useCommands } from '../../../src-renderer/commands/index.ts'
import { useFaults } from '../../../src-renderer/stores/faults.ts'
import { useLooks } from '../../../src-renderer/stores/looks.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useSlides } from '../../../src-renderer/stores/slides.ts'
import { useViewport } from '../../../src-renderer/stores/viewport.ts'
import { stainPainter } from '../../../src-renderer/viewer/stainChannel.ts'
import { tileLookOf } from '../../../src-renderer/viewer/tileLook.ts'
import { AS_STORED, displayTable, SlideLook } from '../../../src-shared/look.ts'
import { pairMatrix } from '../../../src-shared/stains.ts'

describe('the table of values shown', () => {
  test('leaves every value as it is when nothing is changed', () => {
    expect(displayTable(AS_STORED)).toEqual(Array.from({ length: 256 }, (_, value) => expect.closeTo(value / 255, 12)))
  })

  test.each([
    [{ brightness: 0.2 }, 51, 0.4],
    [{ brightness: 0.2 }, 255, 1],
    [{ brightness: -0.5 }, 51, 0],
    [{ contrast: 2 }, 153, 0.7], // 2 · (0.6 − 0.5) + 0.5
    [{ contrast: 0.5 }, 0, 0.25],
    [{ gamma: 2 }, 51, Math.sqrt(0.2)],
    [{ gamma: 0.5 }, 51, 0.04],
    [{ contrast: 2, brightness: 0.1, gamma: 2 }, 153, Math.sqrt(0.8)],
  ])('%o makes %i the share %d', (change, value, share) => {
    expect(displayTable(SlideLook.parse(change))[value]).toBeCloseTo(share, 12)
  })
})

describe('a stain alone', () => {
  test('glass stays white, and a pure stain keeps its colour in its own channel and is white in the other', () => {
    const [h, e] = [pairMatrix('h-e').slice(0, 3), pairMatrix('h-e').slice(3, 6)]
    const dyed = (stain: number[]) => stain.map((density) => Math.round(256 * Math.exp(-0.8 * density) - 1))
    const shownOf = (shown: 'haematoxylin' | 'other', rgb: number[]) => {
      const px = Uint8ClampedArray.of(...rgb, 255)
      stainPainter({ stains: 'h-e', shown, grey: false })(px)
      return [...px]
    }
    for (const shown of ['haematoxylin', 'other'] as const)
      expect(shownOf(shown, [255, 255, 255])).toEqual([255, 255, 255, 255])
    const near = (rgb: number[]) => [...rgb.map((value) => expect.closeTo(value, -0.5)), 255]
    expect(shownOf('haematoxylin', dyed(h))).toEqual(near(dyed(h)))
    expect(shownOf('other', dyed(h))).toEqual(near([255, 255, 255]))
    expect(shownOf('other', dyed(e))).toEqual(near(dyed(e)))
    expect(shownOf('haematoxylin', dyed(e))).toEqual(near([255, 255, 255]))
  })

  test('every look that differs in the tiles has a key of its own, and light is not in it', () => {
    const looks = (['haematoxylin', 'other', 'residual'] as const).flatMap((shown) =>
      (['h-e', 'h-dab'] as const).flatMap((stains) => [false, true].map((grey) => ({ shown, stains, grey }))),
    )
    const keys = [AS_STORED, ...looks].map((look) => tileLookOf(SlideLook.parse(look), null).key)
    expect(new Set(keys).size).toBe(keys.length)
    expect(tileLookOf(SlideLook.parse({ gamma: 2, brightness: 0.5 }), null).key).toBe(tileLookOf(AS_STORED, null).key)
  })
})

describe('looks of slides', () => {
  async function open(scene: keyof typeof scenes): Promise<void> {
    setActivePinia(createPinia())
    await openApi(fakeMain(scenes[scene]).openWire)
    await reloadAll()
  }
  beforeEach(() => open('sample'))
  afterEach(() => void vi.useRealTimers())

  const kept = () => useSlides().list.map(({ look }) => look)

  test('are seen at once, written when the hand rests, and each slide has its own', async () => {
    const looks = useLooks()
    const [first, second] = useSlides().list
    vi.useFakeTimers()
    for (const gamma of [1.1, 1.3, 1.6]) looks.change(first!.id, { gamma })
    expect(looks.of(first!.id).gamma).toBe(1.6)
    expect(looks.of(second!.id)).toEqual(AS_STORED)
    expect(kept()).toEqual([AS_STORED, AS_STORED])
    await vi.advanceTimersByTimeAsync(1000)
    vi.useRealTimers()
    await vi.waitFor(() => expect(kept()).toEqual([{ ...AS_STORED, gamma: 1.6 }, AS_STORED]))
    expect(looks.of(first!.id)).toBe(useSlides().list[0]!.look)
  })

  test('one is used for all by a command, and reset by another', async () => {
    const looks = useLooks()
    const id = useViewport().slideId!
    looks.change(id, { shown: 'haematoxylin', contrast: 2 })
    useCommands().run('view.look.all')
    const wanted = { ...AS_STORED, shown: 'haematoxylin', contrast: 2 }
    await vi.waitFor(() => expect(kept()).toEqual([wanted, wanted]))
    useCommands().run('view.look.reset')
    expect(looks.of(id)).toEqual(AS_STORED)
    await vi.waitFor(() => expect(kept().filter(({ shown }) => shown === 'colour')).toHaveLength(1))
  })

  test('stains follow each other by a key and come back to colour', () => {
    const looks = useLooks()
    const id = useViewport().slideId!
    const seen = Array.from({ length: 4 }, () => {
      useCommands().run('view.look.stain')
      return looks.of(id).shown
    })
    expect(seen).toEqual(['haematoxylin', 'other', 'residual', 'colour'])
  })

  test('that could not be kept are shown all the same, and the reason is said over the slide', async () => {
    await open('failing')
    const id = useSlides().list[0]!.id
    useLooks().change(id, { brightness: 0.3 })
    await vi.waitFor(() =>
      expect(useFaults().shown).toEqual([
        expect.objectContaining({ place: 'viewer', fault: expect.objectContaining({ code: 'DISK_FULL' }) }),
      ]),
    )
    expect(useLooks().of(id).brightness).toBe(0.3)
  })

  test('of a project open for reading only last as long as the window', async () => {
    await open('readonly')
    const id = useSlides().list[0]!.id
    vi.useFakeTimers()
    useLooks().change(id, { brightness: 0.3 })
    await vi.advanceTimersByTimeAsync(2000)
    expect(useLooks().of(id).brightness).toBe(0.3)
    expect(kept()[0]).toEqual(AS_STORED)
    expect(useFaults().shown).toEqual([])
  })
})
