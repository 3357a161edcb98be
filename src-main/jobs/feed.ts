/** What a running job has to tell, to everyone who follows it: points of a curve, blocks of a prediction. */

export interface Feed<Key, Item> {
  tell: (key: Key, item: Item) => void
  /** Nothing more will come: every follower's loop ends. */
  end: (key: Key) => void
  /** Items told from now on, until `end` or until the signal aborts. Subscribed at once, not at the first `next`. */
  follow: (key: Key, signal: AbortSignal) => AsyncIterable<Item>
}

export function createFeed<Key, Item>(): Feed<Key, Item> {
  type Follower = { items: Item[]; ended: boolean; wake: () => void }
  const followers = new Map<Key, Set<Follower>>()

  return {
    tell(key, item) {
      for (const follower of followers.get(key) ?? []) {
        follower.items.push(item)
        follower.wake()
      }
    },
    end(key) {
      for (const follower of followers.get(key) ?? []) {
        follower.ended = true
        follower.wake()
      }
      followers.delete(key)
    },
    follow(key, signal) {
      const follower: Follower = { items: [], ended: false, wake: () => undefined }
      const set = followers.get(key) ?? new Set()
      followers.set(key, set.add(follower))
      const stop = () => {
        follower.ended = true
        follower.wake()
      }
      signal.addEventListener('abort', stop)
      return (async function* () {
        try {
          for (;;) {
            while (follower.items.length > 0) yield follower.items.shift()!
            if (follower.ended) return
            await new Promise<void>((resolve) => {
              follower.wake = resolve
            })
          }
        } finally {
          signal.removeEventListener('abort', stop)
          set.delete(follower)
        }
      })()
    },
  }
}
