/** Labels until the disk takes no more, and says what it was told; then labels again once there is room. */
import { openBench } from './openBench.ts'

const { assign, grid, project } = openBench(process.argv[2]!)
const stored = () => project.store.read.get<{ n: number }>('SELECT count(*) AS n FROM gestures')!.n
let acknowledged = stored()
for (let i = 0; ; i++) {
  try {
    // all 400 patches, in turn as one class and the other: 3 kB of log each
    assign(
      grid,
      Uint32Array.from({ length: 400 }, (_, patch) => patch),
      1 + (i % 2),
    )
    acknowledged++
  } catch (error) {
    process.stdout.write(
      JSON.stringify({
        code: (error as { code?: string }).code,
        message: (error as Error).message,
        acknowledged,
        stored: stored(),
      }),
    )
    break
  }
}
