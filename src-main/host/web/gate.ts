/**
 * Who may speak to the web host. It listens on the loopback address only, but every page in every browser of this machine
 * can reach that; so each request must prove that it comes from the window the person opened.
 *
 * - Host: exactly ours. Another name that leads to 127.0.0.1 (DNS rebinding) is refused.
 * - Token: 256 random bits in the address printed on the terminal; exchanged at once for a cookie that scripts can not
 *   read and other sites can not send.
 * - Origin: exactly ours on everything that changes something, and on the WebSocket.
 *
 * The host name is random, because cookies ignore ports: on a shared name another local server would be sent ours.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const COOKIE = 'tessera'

export type Verdict = { pass: true } | { pass: false; status: 401 | 403 } | { pass: 'enter'; cookie: string }

export interface Gate {
  readonly origin: string
  /** The address a person opens, with the token. */
  readonly entrance: string
  judge(request: IncomingMessage): Verdict
  /** A WebSocket: like a request that changes something. */
  judgeUpgrade(request: IncomingMessage): boolean
}

export function createGate(port: number): Gate {
  const token = randomBytes(32).toString('base64url')
  const host = `tessera-${randomBytes(6).toString('hex')}.localhost:${port}`
  const origin = `http://${host}`

  const isToken = (given: string | null | undefined): boolean => {
    const [a, b] = [Buffer.from(given ?? ''), Buffer.from(token)]
    return a.length === b.length && timingSafeEqual(a, b)
  }
  const hasCookie = (request: IncomingMessage): boolean =>
    (request.headers.cookie ?? '')
      .split(';')
      .map((each) => each.trim())
      .some((each) => each.startsWith(`${COOKIE}=`) && isToken(each.slice(COOKIE.length + 1)))
  const isOurHost = (request: IncomingMessage): boolean => request.headers.host === host
  /** Sent by every current browser; `none` is a person who typed the address. */
  const isForeignFetch = (request: IncomingMessage): boolean => {
    const site = request.headers['sec-fetch-site']
    return site !== undefined && site !== 'same-origin' && site !== 'none'
  }

  return {
    origin,
    entrance: `${origin}/?token=${token}`,
    judge(request) {
      if (!isOurHost(request) || isForeignFetch(request)) return { pass: false, status: 403 }
      const given = new URL(request.url ?? '/', origin).searchParams.get('token')
      if (given !== null)
        return isToken(given)
          ? { pass: 'enter', cookie: `${COOKIE}=${token}; HttpOnly; SameSite=Strict; Path=/` }
          : { pass: false, status: 403 }
      if (!hasCookie(request)) return { pass: false, status: 401 }
      const changes = request.method !== 'GET' && request.method !== 'HEAD'
      if (changes && request.headers.origin !== origin) return { pass: false, status: 403 }
      return { pass: true }
    },
    judgeUpgrade: (request) => isOurHost(request) && request.headers.origin === origin && hasCookie(request),
  }
}
