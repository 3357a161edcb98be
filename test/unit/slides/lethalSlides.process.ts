/**
 * A slide process that some slides kill, by the names of their files: “lethal” ends it, “endless” hangs it, “hungry” takes
 * ever more memory, “greedy” does so without ever yielding, “slow” takes 300 ms. Everything else is the real one.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { serve } from '../../../src-shared/wire/serve.ts'
import { parentWire } from '../../../src-main/jobs/parentWire.ts'
import { processContract } from '../../../src-main/slides/processContract.ts'
import { createSlideServer } from '../../../src-main/slides/slideServer.ts'

const { handlers } = createSlideServer(() => undefined)

async function suffer(file: string): Promise<void> {
  if (file.includes('slow')) await wait(300)
  if (file.includes('lethal')) {
    await wait(30) // so that others are in flight with it
    process.kill(process.pid, 'SIGKILL')
    await wait(10_000)
  }
  for (; file.includes('endless'););
  const eaten: Buffer[] = []
  // beside the JavaScript heap, whose limit does not see it; filled, because only what is used is resident
  for (; file.includes('greedy') && eaten.length < 400;) {
    eaten.push(Buffer.alloc(10e6, 1))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
  }
  for (; file.includes('hungry') && eaten.length < 400;) {
    eaten.push(Buffer.alloc(10e6, 1))
    await wait(20)
  }
}

serve(parentWire(), processContract, {
  ...handlers,
  calls: {
    ...handlers.calls,
    async 'slides.tiles'(input) {
      await suffer(input.file)
      return handlers.calls['slides.tiles'](input)
    },
  },
})
