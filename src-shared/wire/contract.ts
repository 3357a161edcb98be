/**
 * What a contract is: named calls, streams and events, each with zod schemas for what goes in and what comes out.
 *
 * A contract is plain data; the types of both sides are inferred from it, so that a server without one of the handlers
 * does not compile. The same contract runs over Electron IPC, a MessagePort, a WebSocket and an in-memory pair.
 */
import type * as z from 'zod'

export type Call = { kind: 'call'; input: z.ZodType; output: z.ZodType }
export type Stream = { kind: 'stream'; input: z.ZodType; item: z.ZodType }
export type Event = { kind: 'event'; body: z.ZodType }

export const call = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) =>
  ({ kind: 'call', input, output }) as const
export const stream = <I extends z.ZodType, O extends z.ZodType>(input: I, item: O) =>
  ({ kind: 'stream', input, item }) as const
export const event = <B extends z.ZodType>(body: B) => ({ kind: 'event', body }) as const

export type Contract = {
  calls: Record<string, Call>
  streams: Record<string, Stream>
  events: Record<string, Event>
}

export type CallName<C extends Contract> = keyof C['calls'] & string
export type StreamName<C extends Contract> = keyof C['streams'] & string
export type EventName<C extends Contract> = keyof C['events'] & string

export type CallInput<C extends Contract, K extends CallName<C>> = z.infer<C['calls'][K]['input']>
export type CallOutput<C extends Contract, K extends CallName<C>> = z.infer<C['calls'][K]['output']>
export type StreamInput<C extends Contract, K extends StreamName<C>> = z.infer<C['streams'][K]['input']>
export type StreamItem<C extends Contract, K extends StreamName<C>> = z.infer<C['streams'][K]['item']>
export type EventBody<C extends Contract, K extends EventName<C>> = z.infer<C['events'][K]['body']>

/** The server's side of some calls: what one room offers. */
export type CallHandlers<Calls extends Contract['calls']> = {
  [K in keyof Calls]: (
    input: z.infer<Calls[K]['input']>,
  ) => z.infer<Calls[K]['output']> | Promise<z.infer<Calls[K]['output']>>
}

/** The server's side of some streams; the signal aborts when the other side has heard enough. */
export type StreamHandlers<Streams extends Contract['streams']> = {
  [K in keyof Streams]: (
    input: z.infer<Streams[K]['input']>,
    signal: AbortSignal,
  ) => AsyncIterable<z.infer<Streams[K]['item']>>
}

/** The server's side of a contract. A missing handler does not compile. */
export type Handlers<C extends Contract> = {
  calls: CallHandlers<C['calls']>
  streams: StreamHandlers<C['streams']>
}

/** Publishes events of a contract to whoever listens. */
export type Publish<C extends Contract> = <K extends EventName<C>>(name: K, body: EventBody<C, K>) => void
