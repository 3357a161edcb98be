/** Labels patches as fast as it can, and says of each label when it is on disk, until it is killed. */
import { appendFileSync } from 'node:fs'
import { openBench } from './openBench.ts'

const [folder, acknowledged, seed] = process.argv.slice(2)
const { assign, undo, grid } = openBench(folder!)
let state = Number(seed)
const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0)
process.send!('labelling')
for (;;) {
  if (next() % 11 === 0) {
    const change = undo()
    appendFileSync(acknowledged!, `${JSON.stringify({ sequence: change.gesture.sequence })}\n`)
    continue
  }
  const patches = Uint32Array.from({ length: 1 + (next() % 40) }, () => next() % 400)
  const change = assign(grid, patches, 1 + (next() % 2))
  if (change) appendFileSync(acknowledged!, `${JSON.stringify({ sequence: change.gesture.sequence })}\n`)
}
