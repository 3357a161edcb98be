import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import path from 'node:path'
import { createHash } from 'node:crypto'
import { decode, encode } from '@msgpack/msgpack'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { contentSecurityPolicy, OPENSEADRAGON_STYLE_HASH } from '../../../src-main/host/contentSecurity.ts'
import { createAppFetch } from '../../../src-main/host/appFetch.ts'
import { startWebHost, type WebHost } from '../../../src-main/host/web/server.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

const SLIDE = '0193f1c0-0000-7000-8000-000000000001'

async function host() {
  const root = path.join(temporaryFolder(), 'renderer')
  mkdirSync(path.join(root, 'assets'), { recursive: true })
  writeFileSync(path.join(root, 'index.html'), '<!doctype html>')
  writeFileSync(path.join(root, 'assets', 'app-1234.js'), 'export {}')
  writeFileSync(path.join(root, '..', 'secret.txt'), 'secret')
  const exported = path.join(root, '..', 'Präparat 7.csv')
  writeFileSync(exported, 'a,b\r\n')
  const web: WebHost = await startWebHost({
    appFetch: (connect) =>
      createAppFetch(root, (id) => (id === SLIDE ? { file: exported, name: 'Präparat 7.csv' } : null), connect),
    tiles: async ({ tiles }) =>
      tiles.map(([x, y]) => (x === 9 ? { code: 'SLIDE_TILE_BROKEN', message: 'no', data: {} } : Uint8Array.of(x, y))),
    onWindow: (wire) => wire.listen((message) => wire.post(message)),
  })
  onTestFinished(() => web.close())
  const entrance = new URL(web.entrance)
  const ask = (pathname: string, headers: Record<string, string> = {}, method = 'GET', body?: Uint8Array) =>
    new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
      const sent = httpRequest(
        // the name resolves to the loopback address in browsers; here the address is used and the name sent
        {
          host: '127.0.0.1',
          port: entrance.port,
          path: pathname,
          method,
          headers: { host: entrance.host, ...headers },
        },
        (response) => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.on('end', () =>
            resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }),
          )
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  const entered = await ask(`/${entrance.search}`)
  const cookie = entered.headers['set-cookie']![0]!.split(';')[0]!
  return { web, entrance, ask, entered, cookie, origin: entrance.origin }
}

