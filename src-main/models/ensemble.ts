/** Whether models can answer as one, and the card of the one they become. */
import { createHash } from 'node:crypto'
import { RESEARCH_NOTICE } from '../../src-shared/app.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { ModelId } from '../../src-shared/ids.ts'
import type { ModelCard } from '../../src-shared/models.ts'

/** Two µm/px are the same scale within this: slides of one scanner differ in the third digit. */
const SAME_SPACING = 0.02

/**
 * @param cards at least two; that of the first is what the others are compared with
 * @throws {TesseraError} MODEL_CLASSES_MISMATCH, MODEL_INPUT_MISMATCH, MODEL_SPACING_MISMATCH
 */
export function checkMembers(cards: readonly ModelCard[]): void {
  const [first, ...others] = cards
  if (!first) return
  const classesOf = (card: ModelCard) => card.classes.map(({ name }) => name)
  const inputOf = ({ input }: ModelCard) => `${input.edgePx} px, ${input.channels === 3 ? 'colour' : 'grey'}`
  for (const other of others) {
    const [expected, actual] = [classesOf(first), classesOf(other)]
    if (expected.join('\n') !== actual.join('\n'))
      throw tesseraError(
        'MODEL_CLASSES_MISMATCH',
        `“${first.name}” tells ${expected.join(', ')} apart, “${other.name}” ${actual.join(', ')}. An ensemble needs the same classes in the same order.`,
        { model: other.name, expected, actual },
      )
    if (inputOf(first) !== inputOf(other))
      throw tesseraError(
        'MODEL_INPUT_MISMATCH',
        `“${first.name}” takes patches of ${inputOf(first)}, “${other.name}” of ${inputOf(other)}. An ensemble looks at one patch.`,
        { model: other.name, expected: inputOf(first), actual: inputOf(other) },
      )
    const [a, b] = [first.input.mpp, other.input.mpp]
    if (a !== b && (a === null || b === null || Math.abs(a / b - 1) > SAME_SPACING))
      throw tesseraError(
        'MODEL_SPACING_MISMATCH',
        `“${first.name}” was trained at ${a ?? 'unknown'} µm/px, “${other.name}” at ${b ?? 'unknown'} µm/px. An ensemble looks at one patch.`,
        { model: other.name, expected: a ?? 0, actual: b ?? 0, unit: 'µm/px' },
      )
  }
}

/** What a card says of its members. */
export const memberOf = ({
  id,
  name,
  weights,
  validation,
  training,
  network,
  members,
}: ModelCard): ModelCard['members'][number] => ({
  id,
  name,
  sha256: weights.sha256,
  validation,
  steps: training.steps,
  seed: training.seed,
  // Of one that is an ensemble itself, its card has those of the first member alone.
  description: members.length === 0 ? network.description : null,
})

/**
 * The card of models that were trained apart. No figure stands in it: which patches each was measured on is not known to
 * the others, so a figure of all together would be measured on patches some of them were trained on.
 *
 * @param cards at least two that fit together
 */
export function ensembleCard(
  cards: readonly ModelCard[],
  about: { id: ModelId; name: string; versions: ModelCard['versions'] },
): ModelCard {
  const first = cards[0]!
  const most = (of: (card: ModelCard) => number) => Math.max(...cards.map(of))
  const total = (of: (card: ModelCard) => number) => cards.reduce((sum, card) => sum + of(card), 0)
  const nobody = { patches: 0, perClass: first.classes.map(() => 0), slides: 0, cases: 0 }
  return {
    ...first,
    ...about,
    createdAt: new Date().toISOString(),
    notice: RESEARCH_NOTICE,
    network: {
      ...first.network,
      preset: 'ensemble',
      parameters: total((card) => card.network.parameters),
      receptiveFieldPx: most((card) => card.network.receptiveFieldPx),
    },
    data: {
      hash: createHash('sha256')
        .update(cards.map((card) => card.data.hash).join('\n'))
        .digest('hex'),
      sources: [...new Set(cards.flatMap((card) => card.data.sources))],
    },
    split: {
      rule: 'none',
      sentence: `The mean of ${cards.length} models, each with its own figure on its own held-out patches; together they were not measured.`,
      training: first.split.training,
      validation: nobody,
      leftOut: 0,
    },
    training: {
      ...first.training,
      preset: null,
      seconds: cards.some((card) => card.training.seconds === null)
        ? null
        : total((card) => card.training.seconds ?? 0),
    },
    testTime: cards.every((card) => card.testTime === first.testTime) ? first.testTime : 'none',
    members: cards.map(memberOf),
    validation: null,
    weights: { file: 'model.onnx', sha256: '', bytes: 0 },
  }
}
