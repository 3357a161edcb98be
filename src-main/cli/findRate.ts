/** `tessera train --find-lr`: the curve of a search for a learning rate, and what it suggests. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { RateSearchNews, TrainingSettings } from '../../src-shared/training.ts'
import type { Rooms } from '../host/rooms.ts'
import { SEARCH_STEPS } from '../training/rateSearch.ts'
import { onInterrupt } from './interrupt.ts'
import type { Output } from './output.ts'

type Point = Extract<RateSearchNews, { kind: 'point' }>

const BAR = 40
/** Rows of the curve on a terminal. */
const ROWS = 24

/** Ctrl+C ends it. */
export async function findRateOnTerminal(rooms: Rooms, settings: TrainingSettings, out: Output): Promise<void> {
  const stop = new AbortController()
  const stopListening = onInterrupt(() => stop.abort())
  const curve: Point[] = []
  try {
    for await (const news of rooms.streams['training.findRate'](settings, stop.signal)) {
      if (news.kind === 'point') {
        if (curve.length === 0) out.say(`Trying up to ${SEARCH_STEPS} learning rates, the smallest first.`)
        curve.push(news)
      }
      if (news.kind !== 'found') continue
      const { kind: _kind, ...found } = news
      const points = curve.map(({ rate, loss, smoothed }) => ({ rate, loss, smoothed }))
      out.result({ ...found, curve: points }, `${drawn(curve)}\n${found.sentence}`)
      return
    }
  } finally {
    stopListening()
  }
  throw tesseraError('CANCELLED', 'The search for a learning rate was stopped.', {})
}

/** A row for each few points: rate, smoothed loss, and a bar as long as the loss. */
function drawn(curve: readonly Point[]): string {
  const most = Math.max(...curve.map(({ smoothed }) => smoothed))
  const every = Math.max(1, Math.ceil(curve.length / ROWS))
  return curve
    .filter((_, i) => i % every === 0)
    .map(
      ({ rate, smoothed }) =>
        `${rate.toExponential(1).padStart(8)}  ${smoothed.toFixed(4)}  ${'#'.repeat(Math.round((BAR * smoothed) / most))}`,
    )
    .join('\n')
}
