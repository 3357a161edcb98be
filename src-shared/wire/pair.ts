/** Two ends of a wire in one process: for the command line, which is its own client, and for tests. */
import type { Message, Wire } from './message.ts'

export type WirePair = { near: Wire; far: Wire; close: () => void }

/** Messages are cloned as between processes, and delivered in order, later, never inside `post`. */
export function wirePair(clone: (message: Message) => Message = structuredClone): WirePair {
  const ends = [end(), end()] as const
  function end() {
    return { onMessage: (_: Message) => {}, onClosed: [] as (() => void)[] }
  }
  let closed = false
  const wire = (own: 0 | 1): Wire => ({
    post(message) {
      const copy = clone(message)
      queueMicrotask(() => {
        if (!closed) ends[own === 0 ? 1 : 0].onMessage(copy)
      })
    },
    listen(onMessage) {
      ends[own].onMessage = onMessage
    },
    closed(onClosed) {
      ends[own].onClosed.push(onClosed)
    },
  })
  return {
    near: wire(0),
    far: wire(1),
    close() {
      if (closed) return
      closed = true
      for (const each of ends) for (const listener of each.onClosed) listener()
    },
  }
}
