/** How a step shares its batch out over threads; see src-main/nn/parallelTrainer.ts. */

/** A batch norm over fewer patches is too noisy to learn by. */
const LEAST_PART = 8

/** How many parts a batch is cut into; 1 = it stays whole. */
export const partsOf = (batch: number, threads: number): number =>
  threads > 1 && batch % threads === 0 && batch / threads >= LEAST_PART ? threads : 1

/** As many as a batch of about this size has at most: an odd one stays whole, and needs less. */
export const mostPartsOf = (batch: number, threads: number): number => (batch >= threads * LEAST_PART ? threads : 1)

/** Patches a batch norm takes its mean and variance over. */
export const normBatchOf = (batch: number, threads: number): number => batch / partsOf(batch, threads)
