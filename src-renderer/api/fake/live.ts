/** Live mode of the made-up main process: the same probabilities for every label, and a curve that looks like one. */
import type { LiveClass, LiveNews } from '../../../src-shared/live.ts'
import { MOST_K } from '../../../src-shared/live.ts'
import type { SourceId } from '../../../src-shared/ids.ts'
import type { PatchClass } from '../../../src-shared/labels.ts'
import type { PredictionBlock } from '../../../src-shared/predictions.ts'

const LOOK_AGAIN_MS = 50

type MadeUp = {
  classes: () => readonly PatchClass[]
  labelsOf: (source: SourceId) => Uint16Array
  blockOf: (source: SourceId, classes: number) => PredictionBlock
}

export async function* liveNews(
  { classes, labelsOf, blockOf }: MadeUp,
  source: SourceId,
  signal: AbortSignal,
): AsyncGenerator<LiveNews> {
  let before = ''
  for (; !signal.aborted; await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))) {
    const counts = new Map<number, number>()
    for (const number of labelsOf(source)) if (number > 0) counts.set(number, (counts.get(number) ?? 0) + 1)
    const known = classes().flatMap(({ number, name, colour }): LiveClass[] =>
      counts.has(number) ? [{ number, name, colour, labels: counts.get(number)! }] : [],
    )
    const now = JSON.stringify(known)
    if (now === before) continue
    before = now
    if (known.length < 2) {
      yield { kind: 'waiting', classes: known, without: 0 }
      continue
    }
    const block = blockOf(source, known.length)
    yield { kind: 'prediction', classes: known, without: 0, ...block, milliseconds: 41, temperature: 0.8, l2: null }
    const curve = Array.from({ length: MOST_K }, (_, i) => ({ at: i + 1, accuracy: 0.9 - 0.001 * Math.abs(i - 18) }))
    const measured = known.reduce((sum, { labels }) => sum + labels, 0)
    yield { kind: 'measure', rule: 'slide', groups: 6, measured, accuracy: 0.899, curve }
  }
}
