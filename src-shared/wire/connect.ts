/** The client's side of a contract: typed calls, streams as async iterators, and events. */
import { toError, tesseraError } from '../errors.ts'
import type {
  CallInput,
  CallName,
  CallOutput,
  Contract,
  EventBody,
  EventName,
  StreamInput,
  StreamItem,
  StreamName,
} from './contract.ts'
import type { Wire } from './message.ts'

type Waiting = {
  ok?: (output: unknown) => void
  item?: (item: unknown) => void
  end?: () => void
  fault: (error: Error) => void
}

export interface Client<C extends Contract> {
  call<K extends CallName<C>>(name: K, input: CallInput<C, K>): Promise<CallOutput<C, K>>
  /**
   * Leaving the loop early cancels the stream on the other side. Who waits for an item can not leave: `signal` ends the loop
   * at once.
   */
  stream<K extends StreamName<C>>(
    name: K,
    input: StreamInput<C, K>,
    signal?: AbortSignal,
  ): AsyncGenerator<StreamItem<C, K>, void>
  /** @returns the function that stops listening */
  on<K extends EventName<C>>(name: K, listener: (body: EventBody<C, K>) => void): () => void
  /** Calls back once when the connection is lost; every call in flight fails with CONNECTION_LOST before. */
  closed(onClosed: () => void): void
}

export function connect<C extends Contract>(wire: Wire): Client<C> {
  let nextId = 1
  let lost = false
  const waiting = new Map<number, Waiting>()
  const listeners = new Map<string, Set<(body: unknown) => void>>()
  const onClosed: (() => void)[] = []

  wire.listen((message) => {
    switch (message.t) {
      case 'event':
        for (const listener of listeners.get(message.name) ?? []) listener(message.body)
        return
      case 'item':
        waiting.get(message.id)?.item?.(message.item)
        return
      case 'ok':
      case 'end':
      case 'fault': {
        const sink = waiting.get(message.id)
        waiting.delete(message.id)
        if (message.t === 'ok') sink?.ok?.(message.output)
        else if (message.t === 'end') sink?.end?.()
        else sink?.fault(toError(message.fault))
        return
      }
      case 'call':
      case 'open':
      case 'cancel':
        return // only a server is asked
    }
  })

  const lostError = () =>
    tesseraError(
      'CONNECTION_LOST',
      'The connection to Tessera was lost. What was saved stays saved; reload the window.',
      {},
    )

  wire.closed(() => {
    lost = true
    const sinks = [...waiting.values()]
    waiting.clear()
    for (const sink of sinks) sink.fault(lostError())
    for (const listener of onClosed) listener()
  })

  return {
    call(name, input) {
      if (lost) return Promise.reject(lostError())
      const id = nextId++
      return new Promise((resolve, reject) => {
        waiting.set(id, { ok: resolve as (output: unknown) => void, fault: reject })
        wire.post({ t: 'call', id, name, input })
      })
    },

    async *stream(name, input, signal) {
      if (lost) throw lostError()
      if (signal?.aborted) return
      const id = nextId++
      const items: unknown[] = []
      let ended = false
      let error: Error | undefined
      let wake = (): void => undefined
      waiting.set(id, {
        item: (item) => {
          items.push(item)
          wake()
        },
        end: () => {
          ended = true
          wake()
        },
        fault: (reason) => {
          error = reason
          wake()
        },
      })
      const abort = (): void => wake()
      signal?.addEventListener('abort', abort)
      wire.post({ t: 'open', id, name, input })
      try {
        for (;;) {
          if (signal?.aborted) return
          while (items.length > 0) {
            yield items.shift() as never
            if (signal?.aborted) return
          }
          if (error) throw error
          if (ended) return
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      } finally {
        signal?.removeEventListener('abort', abort)
        if (waiting.delete(id) && !lost) wire.post({ t: 'cancel', id })
      }
    },

    on(name, listener) {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set)
      set.add(listener as (body: unknown) => void)
      return () => set.delete(listener as (body: unknown) => void)
    },

    closed(listener) {
      onClosed.push(listener)
    },
  }
}
