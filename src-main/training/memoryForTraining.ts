/** How much of the memory a training may take: half, because the window, the slides and the system live beside it. */
import { totalmem } from 'node:os'

/** @returns bytes: half of what the machine has or, in a container, of what it was given */
export function memoryForTraining(): number {
  const given = process.constrainedMemory()
  // 0, or more than there is, means that no limit is set.
  return (given > 0 ? Math.min(given, totalmem()) : totalmem()) / 2
}
