/** The server's side of a contract: parse what comes in, run the handler, parse what goes out, turn errors into data. */
import type * as z from 'zod'
import { toFault, tesseraError } from '../errors.ts'
import type { Contract, Handlers } from './contract.ts'
import type { Message, Wire } from './message.ts'

/** Lets a server publish events to one peer. @returns the function that ends the subscription */
export type Subscribe = (listener: (name: string, body: unknown) => void) => () => void

/**
 * What a call is given, checked against its schema and completed with its defaults.
 * @throws {TesseraError} INPUT_INVALID naming every field that does not fit
 */
export function parseInput(schema: z.ZodType, input: unknown, name: string): unknown {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`)
  throw tesseraError('INPUT_INVALID', `${name} was asked with something it does not take: ${issues.join('; ')}.`, {
    call: name,
    issues,
  })
}

/**
 * Serves one peer until its wire closes; streams still open are then aborted.
 *
 * Names are looked up as own properties, so that `constructor` or `__proto__` is a call that does not exist.
 * `strict` parses outputs and events too: on in tests and in development, where a wrong reply is a bug of ours;
 * off in the shipped program, where it would only cost time.
 */
export function serve<C extends Contract>(
  wire: Wire,
  contract: C,
  handlers: Handlers<C>,
  options: { subscribe?: Subscribe; strict?: boolean; onUnexpected?: (error: unknown, call: string) => void } = {},
): void {
  const { subscribe, strict = true, onUnexpected } = options
  const open = new Map<number, AbortController>()
  const unsubscribe = subscribe?.((name, body) => {
    const schema = contract.events[name]
    if (!schema) throw new Error(`Event “${name}” is not in the contract.`)
    wire.post({ t: 'event', name, body: strict ? schema.body.parse(body) : body })
  })

  const unknown = (name: string) =>
    tesseraError(
      'CALL_UNKNOWN',
      `Tessera has no call “${name}”. The window may be older than the program: reload it.`,
      {
        call: name,
      },
    )

  const fail = (id: number, error: unknown, name: string) => {
    const fault = toFault(error)
    if (fault.code === 'UNEXPECTED') onUnexpected?.(error, name)
    wire.post({ t: 'fault', id, fault })
  }

  const answer = async (message: Extract<Message, { t: 'call' }>) => {
    const definition = Object.hasOwn(contract.calls, message.name) ? contract.calls[message.name] : undefined
    const handler = (handlers.calls as Record<string, (input: unknown) => unknown>)[message.name]
    if (!definition || !handler) throw unknown(message.name)
    const output = await handler(parseInput(definition.input, message.input, message.name))
    wire.post({ t: 'ok', id: message.id, output: strict ? definition.output.parse(output) : output })
  }

  const pour = async (message: Extract<Message, { t: 'open' }>) => {
    const definition = Object.hasOwn(contract.streams, message.name) ? contract.streams[message.name] : undefined
    const handler = (
      handlers.streams as Record<string, (input: unknown, signal: AbortSignal) => AsyncIterable<unknown>>
    )[message.name]
    if (!definition || !handler) throw unknown(message.name)
    const abort = new AbortController()
    open.set(message.id, abort)
    try {
      const input = parseInput(definition.input, message.input, message.name)
      for await (const item of handler(input, abort.signal)) {
        if (abort.signal.aborted) return
        wire.post({ t: 'item', id: message.id, item: strict ? definition.item.parse(item) : item })
      }
      if (!abort.signal.aborted) wire.post({ t: 'end', id: message.id })
    } finally {
      open.delete(message.id)
    }
  }

  wire.listen((message) => {
    if (message.t === 'cancel') open.get(message.id)?.abort()
    else if (message.t === 'call') answer(message).catch((error: unknown) => fail(message.id, error, message.name))
    else if (message.t === 'open')
      pour(message).catch((error: unknown) => {
        fail(message.id, error, message.name)
      })
  })
  wire.closed(() => {
    unsubscribe?.()
    for (const abort of open.values()) abort.abort()
    open.clear()
  })
}
