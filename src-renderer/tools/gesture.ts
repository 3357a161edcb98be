/**
 * A gesture as one thing: the press, then every move until the release. A tool tells it from beginning to end in one
 * function: before its loop the press, the loop the drag, after it the release.
 */
import type { SlidePoint } from '../stores/viewport.ts'
import type { ViewerPoint } from '../viewer/coordinates.ts'

/** The pointer at one moment, in both frames. */
export interface PointerAt {
  /** level-0 px */
  slide: SlidePoint
  /** CSS px of the viewer */
  viewer: ViewerPoint
}

export interface Gesture {
  readonly press: PointerAt
  /** Every place the pointer came to, until the button is let go or the gesture is dropped. */
  readonly moves: AsyncIterable<PointerAt>
  /** Esc was pressed or the pointer was lost: nothing of it may count. */
  readonly dropped: boolean
}

export interface GestureSource {
  gesture: Gesture
  move(to: PointerAt): void
  end(): void
  drop(): void
}

/** A gesture that is fed from outside: by pointer events, or by a test. */
export function gestureFrom(press: PointerAt): GestureSource {
  const waiting: PointerAt[] = []
  let over = false
  let dropped = false
  let wake = (): void => undefined

  async function* moves(): AsyncGenerator<PointerAt, void> {
    for (;;) {
      while (waiting.length > 0) yield waiting.shift()!
      if (over) return
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }

  const finish = (): void => {
    over = true
    wake()
  }

  return {
    gesture: {
      press,
      moves: moves(),
      get dropped() {
        return dropped
      },
    },
    move(to) {
      if (over) return
      waiting.push(to)
      wake()
    },
    end: finish,
    drop() {
      dropped = true
      waiting.length = 0
      finish()
    },
  }
}
