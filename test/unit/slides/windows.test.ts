/** Windows that ask the reading process directly for tiles, over a port the main process does not see. */
import { copyFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { SlideId } from '../../../src-shared/ids.ts'
import { type TileRequest, tileContract } from '../../../src-shared/slides.ts'
import { connect } from '../../../src-shared/wire/connect.ts'
import { wirePair } from '../../../src-shared/wire/pair.ts'
import { serve } from '../../../src-shared/wire/serve.ts'
import type { WorkerHost } from '../../../src-main/jobs/workerHost.ts'
import { processContract, type ServedSlide } from '../../../src-main/slides/processContract.ts'
import { createSlideServer } from '../../../src-main/slides/slideServer.ts'
import { readerOn } from '../../fixtures/slideReaders.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'
import { tiffSample } from '../../fixtures/tinySlides.ts'

const newSlide = () => SlideId.parse(uuidv7())
const slideFile = { file: tiffSample, fingerprint: null }

/** A window connected to a slide process in this one. */
function windowOn(server: ReturnType<typeof createSlideServer>) {
  const { near, far, close } = wirePair()
  serve(far, tileContract, { calls: { 'tiles.read': (request) => server.windowTiles(request) }, streams: {} })
  onTestFinished(close)
  return connect<typeof tileContract>(near)
}

describe('in the process', () => {
  test('a window gets tiles of slides that are served, by their ids', async () => {
    const news = vi.fn<(name: string, body: unknown) => void>()
    const server = createSlideServer(news)
    const slide = newSlide()
    await server.handlers.calls['tiles.serve']([{ slide, serve: slideFile }])
    const request: TileRequest = { slide, level: 1, tiles: [[0, 0]] }
    const reply = await windowOn(server).call('tiles.read', request)
    expect(reply).toEqual([expect.any(Uint8Array)])
    expect(news.mock.calls).toEqual([
      ['tiles.reading', { number: 1, request }],
      ['tiles.reading', { number: 1, request: null }],
    ])
  })

  test('a request that comes before the slide is served waits for it', async () => {
    const server = createSlideServer(() => undefined)
    const slide = newSlide()
    const reply = windowOn(server).call('tiles.read', { slide, level: 0, tiles: [[0, 0]] })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await server.handlers.calls['tiles.serve']([{ slide, serve: slideFile }])
    expect(await reply).toEqual([expect.any(Uint8Array)])
  })

  test('a slide that was set aside is refused with its reason', async () => {
    const server = createSlideServer(() => undefined)
    const slide = newSlide()
    const fault = { code: 'SLIDE_SET_ASIDE', message: 'It ended the program.', data: { slide: 'a', crashes: 2 } }
    await server.handlers.calls['tiles.serve']([{ slide, serve: fault }])
    await expect(windowOn(server).call('tiles.read', { slide, level: 0, tiles: [[0, 0]] })).rejects.toMatchObject(fault)
  })

  test('that a file is gone is told to the main process', async () => {
    const news = vi.fn<(name: string, body: unknown) => void>()
    const server = createSlideServer(news)
    const file = path.join(temporaryFolder(), 'a.tif')
    copyFileSync(tiffSample, file)
    const { fingerprint } = await server.handlers.calls['slides.open']({ file, fingerprint: null })
    const slide = newSlide()
    await server.handlers.calls['tiles.serve']([{ slide, serve: { file, fingerprint } }])
    rmSync(file)
    await new Promise((resolve) => setTimeout(resolve, 600))
    const asked = windowOn(server).call('tiles.read', { slide, level: 0, tiles: [[0, 0]] })
    await expect(asked).rejects.toMatchObject({ code: 'SLIDE_FILE_MISSING' })
    expect(news).toHaveBeenCalledWith('slides.lost', {
      file,
      fault: expect.objectContaining({ code: 'SLIDE_FILE_MISSING' }),
    })
  })
})

/** Processes that are only played: each writes down what it is told, and dies when the test says so. `answers`: to slides.tiles. */
function playedHost({ answers = true } = {}) {
  const processes: {
    told: (string | ServedSlide)[]
    publish: (name: string, body: unknown) => void
    die: () => void
  }[] = []
  const host: WorkerHost = {
    start() {
      const { near, far, close } = wirePair()
      const exits: ((exit: string) => void)[] = []
      let publish = (_name: string, _body: unknown): void => undefined
      const process = {
        told: [] as (string | ServedSlide)[],
        publish: (name: string, body: unknown) => publish(name, body),
        die() {
          close()
          for (const exit of exits) exit('signal SIGSEGV')
        },
      }
      processes.push(process)
      const { handlers } = createSlideServer(() => undefined)
      serve(
        far,
        processContract,
        {
          ...handlers,
          calls: {
            ...handlers.calls,
            'process.ready': () => undefined, // this very process is not to be ended for its memory
            'tiles.serve': (list) => void process.told.push(...list),
            'slides.tiles'({ file }) {
              process.told.push(`tiles of ${file}`)
              return answers ? [null] : new Promise(() => undefined)
            },
          },
        },
        {
          subscribe(listener) {
            publish = listener
            return () => undefined
          },
        },
      )
      return { pid: undefined, wire: near, exited: (exit) => void exits.push(exit), kill: () => process.die() }
    },
  }
  return { host, processes }
}

test('after a crash, what windows had in flight is tried alone first, and served to windows only when it did no harm', async () => {
  const { host, processes } = playedHost()
  const reader = readerOn(host)
  const [innocent, idle] = [newSlide(), newSlide()]
  const started: unknown[] = []
  reader.serve(innocent, { file: '/innocent', fingerprint: null }, 'innocent')
  reader.serve(idle, { file: '/idle', fingerprint: null }, 'idle')
  reader.onStarted((process) => started.push(process))
  reader.start()
  await vi.waitUntil(() => started.length === 1)
  processes[0]!.publish('tiles.reading', { number: 1, request: { slide: innocent, level: 0, tiles: [[0, 0]] } })
  await new Promise((resolve) => setTimeout(resolve, 10))
  processes[0]!.die()
  await vi.waitUntil(() => started.length === 2 && processes[1]!.told.length === 4)
  expect(processes[1]!.told).toEqual([
    { slide: innocent, serve: null },
    { slide: idle, serve: { file: '/idle', fingerprint: null } },
    'tiles of /innocent',
    { slide: innocent, serve: { file: '/innocent', fingerprint: null } },
  ])
})

test('a slide that kills over a window’s port is set aside too', async () => {
  const { host, processes } = playedHost({ answers: false })
  const reader = readerOn(host)
  const slide = newSlide()
  const setAside: string[] = []
  reader.onSetAside((key, error) => setAside.push(`${key} ${error.code}`))
  reader.serve(slide, { file: '/lethal', fingerprint: null }, 'lethal')
  reader.start()
  await vi.waitUntil(() => processes[0]?.told.length === 1)
  processes[0]!.publish('tiles.reading', { number: 1, request: { slide, level: 0, tiles: [[0, 0]] } })
  await new Promise((resolve) => setTimeout(resolve, 10))
  processes[0]!.die()
  await vi.waitUntil(() => processes[1]?.told.includes('tiles of /lethal'))
  processes[1]!.die()
  expect(setAside).toEqual([`${slide} SLIDE_SET_ASIDE`])
  reader.start()
  await vi.waitUntil(() => processes[2]?.told.length === 1)
  expect(processes[2]!.told).toEqual([{ slide, serve: expect.objectContaining({ code: 'SLIDE_SET_ASIDE' }) }])
})
