/** The parts of the training that are the same for every run, named once for the engine and for the card. */
export const RECIPE = {
  optimiser: 'AdamW',
  schedule: 'cosine with warm-up',
  weightDecay: 0.05,
  labelSmoothing: 0.05,
} as const
