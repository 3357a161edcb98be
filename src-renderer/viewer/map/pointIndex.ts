/** Finds points of a map by place: cells of a square grid, each with the points that lie in it. Pure. */

/** points in a cell, on average */
const PER_CELL = 4

export class PointIndex {
  readonly #positions: Float32Array
  readonly #left: number
  readonly #low: number
  readonly #edge: number
  readonly #columns: number
  readonly #rows: number
  /** [cell] where its points begin in #points; one more at the end */
  readonly #starts: Uint32Array
  readonly #points: Uint32Array

  /** @param positions [point, 2], map units */
  constructor(positions: Float32Array) {
    this.#positions = positions
    const count = positions.length / 2
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity]
    for (let i = 0; i < positions.length; i += 2) {
      left = Math.min(left, positions[i]!)
      right = Math.max(right, positions[i]!)
      low = Math.min(low, positions[i + 1]!)
      high = Math.max(high, positions[i + 1]!)
    }
    const [width, height] = count > 0 ? [right - left, high - low] : [0, 0]
    const longer = Math.max(width, height)
    const wanted = Math.max(1, count / PER_CELL)
    // About as many cells as wanted, also where all points lie on a line.
    this.#edge = Math.max(Math.sqrt((width * height) / wanted), longer / wanted) || 1
    this.#left = count > 0 ? left : 0
    this.#low = count > 0 ? low : 0
    this.#columns = Math.floor(width / this.#edge) + 1
    this.#rows = Math.floor(height / this.#edge) + 1
    const cellOf = new Uint32Array(count)
    this.#starts = new Uint32Array(this.#columns * this.#rows + 1)
    for (let point = 0; point < count; point++) {
      const cell = this.#row(positions[2 * point + 1]!) * this.#columns + this.#column(positions[2 * point]!)
      cellOf[point] = cell
      this.#starts[cell + 1]!++
    }
    for (let cell = 1; cell < this.#starts.length; cell++) this.#starts[cell]! += this.#starts[cell - 1]!
    const next = this.#starts.slice()
    this.#points = new Uint32Array(count)
    for (let point = 0; point < count; point++) this.#points[next[cellOf[point]!]!++] = point
  }

  #column(x: number): number {
    return Math.min(this.#columns - 1, Math.max(0, Math.floor((x - this.#left) / this.#edge)))
  }

  #row(y: number): number {
    return Math.min(this.#rows - 1, Math.max(0, Math.floor((y - this.#low) / this.#edge)))
  }

  /** The points of all cells that a rectangle touches: those inside it, and some around. */
  *near(left: number, low: number, right: number, high: number): Generator<number> {
    const [firstColumn, lastColumn] = [this.#column(left), this.#column(right)]
    const [firstRow, lastRow] = [this.#row(low), this.#row(high)]
    for (let row = firstRow; row <= lastRow; row++)
      for (let column = firstColumn; column <= lastColumn; column++) {
        const cell = row * this.#columns + column
        for (let i = this.#starts[cell]!; i < this.#starts[cell + 1]!; i++) yield this.#points[i]!
      }
  }

  /** The nearest point within a distance; of equal ones the last, which is drawn above. null without one. */
  nearest(x: number, y: number, within: number): number | null {
    let best: number | null = null
    let least = within * within
    for (const point of this.near(x - within, y - within, x + within, y + within)) {
      const away = (this.#positions[2 * point]! - x) ** 2 + (this.#positions[2 * point + 1]! - y) ** 2
      if (away > least || (away === least && best !== null && point < best)) continue
      best = point
      least = away
    }
    return best
  }

  /** The points inside a polygon, in ascending order. @param polygon [corner, 2], map units, closed by itself */
  inside(polygon: Float32Array): Uint32Array {
    let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity]
    for (let i = 0; i < polygon.length; i += 2) {
      left = Math.min(left, polygon[i]!)
      right = Math.max(right, polygon[i]!)
      low = Math.min(low, polygon[i + 1]!)
      high = Math.max(high, polygon[i + 1]!)
    }
    const found: number[] = []
    if (polygon.length < 6) return new Uint32Array()
    for (const point of this.near(left, low, right, high))
      if (isInside(polygon, this.#positions[2 * point]!, this.#positions[2 * point + 1]!)) found.push(point)
    return Uint32Array.from(found).toSorted()
  }
}

/**
 * Whether a point lies in a polygon: a ray to the right crosses its edges an odd number of times (even-odd rule, so that
 * what a lasso goes around twice is out again).
 *
 * @param polygon [corner, 2]
 * @see O'Rourke, Computational Geometry in C (1998), section 7.4
 */
export function isInside(polygon: Float32Array, x: number, y: number): boolean {
  let inside = false
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    const [ax, ay, bx, by] = [polygon[i]!, polygon[i + 1]!, polygon[j]!, polygon[j + 1]!]
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside
  }
  return inside
}
