/**
 * The only door to the main process: typed `call`, `stream` and `on`.
 *
 * The client behind the door changes when the web host's connection is lost and found again; listeners stay.
 */
import { api, type Api } from '../../src-shared/api.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { connect, type Client } from '../../src-shared/wire/connect.ts'
import type {
  CallInput,
  CallName,
  CallOutput,
  EventBody,
  EventName,
  StreamInput,
  StreamItem,
  StreamName,
} from '../../src-shared/wire/contract.ts'
import type { Wire } from '../../src-shared/wire/message.ts'

export type ConnectionState = 'connecting' | 'open' | 'lost'

/** Calls without an input are written without one. */
type Input<I> = [I] extends [void] ? [] : [input: I]

const RETRY_AFTER_MS = [500, 1000, 2000, 4000, 8000]

let client: Client<Api> | undefined
const eventListeners = new Map<string, Set<(body: never) => void>>()
const stateListeners = new Set<(state: ConnectionState) => void>()

const setState = (state: ConnectionState): void => {
  for (const listener of stateListeners) listener(state)
}

/** Connects, and connects again whenever the wire is lost. Resolves when the first connection is open. */
export async function openApi(openWire: () => Promise<Wire>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      useWire(await openWire(), openWire)
      return
    } catch {
      setState(client ? 'lost' : 'connecting')
      await new Promise((resolve) => {
        setTimeout(resolve, RETRY_AFTER_MS[Math.min(attempt, RETRY_AFTER_MS.length - 1)])
      })
    }
  }
}

function useWire(wire: Wire, openWire: () => Promise<Wire>): void {
  const opened = connect<Api>(wire)
  client = opened
  for (const name of Object.keys(api.events) as EventName<Api>[])
    opened.on(name, (body) => {
      for (const listener of eventListeners.get(name) ?? []) listener(body as never)
    })
  opened.closed(() => {
    setState('lost')
    void openApi(openWire)
  })
  setState('open')
}

function connected(): Client<Api> {
  if (!client) throw tesseraError('CONNECTION_LOST', 'Tessera is not connected yet.', {})
  return client
}

/** @throws {TesseraError} what the handler refused, as data */
export async function call<K extends CallName<Api>>(
  name: K,
  ...[input]: Input<CallInput<Api, K>>
): Promise<CallOutput<Api, K>> {
  return connected().call(name, input as CallInput<Api, K>)
}

/** Leaving the loop early, or `signal`, cancels the stream on the other side. */
export async function* stream<K extends StreamName<Api>>(
  name: K,
  input: StreamInput<Api, K>,
  signal?: AbortSignal,
): AsyncGenerator<StreamItem<Api, K>, void> {
  yield* connected().stream(name, input, signal)
}

/** @returns the function that stops listening */
export function on<K extends EventName<Api>>(name: K, listener: (body: EventBody<Api, K>) => void): () => void {
  const listeners = eventListeners.get(name) ?? new Set()
  eventListeners.set(name, listeners)
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** @returns the function that stops listening */
export function onConnection(listener: (state: ConnectionState) => void): () => void {
  stateListeners.add(listener)
  return () => stateListeners.delete(listener)
}
