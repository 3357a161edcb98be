/** Entry of a slide process: serves the main process, and every window that is connected directly. */
import { tileContract } from '../../src-shared/slides.ts'
import { serve } from '../../src-shared/wire/serve.ts'
import { parentWire } from '../jobs/parentWire.ts'
import { processContract } from './processContract.ts'
import { createSlideServer } from './slideServer.ts'

/** Our own answers are parsed in tests only: a batch of tiles would cost more to parse than to read. */
const strict = process.env['TESSERA_STRICT'] === '1'

const listeners = new Set<(name: string, body: unknown) => void>()

const server = createSlideServer((name: string, body: unknown) => {
  for (const listener of listeners) listener(name, body)
})

const toParent = parentWire((window) =>
  serve(
    window,
    tileContract,
    { calls: { 'tiles.read': (request) => server.windowTiles(request) }, streams: {} },
    { strict },
  ),
)

serve(toParent, processContract, server.handlers, {
  strict,
  subscribe(listener) {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
})
