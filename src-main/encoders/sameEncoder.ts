import type { EncoderCard } from '../../src-shared/encoders.ts'

/** Whether two cards give the same features of the same patch. Of weights that are not here only the name is known. */
export const sameEncoder = (a: EncoderCard, b: EncoderCard): boolean => meaning(a) === meaning(b)

const meaning = ({ name, kind, weights, layer, pooling, dimensions, input, normalisation }: EncoderCard): string =>
  kind === 'elsewhere'
    ? JSON.stringify([kind, name, dimensions])
    : JSON.stringify([weights.sha256, layer, pooling, dimensions, input, normalisation])
