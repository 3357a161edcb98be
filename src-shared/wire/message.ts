/** The eight kinds of message of a contract, and the wire they travel on. */

/** An error as data. `data` is the structured part of the error's code, see ../errors.ts. */
export type Fault = { code: string; message: string; data: unknown }

export type Message =
  | { t: 'call'; id: number; name: string; input: unknown }
  | { t: 'open'; id: number; name: string; input: unknown }
  | { t: 'cancel'; id: number }
  | { t: 'ok'; id: number; output: unknown }
  | { t: 'item'; id: number; item: unknown }
  | { t: 'end'; id: number }
  | { t: 'fault'; id: number; fault: Fault }
  | { t: 'event'; name: string; body: unknown }

/**
 * Anything that carries messages both ways, in order: Electron IPC, a MessagePort, a WebSocket, a child process, a pair
 * in memory. Values are what structured clone allows: plain data and typed arrays.
 */
export interface Wire {
  post(message: Message): void
  /** Calls back for each message that arrives. One listener for the life of the wire. */
  listen(onMessage: (message: Message) => void): void
  /** Calls back once when the other side is gone. */
  closed(onClosed: () => void): void
}
