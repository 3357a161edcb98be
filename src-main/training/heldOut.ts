/** A network that is whole, as it will be used, on the patches that were kept from it. */
import type { DeviceName } from '../../src-shared/devices.ts'
import type { Evaluation } from '../../src-shared/evaluation.ts'
import type { Normalisation } from '../../src-shared/models.ts'
import type { TestTime } from '../../src-shared/recipe.ts'
import type { EngineClient } from '../nn/engine.ts'
import type { LabelledFile } from '../nn/engineContract.ts'

/** Patches the engine is asked for at once, so that a run can be stopped while it is measured. */
const BLOCK = 1024

export type Measured = {
  /** [held-out patch, class] */
  probabilities: Float32Array
  evaluation: Evaluation
}

/** @returns null when it was asked to stop meanwhile */
export async function measureHeldOut(
  engine: EngineClient,
  how: { file: string; normalisation: Normalisation; testTime: TestTime; device: DeviceName },
  { file, classOf, chosen }: LabelledFile,
  classes: string[],
  signal: AbortSignal,
): Promise<Measured | null> {
  const { model } = await engine.call('engine.openModel', how)
  try {
    const probabilities = new Float32Array(classOf.length * classes.length)
    for (let first = 0; first < classOf.length; first += BLOCK) {
      if (signal.aborted) return null
      const block = await engine.call('engine.predict', {
        model,
        file,
        patches: chosen?.patches ?? classOf.length,
        ...(chosen ? { rows: chosen.rows } : {}),
        first,
        count: Math.min(BLOCK, classOf.length - first),
      })
      probabilities.set(block.probabilities, first * classes.length)
    }
    return {
      probabilities,
      evaluation: await engine.call('engine.evaluate', { probabilities, truth: classOf, classes }),
    }
  } finally {
    await engine.call('engine.closeModel', { model })
  }
}
