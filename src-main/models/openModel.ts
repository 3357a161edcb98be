/** A model file opened in an engine, with the card that says what its input and output mean, and both agreeing. */
import type { DeviceName } from '../../src-shared/devices.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { ModelCard } from '../../src-shared/models.ts'
import type { TestTime } from '../../src-shared/recipe.ts'
import type { EngineClient } from '../nn/engine.ts'
import type { OpenModel } from '../nn/engineContract.ts'
import { CARD_KEY, readCard } from './modelFiles.ts'

export type LoadedModel = { handle: OpenModel; card: ModelCard; sha256: string }

/** Opened once to learn the card inside it, which must be known before the normalisation is. */
const UNKNOWN = { normalisation: { mean: [0, 0, 0], std: [1, 1, 1] }, testTime: 'none' as const }

/**
/** How a model is opened for predictions. */
export type Opening = {
  /** null = as the card says */
  testTime?: TestTime | null
  /** one that has passed its self-test; absent: the processor */
  device?: DeviceName
}

/**
 * @throws {TesseraError} MODEL_FILE_BROKEN; MODEL_CARD_INVALID when the card is missing, of other weights, or does not
 * fit the network's input and output
 */
export async function openCheckedModel(
  engine: EngineClient,
  file: string,
  { testTime = null, device = 'cpu' }: Opening = {},
): Promise<LoadedModel> {
  const looked = await engine.call('engine.openModel', { file, ...UNKNOWN })
  await engine.call('engine.closeModel', { model: looked.model })
  const card = await readCard(file, looked.metadata[CARD_KEY])
  const { edgePx, channels } = card.input
  const found = `${looked.channels} × ${looked.height} × ${looked.width}, ${looked.classes} classes`
  const expected = `${channels} × ${edgePx} × ${edgePx}, ${card.classes.length} classes`
  if (found !== expected)
    throw tesseraError(
      'MODEL_CARD_INVALID',
      `The card of “${file}” does not fit its weights: the card says ${expected}, the network has ${found}. Nothing was run.`,
      { file, reason: `card: ${expected}; network: ${found}` },
    )
  const opened = await engine.call('engine.openModel', {
    file,
    normalisation: card.normalisation,
    testTime: testTime ?? card.testTime,
    device,
  })
  return { handle: opened.model, card, sha256: opened.sha256 }
}
