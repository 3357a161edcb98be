/** What is asked of the engine to look into a model, and whether patches are what the model takes. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { Inspected } from '../../src-shared/inspection.ts'
import type { Model, ModelCard } from '../../src-shared/models.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import type { InspectionOrder } from '../nn/inspectionContract.ts'

/** Two µm/px are the same scale within this: slides of one scanner differ in the third digit. */
const SAME_SPACING = 0.02

export const orderFor = ({ card }: Model, { member }: Inspected, file: string): InspectionOrder => ({
  file,
  member,
  description: descriptionOf(card, member),
  normalisation: card.normalisation,
  input: [card.input.channels, card.input.edgePx, card.input.edgePx],
})

/**
 * The layers of one of the networks of a model. An ensemble of ensembles does not say which of its networks are whose, and
 * of a member that is one itself the card has no layers.
 */
function descriptionOf({ members, network }: ModelCard, member: number): NetworkDescription | null {
  return members.length === 0 ? network.description : (members[member]?.description ?? network.description)
}

/**
 * @throws {TesseraError} MODEL_INPUT_MISMATCH, MODEL_SPACING_MISMATCH: a network shown patches of another size than it
 * learned from would be explained by what it does not know
 */
export function checkSource(model: Model, source: PatchSource): void {
  const { edgePx, mpp, channels } = model.card.input
  if (source.kind === 'set') return
  const inWords = (edge: number, spacing: number | null) =>
    `${edge} px${spacing === null ? '' : ` at ${spacing} µm/px`}`
  const [expected, actual] = [inWords(edgePx, mpp), inWords(source.params.edgePx, source.params.mpp)]
  if (channels !== 3)
    throw tesseraError(
      'MODEL_INPUT_MISMATCH',
      `“${model.name}” takes grey pictures (1 channel), and slides are in colour. Look into it with patches of a set.`,
      { model: model.name, expected: '1 channel', actual: '3 channels' },
    )
  if (source.params.edgePx !== edgePx)
    throw tesseraError(
      'MODEL_INPUT_MISMATCH',
      `“${model.name}” takes patches of ${expected}; those of this grid are ${actual}. Predict this slide with it, which makes the grid it needs, or make one under Label.`,
      { model: model.name, expected, actual },
    )
  if (mpp !== null && Math.abs(source.params.mpp / mpp - 1) > SAME_SPACING)
    throw tesseraError(
      'MODEL_SPACING_MISMATCH',
      `“${model.name}” takes patches of ${expected}; those of this grid are ${actual}. It would see tissue of another size than it learned. Predict this slide with it, which makes the grid it needs, or make one under Label.`,
      { model: model.name, expected: mpp, actual: source.params.mpp, unit: 'µm/px' },
    )
}
