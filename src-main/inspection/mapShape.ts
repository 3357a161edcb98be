/** The values of a layer as maps [channels, height, width], whatever axes it has. */

/**
 * Features are channels of one place. What another program’s layers have of other axes is shown as it lies: the last two
 * are rows and columns.
 */
export function mapShape(shape: readonly number[]): [channels: number, height: number, width: number] {
  if (shape.length === 1) return [shape[0]!, 1, 1]
  const [height = 1, width = 1] = shape.slice(-2)
  return [shape.slice(0, -2).reduce((product, length) => product * length, 1), height, width]
}
