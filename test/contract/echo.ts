/** A small contract that shows everything a wire must carry. */
import * as z from 'zod'
import { float32s, uint16s, uint32s } from '../../src-shared/arrays.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { call, type Contract, event, type Handlers, stream } from '../../src-shared/wire/contract.ts'

const Arrays = z.object({
  patches: uint32s,
  classes: uint16s,
  values: float32s,
  nested: z.array(z.object({ patches: uint32s })),
})

export const echoContract = {
  calls: {
    echo: call(Arrays, Arrays),
    fail: call(z.object({ how: z.enum(['known', 'unknown']) }), z.void()),
    wait: call(z.void(), z.void()),
    stopped: call(z.void(), z.boolean()),
    publish: call(z.object({ name: z.string(), body: z.unknown() }), z.void()),
  },
  streams: {
    count: stream(z.object({ to: z.number(), fail: z.boolean().optional(), hang: z.boolean().optional() }), z.number()),
  },
  events: { ticked: event(z.object({ at: z.number() })) },
} satisfies Contract

export function echoHandlers(
  log: string[],
  publish: (name: string, body: unknown) => void,
): Handlers<typeof echoContract> {
  return {
    calls: {
      echo: (value) => value,
      fail({ how }) {
        if (how === 'known') throw tesseraError('GRID_TOO_LARGE', 'Too many patches.', { patches: 9, most: 4 })
        throw new TypeError('a bug')
      },
      wait: () => new Promise(() => {}),
      stopped: () => log.includes('stopped'),
      publish: ({ name, body }) => publish(name, body),
    },
    streams: {
      async *count({ to, fail, hang }, signal) {
        try {
          for (let i = 0; i < to && !signal.aborted; i++) {
            yield i
            // as real streams do: wait for something outside
            await new Promise((resolve) => setImmediate(resolve))
          }
          if (hang) await new Promise((resolve) => signal.addEventListener('abort', resolve))
          if (fail) throw tesseraError('CANCELLED', 'Stopped.', {})
        } finally {
          log.push('stopped')
        }
      },
    },
  }
}