describe('the web host', () => {
  test('exchanges the token in the address for a cookie scripts can not read and other sites can not send', async () => {
    const { entered, entrance, ask, cookie } = await host()
    expect(entered.status).toBe(303)
    expect(entered.headers['location']).toBe('/')
    expect(entered.headers['set-cookie']![0]).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
    // 32 bytes in base64url
    expect(entrance.searchParams.get('token')).toMatch(/^[\w-]{43}$/)
    expect((await ask('/', { cookie })).status).toBe(200)
  })

  test('lets nobody in without the cookie, with a wrong token, or with a wrong cookie', async () => {
    const { ask, cookie } = await host()
    expect((await ask('/')).status).toBe(401)
    expect((await ask('/?token=x')).status).toBe(403)
    expect((await ask(`/?token=${'A'.repeat(43)}`)).status).toBe(403)
    expect((await ask('/', { cookie: `${cookie.slice(0, -1)}x` })).status).toBe(401)
  })

  test('answers to its own random name only: another name for 127.0.0.1 gets nothing, with or without the cookie', async () => {
    const { ask, cookie, entrance } = await host()
    for (const name of [
      `127.0.0.1:${entrance.port}`,
      `localhost:${entrance.port}`,
      `evil.example:${entrance.port}`,
      entrance.hostname,
    ])
      expect((await ask('/', { cookie, host: name })).status).toBe(403)
  })

  test.each(['cross-site', 'same-site'])('refuses what another page asks for (%s)', async (site) => {
    const { ask, cookie } = await host()
    expect((await ask('/', { cookie, 'sec-fetch-site': site })).status).toBe(403)
  })

  test('tiles come in one binary answer, and only to our own page', async () => {
    const { ask, cookie, origin } = await host()
    const body = encode({
      slide: SLIDE,
      level: 0,
      tiles: [
        [1, 2],
        [9, 0],
      ],
    })
    expect((await ask('/tiles', { cookie }, 'POST', body)).status).toBe(403)
    expect((await ask('/tiles', { cookie, origin: 'https://evil.example' }, 'POST', body)).status).toBe(403)
    const { status, body: answer } = await ask('/tiles', { cookie, origin }, 'POST', body)
    expect(status).toBe(200)
    expect(decode(new Uint8Array(answer))).toEqual([
      Uint8Array.of(1, 2),
      { code: 'SLIDE_TILE_BROKEN', message: 'no', data: {} },
    ])
  })

  test.each([
    ['nonsense', Uint8Array.of(0xc1)],
    ['seventeen tiles', encode({ slide: SLIDE, level: 0, tiles: Array.from({ length: 17 }, () => [0, 0]) })],
    ['a path', encode({ slide: '../../etc/passwd', level: 0, tiles: [[0, 0]] })],
  ])('a tile request that is %s is answered with a fault', async (_what, body) => {
    const { ask, cookie, origin } = await host()
    const { body: answer } = await ask('/tiles', { cookie, origin }, 'POST', body)
    expect(decode(answer)).toMatchObject({ fault: { code: expect.any(String) } })
  })

  test.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/%00',
    '/%ff',
    '/assets',
    '/nothing.js',
  ])('never serves a file outside its folder, or a folder: %s', async (pathname) => {
    const { ask, cookie } = await host()
    const { status, body } = await ask(pathname, { cookie })
    expect([403, 404]).toContain(status)
    expect(body.toString()).not.toContain('secret')
  })

  test('an export is fetched by its id, under its own name', async () => {
    const { ask, cookie } = await host()
    const { headers, body } = await ask(`/exports/${SLIDE}`, { cookie })
    expect(headers['content-disposition']).toBe(`attachment; filename*=UTF-8''Pr%C3%A4parat%207.csv`)
    expect(body.toString()).toBe('a,b\r\n')
    expect((await ask('/exports/0193f1c0-0000-7000-8000-00000000ffff', { cookie })).status).toBe(404)
  })

  test('every answer carries the content security policy, also a refusal', async () => {
    const { ask, cookie } = await host()
    for (const answer of [await ask('/', { cookie }), await ask('/nothing.js', { cookie }), await ask('/')]) {
      expect(answer.headers['content-security-policy']).toContain(`default-src 'none'`)
      expect(answer.headers['x-content-type-options']).toBe('nosniff')
    }
  })

  test('the WebSocket opens for our page and for no other', async () => {
    const { entrance, cookie, origin } = await host()
    const open = (headers: Record<string, string>) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${entrance.port}/wire`, {
          headers: { host: entrance.host, ...headers },
        })
        socket.on('open', () => {
          resolve('open')
          socket.terminate()
        })
        socket.on('error', () => resolve('refused'))
      })
    expect(await open({ cookie, origin })).toBe('open')
    expect(await open({ cookie })).toBe('refused')
    expect(await open({ origin })).toBe('refused')
    expect(await open({ cookie, origin: 'https://evil.example' })).toBe('refused')
    expect(await open({ cookie, origin, host: 'evil.example' })).toBe('refused')
  })
})

test('the policy allows no inline script or style, no eval, and no other host', () => {
  const policy = contentSecurityPolicy(['ws://x.localhost:1'])
  expect(policy).not.toMatch(/unsafe/)
  expect(policy).toContain(`connect-src 'self' ws://x.localhost:1`)
  expect(policy).toContain(`require-trusted-types-for 'script'`)
})

test('the one inline style that is allowed is the one OpenSeadragon adds', () => {
  const source = readFileSync(
    path.resolve(import.meta.dirname, '../../../node_modules/openseadragon/build/openseadragon/openseadragon.js'),
    'utf8',
  )
  const [, statement] =
    /'true'\);\s*style\.textContent =((?:\s*'[^']*'\s*\+?)+);/.exec(
      source.slice(source.indexOf('data-openseadragon-mobile-css')),
    ) ?? []
  const text = [...(statement ?? '').matchAll(/'([^']*)'/g)].map(([, piece]) => piece).join('')
  expect(`sha256-${createHash('sha256').update(text).digest('base64')}`).toBe(OPENSEADRAGON_STYLE_HASH)
})
