/** One suite over every wire: whatever carries a contract, it must behave the same. */
import { EventEmitter } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { fork } from 'node:child_process'
import path from 'node:path'
import * as z from 'zod'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { decodeMessage, encodeMessage } from '../../src-shared/wire/codec.ts'
import { type Client, connect } from '../../src-shared/wire/connect.ts'
import { call, type Contract, type Handlers } from '../../src-shared/wire/contract.ts'
import type { Message, Wire } from '../../src-shared/wire/message.ts'
import { wirePair } from '../../src-shared/wire/pair.ts'
import { serve } from '../../src-shared/wire/serve.ts'
import { socketWire } from '../../src-main/host/web/socketWire.ts'
import { echoContract, echoHandlers } from './echo.ts'

type Ends = {
  client: Client<typeof echoContract>
  publish: (name: string, body: unknown) => void
  cut: () => void
  log: string[]
}

const wires: Record<string, () => Promise<Ends>> = {
  'a pair in memory': async () => {
    const { near, far, close } = wirePair()
    return { ...served(far), client: connect(near), cut: close }
  },
  'a pair in memory through the binary codec': async () => {
    const { near, far, close } = wirePair((message) => decodeMessage(encodeMessage(message)))
    return { ...served(far), client: connect(near), cut: close }
  },
  'a MessagePort': async () => {
    const { port1, port2 } = new MessageChannel()
    const wire = (port: typeof port1): Wire => ({
      post: (message) => port.postMessage(message),
      listen: (listener) => void port.on('message', (message: Message) => listener(message)),
      closed: (listener) => void port.on('close', listener),
    })
    onTestFinished(() => port1.close())
    return { ...served(wire(port2)), client: connect(wire(port1)), cut: () => port2.close() }
  },
  'a WebSocket': async () => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const accepted = new Promise<ReturnType<typeof served> & { cut: () => void }>((resolve) =>
      server.once('connection', (socket) => resolve({ ...served(socketWire(socket)), cut: () => socket.terminate() })),
    )
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`)
    onTestFinished(() => socket.terminate())
    await new Promise((resolve) => socket.once('open', resolve))
    return { ...(await accepted), client: connect(socketWire(socket)) }
  },
  'a child process': async () => {
    const child = fork(path.join(import.meta.dirname, 'echo.process.ts'), [], { serialization: 'advanced' })
    onTestFinished(() => void child.kill())
    const wire: Wire = {
      post: (message) => void (child.connected && child.send(message, () => {})),
      listen: (listener) => void child.on('message', (message) => listener(message as Message)),
      closed: (listener) => void child.on('exit', listener),
    }
    const client = connect<typeof echoContract>(wire)
    const publish = (name: string, body: unknown) => void client.call('publish', { name, body })
    return { client, publish, cut: () => void child.kill('SIGKILL'), log: [] }
  },
}

function served(wire: Wire): Omit<Ends, 'client' | 'cut'> {
  const events = new EventEmitter()
  const log: string[] = []
  const publish = (name: string, body: unknown) => void events.emit('event', name, body)
  serve(wire, echoContract, echoHandlers(log, publish), {
    subscribe: (listener) => {
      events.on('event', listener)
      return () => events.off('event', listener)
    },
  })
  return { publish, log }
}

describe.each(Object.entries(wires))('over %s', (_name, open) => {
  test('typed arrays of every kind arrive as they were, wherever they lie in a value', async () => {
    const { client } = await open()
    const sent = {
      patches: Uint32Array.of(1, 2, 4_000_000_000),
      classes: Uint16Array.of(0, 65535),
      values: Float32Array.of(0.1, Number.NaN, -Infinity),
      nested: [{ patches: Uint32Array.of(7) }],
    }
    expect(await client.call('echo', sent)).toEqual(sent)
  })

  test('a view into a larger buffer arrives as the view, not as the buffer', async () => {
    const { client } = await open()
    const patches = Uint32Array.of(9, 8, 7, 6).subarray(1, 3)
    expect(
      (await client.call('echo', { patches, classes: new Uint16Array(), values: new Float32Array(), nested: [] }))
        .patches,
    ).toEqual(Uint32Array.of(8, 7))
  })

  test('100,000 patches cross at once', async () => {
    const { client } = await open()
    const patches = Uint32Array.from({ length: 100_000 }, (_, i) => i)
    const back = await client.call('echo', {
      patches,
      classes: new Uint16Array(100_000),
      values: new Float32Array(),
      nested: [],
    })
    expect(back.patches).toEqual(patches)
  })

  test('an error arrives with its code, its message and its data', async () => {
    const { client } = await open()
    await expect(client.call('fail', { how: 'known' })).rejects.toMatchObject({
      name: 'TesseraError',
      code: 'GRID_TOO_LARGE',
      data: { patches: 9, most: 4 },
      message: 'Too many patches.',
    })
  })

  test('an error nobody foresaw arrives as UNEXPECTED, with its message', async () => {
    const { client } = await open()
    await expect(client.call('fail', { how: 'unknown' })).rejects.toMatchObject({
      code: 'UNEXPECTED',
      message: 'a bug',
    })
  })

  test('a call that is asked the wrong way says what is wrong', async () => {
    const { client } = await open()
    await expect(client.call('fail', { how: 'sideways' } as never)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      data: { call: 'fail' },
    })
  })

  test.each(['constructor', '__proto__', 'toString', 'echo '])('“%s” is a call that does not exist', async (name) => {
    const { client } = await open()
    await expect(client.call(name as never, {} as never)).rejects.toMatchObject({ code: 'CALL_UNKNOWN' })
  })

  test('a stream brings its items in order and ends', async () => {
    const { client } = await open()
    const items: number[] = []
    for await (const item of client.stream('count', { to: 50 })) items.push(item)
    expect(items).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  test('leaving a stream early stops it on the other side', async () => {
    const { client } = await open()
    for await (const item of client.stream('count', { to: 1_000_000 })) if (item === 3) break
    await expect.poll(() => client.call('stopped', undefined)).toBe(true)
  })

  test('a stream that has nothing to say can be left by its signal, and stops on the other side', async () => {
    const { client } = await open()
    const abort = new AbortController()
    const items: number[] = []
    for await (const item of client.stream('count', { to: 2, hang: true }, abort.signal)) {
      items.push(item)
      if (item === 1) setTimeout(() => abort.abort(), 5)
    }
    expect(items).toEqual([0, 1])
    await expect.poll(() => client.call('stopped', undefined)).toBe(true)
  })

  test('a stream that fails throws where it is read, after what came before', async () => {
    const { client } = await open()
    const items: number[] = []
    await expect(
      (async () => {
        for await (const item of client.stream('count', { to: 3, fail: true })) items.push(item)
      })(),
    ).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(items).toEqual([0, 1, 2])
  })

  test('events reach those who listen, until they stop', async () => {
    const { client, publish } = await open()
    const heard: number[] = []
    const stop = client.on('ticked', ({ at }) => heard.push(at))
    publish('ticked', { at: 1 })
    await expect.poll(() => heard).toEqual([1])
    stop()
    publish('ticked', { at: 2 })
    await client.call('echo', {
      patches: new Uint32Array(),
      classes: new Uint16Array(),
      values: new Float32Array(),
      nested: [],
    })
    expect(heard).toEqual([1])
  })

  test('when the connection is cut, calls in flight and later ones fail with CONNECTION_LOST', async () => {
    const { client, cut } = await open()
    const told = new Promise<void>((resolve) => client.closed(resolve))
    const waiting = client.call('wait', undefined)
    const refused = expect(waiting).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    cut()
    await told
    await refused
    await expect(client.call('wait', undefined)).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })
})

test('a handler that answers against its contract is a bug that is told, not passed on', async () => {
  const contract = { calls: { lie: call(z.void(), z.number()) }, streams: {}, events: {} } satisfies Contract
  const { near, far } = wirePair()
  serve(far, contract, { calls: { lie: () => 'four' as never }, streams: {} } satisfies Handlers<typeof contract>)
  await expect(connect<typeof contract>(near).call('lie', undefined)).rejects.toMatchObject({ code: 'UNEXPECTED' })
})
