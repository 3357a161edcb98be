/** What is selected among the cards of a gallery, and the place that keys act from. */
import { computed, type Ref, ref, shallowRef } from 'vue'
import { placesBetween } from './galleryOrder.ts'

const NONE: ReadonlySet<number> = new Set()

/** @param shown [place] patch @param columns of cards on the screen */
export function gallerySelection(shown: Ref<Uint32Array>, columns: Ref<number>) {
  /** Patches, all of them shown: nobody labels what is out of sight. */
  const selected = shallowRef<ReadonlySet<number>>(NONE)
  /** The place that arrow keys move from. */
  const cursor = ref<number | null>(null)
  /** Where a range begins. */
  const anchor = ref(0)

  const clamp = (place: number): number => Math.min(Math.max(0, place), shown.value.length - 1)
  const patchesAt = (places: Iterable<number>): Set<number> => new Set(Array.from(places, (each) => shown.value[each]!))

  /** Selects every patch between the anchor and a place, in the order they are shown. */
  function selectRange(to: number, alsoKeep: ReadonlySet<number> = NONE): void {
    const [first, last] = [Math.min(anchor.value, to), Math.max(anchor.value, to)]
    const range = new Set(alsoKeep)
    for (let place = first; place <= last; place++) range.add(shown.value[place]!)
    selected.value = range
    cursor.value = to
  }

  /** A click: alone, with Ctrl (one more, or one less), with Shift (all from where the last one was). */
  function press(place: number, { more, range }: { more: boolean; range: boolean }): void {
    if (range) {
      selectRange(place, more ? selected.value : NONE)
      return
    }
    const patch = shown.value[place]!
    if (more) {
      const next = new Set(selected.value)
      if (!next.delete(patch)) next.add(patch)
      selected.value = next
    } else selected.value = new Set([patch])
    cursor.value = place
    anchor.value = place
  }

  /** A drag over cards selects the rectangle of them; @param keep what was selected before and stays so */
  function drag(from: number, to: number, keep: ReadonlySet<number> | null): void {
    const between = patchesAt(placesBetween(from, to, columns.value, shown.value.length))
    selected.value = keep ? new Set([...keep, ...between]) : between
    anchor.value = from
    cursor.value = to
  }

  /** To another place; @param extend keeps what lies between the anchor and there selected */
  function goTo(place: number, extend = false): void {
    if (shown.value.length === 0) return
    const to = clamp(place)
    if (extend) selectRange(to)
    else press(to, { more: false, range: false })
  }

  /** The first press of an arrow key goes to the first patch. A step up or down from the last row stays where it is. */
  function move(by: number, extend = false): void {
    if (cursor.value === null) return goTo(0)
    const to = cursor.value + by
    const isRow = columns.value > 1 && Math.abs(by) === columns.value
    if (!isRow || (to >= 0 && to < shown.value.length)) goTo(to, extend)
  }

  /** Selects those of some patches that are shown, and goes to the first of them. */
  function select(wanted: Iterable<number>): void {
    const all = new Set(wanted)
    const places = [...shown.value.keys()].filter((place) => all.has(shown.value[place]!))
    selected.value = patchesAt(places)
    const [first] = places
    if (first === undefined) return
    cursor.value = first
    anchor.value = first
  }

  /** Another list is shown: the patch that keys act from stays the one, what is no longer shown is not selected. */
  function relist(next: Uint32Array): void {
    const at = cursor.value === null ? null : (shown.value[cursor.value] ?? null)
    shown.value = next
    if (selected.value.size > 0) {
      const kept = new Set(next)
      selected.value = new Set([...selected.value].filter((patch) => kept.has(patch)))
    }
    const place = at === null ? -1 : next.indexOf(at)
    cursor.value = place < 0 ? null : place
    anchor.value = cursor.value ?? 0
  }

  /** Keys act from the first patch again; what is selected stays so. */
  function leaveCursor(): void {
    cursor.value = null
    anchor.value = 0
  }

  function forget(): void {
    selected.value = NONE
    leaveCursor()
  }

  return {
    selected,
    cursor,
    press,
    drag,
    goTo,
    move,
    select,
    relist,
    leaveCursor,
    forget,
    selectAll: () => {
      selected.value = new Set(shown.value)
    },
    clearSelection: () => {
      selected.value = NONE
    },
    /** The patch the cursor is on. */
    current: computed(() => (cursor.value === null ? null : (shown.value[cursor.value] ?? null))),
  }
}
