/** Work in a row of stages, each busy while the next uses what it made before. */

/**
 * Does `work` on each item in turn, one at a time, and always one ahead of who takes the results: while a result is used,
 * the work on the next item goes on. Stops when the signal says so.
 */
export async function* ahead<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  signal: AbortSignal,
): AsyncGenerator<R> {
  let going: Promise<R> | null = null
  try {
    for await (const item of items) {
      const before = going
      const done = before && { result: await before }
      if (signal.aborted) return
      going = work(item)
      // It may fail before anybody waits for it.
      going.catch(() => undefined)
      if (done) yield done.result
      if (signal.aborted) return
    }
    if (going) yield await going
  } finally {
    // Its result is not wanted any more; its failure was caused by the same end.
    await going?.catch(() => undefined)
  }
}
