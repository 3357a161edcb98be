/**
 * Features of patches per second: pictures read and decoded, normalised and encoded, as `tessera features extract` does it,
 * beside ONNX Runtime alone with the same encoder and threads on pixels that lie in memory, which is the ceiling. Rounds of
 * ours and of the ceiling take turns; each figure is the median of its rounds.
 *
 * `npm run bench -- extraction --data=FOLDER`: a folder of pictures with or without class folders. --encoder=NAME (default:
 * embedded; a name that comes with Tessera).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as ort from 'onnxruntime-node'
import { encoderFile } from '../../src-main/cli/modelFile.ts'
import { ENGINE_THREADS } from '../../src-main/nn/engineFacts.ts'
import { seeded } from '../../src-main/nn/random.ts'
import { byTurns, options, print } from './bench.ts'

const ROUNDS = 3
/** Patches that go through the network at once, as in the program. */
const BATCH = 64
const CEILING_PATCHES = 512

const flag = (name: string): string | undefined =>
  process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
const data = flag('data')
if (data === undefined) throw new Error('Say where the patches are: --data=FOLDER.')
const encoder = flag('encoder') ?? 'embedded'
const file = await encoderFile(encoder)
const folder = mkdtempSync(path.join(tmpdir(), 'tessera-extraction-'))

type Extracted = { patches: number; patchesPerSecond: number; encoder: { input: { edgePx: number } } }

function ours(): Extracted {
  const program = path.resolve(import.meta.dirname, '../../out/main/cli.js')
  const out = path.join(folder, 'features.h5')
  const words = ['features', 'extract', '--encoder', encoder, '--folder', data!, '--out', out, '--json']
  const result = spawnSync(process.execPath, [program, ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (result.status !== 0) throw new Error(`tessera features extract ended with ${result.status ?? result.signal}.`)
  return JSON.parse(result.stdout) as Extracted
}

/** Patches per second of the runtime alone; each thread has a session and batches of its own, as in the program. */
async function ceiling(edge: number): Promise<number> {
  const pixels = Float32Array.from({ length: BATCH * 3 * edge ** 2 }, seeded(1).normal)
  const sessions = await Promise.all(
    Array.from({ length: ENGINE_THREADS }, () =>
      ort.InferenceSession.create(file, { executionProviders: ['cpu'], intraOpNumThreads: 1, interOpNumThreads: 1 }),
    ),
  )
  const run = async (session: ort.InferenceSession, batches: number) => {
    const [input] = session.inputNames
    for (let batch = 0; batch < batches; batch++)
      await session.run({ [input!]: new ort.Tensor('float32', pixels, [BATCH, 3, edge, edge]) })
  }
  await Promise.all(sessions.map((session) => run(session, 1)))
  const begun = performance.now()
  await Promise.all(sessions.map((session) => run(session, CEILING_PATCHES / BATCH)))
  const seconds = (performance.now() - begun) / 1000
  await Promise.all(sessions.map((session) => session.release()))
  return (ENGINE_THREADS * CEILING_PATCHES) / seconds
}

try {
  const first = ours()
  const { edgePx } = first.encoder.input
  const found = await byTurns(ROUNDS, {
    ours: () => ours().patchesPerSecond,
    ceiling: () => (options.noPeer ? 0 : ceiling(edgePx)),
  })
  print(
    'extraction',
    [
      {
        what: `${first.patches} pictures of a folder, encoder “${encoder}”`,
        unit: 'patches/s',
        ours: found.ours,
        peer: options.noPeer ? null : found.ceiling,
        higherIsBetter: true,
      },
    ],
    options.noPeer
      ? null
      : `ONNX Runtime ${ort.env.versions.common} alone, ${ENGINE_THREADS} threads, pixels in memory`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}
