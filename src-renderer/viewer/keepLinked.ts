/**
 * Moves the second view with the main one, and the main one with the second, while they are linked.
 *
 * Each view tells where it looks with every frame. What a view tells because it was moved from here is known by where it
 * was sent, so that the two never answer each other.
 */
import { watch } from 'vue'
import type { Place } from '../../src-shared/bookmarks.ts'
import { useBeside } from '../stores/beside.ts'
import { useViewport, type View } from '../stores/viewport.ts'
import { type Anchor, follow, looksSame } from './linkedPlaces.ts'

export function keepLinked(): void {
  const viewport = useViewport()
  const beside = useBeside()
  let anchors: { main: Anchor; second: Anchor } | null = null
  let sentToMain: Place | null = null
  let sentToSecond: Place | null = null

  /** µm where both slides say them, else px of the two go together. */
  const measures = () =>
    viewport.mpp && beside.mpp ? { main: viewport.mpp, second: beside.mpp } : { main: 1, second: 1 }

  /** From here on the two go together: at the main view's magnification, each at its own place. */
  function link(): void {
    const { view: main } = viewport
    const { view: second } = beside
    anchors = null
    if (!beside.linked || !main || !second) return
    const mpp = measures()
    const place = beside.isSame ? main : { ...second, pxPerLevel0: (main.pxPerLevel0 * mpp.second) / mpp.main }
    anchors = { main: { place: main, mpp: mpp.main }, second: { place, mpp: mpp.second } }
    moveSecond(main)
  }

  function moveSecond(main: Place): void {
    if (!anchors) return
    sentToMain = null
    sentToSecond = follow(anchors.main, main, anchors.second)
    beside.controls?.goTo(sentToSecond, true)
  }

  const isResized = (now: View, before: View | null): boolean =>
    before !== null && (now.width !== before.width || now.height !== before.height)

  watch(
    () => viewport.view,
    (now, before) => {
      if (!now || !beside.view) anchors = null
      else if (!anchors) link()
      else if (!sentToMain || isResized(now, before) || !looksSame(now, sentToMain)) moveSecond(now)
    },
    { flush: 'sync' },
  )
  watch(
    () => beside.view,
    (now, before) => {
      if (!now || !viewport.view) anchors = null
      else if (!anchors) link()
      else if (isResized(now, before)) moveSecond(viewport.view)
      else if (!sentToSecond || !looksSame(now, sentToSecond)) {
        sentToMain = follow(anchors.second, now, anchors.main)
        sentToSecond = now
        viewport.controls?.goTo(sentToMain, true)
      }
    },
    { flush: 'sync' },
  )
  watch(() => [beside.linked, beside.isSame, viewport.mpp, beside.mpp], link)
}
