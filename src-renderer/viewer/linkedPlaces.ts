/**
 * Two slides looked at together: what one view does, the other does too, measured in µm on the glass.
 *
 * At the moment of linking a place of the one slide lies where a place of the other does, each turned as it is. From then
 * on the same point of the screen shows the same pair of places:
 *
 *   turn(B')   = turn(A') · turn(A)ᵀ · turn(B)
 *   centre(B') = centre(B) + turn(B)ᵀ · turn(A) · (centre(A') − centre(A))      in µm
 *   px per µm(B') = px per µm(A')
 *
 * A, B at linking; A', B' now. Pure.
 */
import type { Place } from '../../src-shared/bookmarks.ts'
import { level0Px } from '../../src-shared/units.ts'
import { fullTurn, type Turn, turnOf } from './coordinates.ts'

/** One side of a link: where its slide was looked at, and how fine it is. */
export interface Anchor {
  place: Place
  /** µm per level-0 px; 1 on both sides where one is not known: then px of the two go together */
  mpp: number
}

/** r · s */
const times = (r: Turn, s: Turn): Turn => ({
  a: r.a * s.a + r.c * s.b,
  b: r.b * s.a + r.d * s.b,
  c: r.a * s.c + r.c * s.d,
  d: r.b * s.c + r.d * s.d,
})

const transposed = ({ a, b, c, d }: Turn): Turn => ({ a, b: c, c: b, d })

/** A turn as its degrees and whether it is mirrored: turnOf, backwards. */
function named(turn: Turn): Pick<Place, 'rotation' | 'mirrored'> {
  const degrees = (Math.atan2(turn.b, turn.d) * 180) / Math.PI
  // what was computed from right angles is one again
  return {
    rotation: fullTurn(Math.round(degrees * 1e9) / 1e9),
    mirrored: turn.a * turn.d - turn.b * turn.c < 0,
  }
}

/** Where the one side has to look, now that the other has moved from its anchor to `moved`. */
export function follow(other: Anchor, moved: Place, own: Anchor): Place {
  const between = times(transposed(turnOf(own.place)), turnOf(other.place))
  const dx = (moved.centre.x - other.place.centre.x) * other.mpp
  const dy = (moved.centre.y - other.place.centre.y) * other.mpp
  return {
    centre: {
      x: level0Px(own.place.centre.x + (between.a * dx + between.c * dy) / own.mpp),
      y: level0Px(own.place.centre.y + (between.b * dx + between.d * dy) / own.mpp),
    },
    pxPerLevel0: (moved.pxPerLevel0 * own.mpp) / other.mpp,
    ...named(times(times(turnOf(moved), transposed(turnOf(other.place))), turnOf(own.place))),
  }
}

/** Whether two places look the same on a screen: nothing is off by a hundredth of a px or of a degree. */
export function looksSame(a: Place, b: Place): boolean {
  const turn = Math.abs(a.rotation - b.rotation)
  return (
    a.mirrored === b.mirrored &&
    Math.abs(a.pxPerLevel0 / b.pxPerLevel0 - 1) < 1e-5 &&
    Math.hypot(a.centre.x - b.centre.x, a.centre.y - b.centre.y) * a.pxPerLevel0 < 0.01 &&
    Math.min(turn, 360 - turn) < 0.01
  )
}
