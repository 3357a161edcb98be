/** How networks of the time of 28 px digits take large patches. */
import type { Stack } from './stack.ts'

/** px; a dense layer over more would have tens of millions of weights. */
const LARGEST = 128

/**
 * Makes a patch above 128 px smaller by the mean over squares of 2, 3 or 4 px, whatever is enough; what does not fill a
 * square at the right and lower edge is left out.
 *
 * @returns px of the map
 */
export function averagedDown(stack: Stack, edge: number): number {
  const by = Math.ceil(edge / LARGEST)
  if (by > 1) stack.add({ kind: 'average-pool', id: 'smaller', kernel: by, stride: by, padding: 0 })
  return Math.floor(edge / by)
}
