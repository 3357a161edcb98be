/**
 * Images per second in training steps (forward, backward, AdamW), beside PyTorch on the same network, each in a process of
 * its own. --thorough: eight processes of each, in turn, and their medians; and the same with an allocator that keeps its
 * memory instead of giving it back after every step. --only=WORD: those whose name begins so.
 */
import { ENGINE_THREADS } from '../../src-main/nn/engineFacts.ts'
import { median, options, ourProcess, type Figure, peer, print } from './bench.ts'
import { trainingCases, type TrainingCase } from './trainingCases.ts'

const SECONDS = 8
const ROUNDS = options.thorough ? 8 : 1

/** glibc's: blocks up to 1 GiB come from the heap and not from pages of their own, and the heap never shrinks. */
const TUNED_MALLOC = { MALLOC_MMAP_THRESHOLD_: `${2 ** 30}`, MALLOC_TRIM_THRESHOLD_: `${2 ** 32}` }
const allocators = [
  { what: '', environment: {} },
  ...(options.thorough ? [{ what: ', malloc tuned', environment: TUNED_MALLOC }] : []),
]

const versions = new Set<string>()

function measure({ name, network, batch }: TrainingCase): Figure[] {
  const order = { network, batch, seconds: SECONDS }
  const rates = allocators.map((allocator) => ({ ...allocator, ours: [] as number[], theirs: [] as number[] }))
  for (let round = 0; round < ROUNDS; round++)
    for (const { environment, ours, theirs } of rates) {
      ours.push(ourProcess<{ imagesPerSecond: number }>('training.process.ts', order, environment).imagesPerSecond)
      const answer = peer<{ imagesPerSecond: number; version: string }>(
        'torchPeer.py',
        [],
        { ...order, mode: 'train', threads: ENGINE_THREADS },
        environment,
      )
      if (!answer) continue
      versions.add(answer.version)
      theirs.push(answer.imagesPerSecond)
    }
  return rates.map(({ what, ours, theirs }) => ({
    what: `${name}${what}`,
    unit: 'images/s',
    ours: median(ours),
    peer: theirs.length > 0 ? median(theirs) : null,
    higherIsBetter: true,
  }))
}

const figures = trainingCases.filter(({ name }) => name.startsWith(options.only)).flatMap(measure)
const peerName = versions.size > 0 ? `PyTorch ${[...versions].join()}, AdamW, the faster of NCHW and NHWC` : null
print('training', figures, peerName, [ROUNDS > 1 ? `medians of ${ROUNDS} processes each, in turn` : 'one process each'])
