/**
 * The main process, made up: the whole contract over an in-memory wire, for looking at screens and for tests. Everything
 * is gone when the page is. Reached only by fake.html and by tests; no part of the program.
 */
import { api } from '../../../src-shared/api.ts'
import type { PublishApi } from '../../../src-shared/api.ts'
import { serve, type Subscribe } from '../../../src-shared/wire/serve.ts'
import { wirePair } from '../../../src-shared/wire/pair.ts'
import type { Wire } from '../../../src-shared/wire/message.ts'
import type { ReadTiles } from '../tiles.ts'
import { fakeHandlers } from './handlers.ts'
import type { Scene } from './scene.ts'

export interface FakeMain {
  openWire(): Promise<Wire>
  readTiles: ReadTiles
  /** Cuts the connection, as when the web host is stopped. */
  cut(): void
}

export function fakeMain(scene: Scene): FakeMain {
  const listeners = new Set<(name: string, body: unknown) => void>()
  const publish: PublishApi = (name, body) => {
    for (const listener of listeners) listener(name, body)
  }
  const subscribe: Subscribe = (listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const { handlers, readTiles } = fakeHandlers(scene, publish)
  let cut = (): void => undefined
  return {
    openWire() {
      const pair = wirePair()
      serve(pair.far, api, handlers, { subscribe })
      cut = pair.close
      return Promise.resolve(pair.near)
    },
    readTiles,
    cut: () => cut(),
  }
}
