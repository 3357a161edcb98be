/** Entry of a slide process: serves the main process, and every window that is connected directly. */
import { tileContract } from '../../src-shared/slides.ts'
import { serve } from '../../src-shared/wire/serve.ts'
import { parentWire } from '../jobs/parentWire.ts'
import { processContract } from './processContract.ts'
import { createSlideServer } from './slideServer.ts'

const listeners = new Set<(name: string, body: unknown) => void>()

const server = createSlideServer((name: string, body: unknown) => {
  for (const listener of listeners) listener(name, body)
})

const toParent = parentWire((window) =>
  serve(window, tileContract, { calls: { 'tiles.read': (request) => server.windowTiles(request) }, streams: {} }),
)

serve(toParent, processContract, server.handlers, {
  subscribe(listener) {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
})
