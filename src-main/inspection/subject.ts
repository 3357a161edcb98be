/** What is looked into, a model or an encoder: which file, how patches are given to it, and whether they are what it takes. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { Encoder } from '../../src-shared/features.ts'
import type { EncoderId } from '../../src-shared/ids.ts'
import type { Inspected } from '../../src-shared/inspection.ts'
import type { Model, ModelCard } from '../../src-shared/models.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import { edgeGiven } from '../features/edgeGiven.ts'
import type { InspectionOrder } from '../nn/inspectionContract.ts'

export type SubjectDependencies = {
  modelById: (model: Model['id']) => Model
  weightsOf: (model: Model['id']) => string
  encoders: { byId: (encoder: EncoderId) => Encoder; fileOf: (encoder: EncoderId) => Promise<string> }
}

export type Subject = {
  name: string
  channels: 1 | 3
  /** Whether it tells classes apart. */
  classes: boolean
  file: () => Promise<string>
  /** what its file must be; null = it lies in the project */
  sha256: string | null
  /**
   * px of the edge at which it is given patches of a source; null = those it was made for
   * @throws {TesseraError} MODEL_INPUT_MISMATCH, MODEL_SPACING_MISMATCH
   */
  edgeFor: (source: PatchSource | null) => number
  order: (file: string, edgePx: number) => InspectionOrder
}

/** @throws {TesseraError} MODEL_UNKNOWN, ENCODER_UNKNOWN */
export const subjectOf = (dependencies: SubjectDependencies, of: Inspected): Subject =>
  of.kind === 'model'
    ? modelSubject(dependencies.modelById(of.model), of.member, dependencies.weightsOf(of.model))
    : encoderSubject(dependencies.encoders.byId(of.encoder), () => dependencies.encoders.fileOf(of.encoder))

function modelSubject(model: Model, member: number, file: string): Subject {
  const { card } = model
  const { edgePx, channels } = card.input
  return {
    name: model.name,
    channels,
    classes: true,
    file: () => Promise.resolve(file),
    sha256: null,
    edgeFor(source) {
      if (source) checkSource(model, source)
      return edgePx
    },
    order: (at, edge) => ({
      file: at,
      member,
      description: descriptionOf(card, member),
      normalisation: card.normalisation,
      input: [channels, edge, edge],
      answer: null,
    }),
  }
}

function encoderSubject({ card }: Encoder, file: () => Promise<string>): Subject {
  const { channels, edgePx } = card.input
  return {
    name: card.name,
    channels,
    classes: false,
    file,
    sha256: card.weights.sha256,
    edgeFor: (source) => (source ? edgeGiven(card, source) : edgePx),
    order: (at, edge) => ({
      file: at,
      member: 0,
      description: null,
      normalisation: card.normalisation,
      input: [channels, edge, edge],
      answer: card.layer,
    }),
  }
}

/**
 * The layers of one of the networks of a model. An ensemble of ensembles does not say which of its networks are whose, and
 * of a member that is one itself the card has no layers.
 */
function descriptionOf({ members, network }: ModelCard, member: number): NetworkDescription | null {
  return members.length === 0 ? network.description : (members[member]?.description ?? network.description)
}

/** Two µm/px are the same scale within this: slides of one scanner differ in the third digit. */
const SAME_SPACING = 0.02

/** A network shown patches of another size than it learned from would be explained by what it does not know. */
function checkSource(model: Model, source: PatchSource): void {
  const { edgePx, mpp, channels } = model.card.input
  const [edge, spacing] = source.kind === 'set' ? [source.width, source.mpp] : [source.params.edgePx, source.params.mpp]
  const inWords = (px: number, at: number | null) => `${px} px${at === null ? '' : ` at ${at} µm/px`}`
  const [expected, actual] = [inWords(edgePx, mpp), inWords(edge, spacing)]
  const advice =
    source.kind === 'set'
      ? 'Take a set of such patches.'
      : 'Predict this slide with it, which makes the grid it needs, or make one under Label.'
  if (channels === 1 && source.kind === 'grid')
    throw tesseraError(
      'MODEL_INPUT_MISMATCH',
      `“${model.name}” takes grey pictures (1 channel), and slides are in colour. Look into it with patches of a set.`,
      { model: model.name, expected: '1 channel', actual: '3 channels' },
    )
  if (edge !== edgePx || (source.kind === 'set' && source.height !== edgePx))
    throw tesseraError(
      'MODEL_INPUT_MISMATCH',
      `“${model.name}” takes patches of ${expected}; these are ${actual}. ${advice}`,
      { model: model.name, expected, actual },
    )
  if (mpp !== null && spacing !== null && Math.abs(spacing / mpp - 1) > SAME_SPACING)
    throw tesseraError(
      'MODEL_SPACING_MISMATCH',
      `“${model.name}” takes patches of ${expected}; these are ${actual}. It would see tissue of another size than it learned. ${advice}`,
      { model: model.name, expected: mpp, actual: spacing, unit: 'µm/px' },
    )
}
