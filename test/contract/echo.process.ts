/** The echo contract served by a child process, over the same wire our own processes use. */
import { EventEmitter } from 'node:events'
import { parentWire } from '../../src-main/jobs/parentWire.ts'
import { serve } from '../../src-shared/wire/serve.ts'
import { echoContract, echoHandlers } from './echo.ts'

const events = new EventEmitter()
serve(
  parentWire(),
  echoContract,
  echoHandlers([], (name, body) => void events.emit('event', name, body)),
  {
    subscribe: (listener) => {
      events.on('event', listener)
      return () => events.off('event', listener)
    },
  },
)
