/**
 * Pieces and holes of a mask, by their area. Pure.
 *
 * Pixels of tissue hang together by edges and corners (8 neighbours), those of glass by edges alone (4): with the same rule
 * for both, two diagonal strokes that cross would either not meet or let the glass through (Rosenfeld, Pfaltz, “Sequential
 * Operations in Digital Picture Processing”, J. ACM 13, 1966; the two passes below are theirs).
 */

/** Connected pixels of one value. */
type Components = {
  /** number of each pixel’s component, −1 for the other value: [height, width] */
  of: Int32Array
  /** px: [component] */
  area: number[]
  /** whether it reaches the edge of the picture: [component] */
  atEdge: boolean[]
}

/**
 * @param mask 0 or 1: [height, width]
 * @param value which pixels; 1 hangs together by 8 neighbours, 0 by 4
 */
function componentsOf(mask: Uint8Array, width: number, value: 0 | 1): Components {
  const of = new Int32Array(mask.length).fill(-1)
  const parent: number[] = []
  const rootOf = (label: number): number => {
    let root = label
    while (parent[root] !== root) root = parent[root]!
    for (let at = label; at !== root;) [at, parent[at]] = [parent[at]!, root] // the next way is short
    return root
  }
  let label = -1
  const join = (neighbour: number): void => {
    const other = of[neighbour]!
    if (other === -1) return
    const root = rootOf(other)
    if (label === -1) label = root
    else if (root < label) {
      parent[label] = root
      label = root
    } else parent[root] = label
  }
  for (let i = 0, x = 0; i < mask.length; i++, x = x + 1 === width ? 0 : x + 1) {
    if (mask[i] !== value) continue
    label = -1
    if (x > 0) join(i - 1)
    if (i >= width) {
      join(i - width)
      if (value === 1 && x > 0) join(i - width - 1)
      if (value === 1 && x + 1 < width) join(i - width + 1)
    }
    if (label === -1) {
      label = parent.length
      parent.push(label)
    }
    of[i] = label
  }

  const numbers = new Map<number, number>()
  const area: number[] = []
  const atEdge: boolean[] = []
  for (let i = 0, x = 0; i < mask.length; i++, x = x + 1 === width ? 0 : x + 1) {
    if (of[i] === -1) continue
    const root = rootOf(of[i]!)
    let number = numbers.get(root)
    if (number === undefined) {
      number = area.length
      numbers.set(root, number)
      area.push(0)
      atEdge.push(false)
    }
    of[i] = number
    area[number]!++
    if (x === 0 || x === width - 1 || i < width || i >= mask.length - width) atEdge[number] = true
  }
  return { of, area, atEdge }
}

/**
 * Fills holes: glass that tissue goes all around. Glass that reaches the edge of the picture is none.
 *
 * @param mask 1 = tissue: [height, width]
 * @param largest px; larger holes stay
 */
export function fillHoles(mask: Uint8Array, width: number, largest: number): Uint8Array {
  if (largest < 1) return mask
  const { of, area, atEdge } = componentsOf(mask, width, 0)
  return mask.map((value, i) => (value === 0 && !atEdge[of[i]!] && area[of[i]!]! <= largest ? 1 : value))
}

/**
 * Takes small pieces of tissue away.
 *
 * @param mask 1 = tissue: [height, width]
 * @param least px; pieces of at least this area stay
 */
export function dropPieces(mask: Uint8Array, width: number, least: number): Uint8Array {
  if (least <= 1) return mask
  const { of, area } = componentsOf(mask, width, 1)
  return mask.map((value, i) => (value === 1 && area[of[i]!]! < least ? 0 : value))
}
