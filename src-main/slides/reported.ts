/** Work that tells how far it is, as a stream: the newest report whenever the listener is ready for one, and the last. */

/**
 * @param work is begun when the stream is listened to; it stops by its own signal, and its error ends the stream
 */
export async function* reported<T>(work: (report: (news: T) => void) => Promise<void>): AsyncGenerator<T, void> {
  let news: { value: T } | null = null
  let ended = false
  let wake = (): void => undefined
  const run = work((value) => {
    news = { value }
    wake()
  }).finally(() => {
    ended = true
    wake()
  })
  run.catch(() => undefined) // thrown below, where the listener is
  for (;;) {
    if (news) {
      const { value } = news as { value: T }
      news = null
      yield value
    } else if (ended) break
    else
      await new Promise<void>((resolve) => {
        wake = resolve
      })
  }
  await run
}
