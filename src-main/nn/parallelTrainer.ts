/**
 * One training step on several threads: the batch is cut into equal parts, each part runs through a session of its own
 * with a thread of its own, and the gradients of the parts add up to that of the batch.
 *
 * The runtime's own way of using two threads shares out each operator and waits for the slower half every time; here the
 * threads meet once a step. Everything is added in one order, so that a step is the same to the last bit each time.
 *
 * A batch norm uses the mean and variance of its part: ghost batch norm, which learns a little better than the mean over
 * the whole batch for the same reason as small batches do. What a step reports is the mean and variance of all of it.
 * @see Hoffer, Hubara, Soudry, Train Longer, Generalize Better, NeurIPS (2017), section 4 (ghost batch normalization)
 */
import { Worker } from 'node:worker_threads'
import { sizeOf } from '../../src-shared/network/layerShape.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { Trainer, TrainerInput, TrainerStep } from './backend.ts'
import { masksOfWhole, partOf, stepResults, sumOfGradients, together } from './batchParts.ts'
import { blocksIn, shareOfBlocks, type Stretch } from './blocks.ts'
import { conversation, type Ended } from './conversation.ts'
import type { Weights } from './graph/parameters.ts'
import type { PartAnswer, PartCall, PartOrder } from './partContract.ts'
import { isShared, sharedFloats } from './sharedFloats.ts'
import { doWork, isSharedWork, lengthOf, type VectorWork } from './vectorWork.ts'

/** The bundler puts every entry into one folder, as in ../host/processEntries.ts. */
const workerFile = () =>
  new URL(import.meta.url.endsWith('.ts') ? './part.worker.ts' : './part.worker.js', import.meta.url)

/** Blocks from which on the other threads are asked: at half as many, asking takes as long as it saves (2026-11-25). */
const LEAST_SHARED = 16

/** @param own makes the trainer of the part that runs on this thread */
export async function parallelTrainer(
  network: NetworkDescription,
  batch: number,
  parts: number,
  own: (part: number) => Promise<Trainer>,
): Promise<Trainer> {
  const part = batch / parts
  const first = await own(part)
  const others: OtherPart[] = []
  try {
    for (let place = 1; place < parts; place++) others.push(await otherPart(network, part, batch, first))
  } catch (error) {
    await Promise.all([first.dispose(), ...others.map((other) => other.dispose())])
    throw error
  }
  const masks = masksOfWhole(first.masks, batch)
  const results = stepResults(first.layout, first.results.gradient)

  async function share(work: VectorWork): Promise<void> {
    const blocks = blocksIn(lengthOf(work))
    if (blocks < LEAST_SHARED || !isSharedWork(work)) return doWork(work)
    const going = others.map((other, place) => other.work(work, shareOfBlocks(blocks, place + 1, parts)))
    doWork(work, shareOfBlocks(blocks, 0, parts))
    await atRest(going)
  }

  return {
    layout: first.layout,
    classes: first.classes,
    masks,
    batch,
    results,
    async step(weights, input): Promise<TrainerStep> {
      const going = others.map((other, place) => other.step(weights, partOf(input, place + 1, parts)))
      const steps = await atRest([first.step(weights, partOf(input, 0, parts)), ...going])
      await share(sumOfGradients(steps))
      return together(steps, results)
    },
    share,
    async dispose() {
      await Promise.all([first.dispose(), ...others.map((other) => other.dispose())])
    },
  }
}

/** All are heard even when one fails: every thread must be at rest before anything is asked of it again. */
async function atRest<T>(going: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(going)
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason
    return each.value
  })
}

type OtherPart = {
  step(weights: Weights, input: TrainerInput): Promise<TrainerStep>
  work(work: VectorWork, blocks: Stretch): Promise<void>
  dispose(): Promise<void>
}

/**
 * A part on a thread of its own. What goes between the threads lies in memory that both see; messages only say when.
 *
 * @throws {TesseraError} ENGINE_FAILED
 */
async function otherPart(network: NetworkDescription, part: number, batch: number, like: Trainer): Promise<OtherPart> {
  const order: PartOrder = {
    network,
    part,
    batch,
    patches: sharedFloats(part * sizeOf(network.input)),
    target: sharedFloats(part * like.classes),
    masks: like.masks.map(({ dims }) => sharedFloats(sizeOf(dims))),
  }
  const worker = new Worker(workerFile(), { workerData: order })
  const answerTo = conversation<PartCall, PartAnswer>(worker)
  const results = await answerTo(null)
  if (results.kind !== 'ready') {
    await worker.terminate()
    throw unexpected(results)
  }
  const own = sharedFloats(like.layout.length)
  return {
    async step({ parameters }, input) {
      order.patches.set(input.patches)
      order.target.set(input.target)
      for (const [place, mask] of order.masks.entries()) mask.set(input.masks[place]!)
      if (!isShared(parameters)) own.set(parameters)
      const said = await answerTo({ kind: 'step', parameters: isShared(parameters) ? parameters : own })
      if (said.kind !== 'stepped') throw unexpected(said)
      const { gradient, mean, variance } = results
      return { loss: said.loss, correct: said.correct, gradient, mean, variance }
    },
    async work(work, blocks) {
      const said = await answerTo({ kind: 'work', work, blocks })
      if (said.kind !== 'worked') throw unexpected(said)
    },
    async dispose() {
      await worker.terminate()
    },
  }
}

const unexpected = (said: PartAnswer | Ended) =>
  engineFailed(
    said.kind === 'failed' || said.kind === 'ended' ? said.reason : 'one of its threads answered out of turn',
  )

const engineFailed = (reason: string) =>
  tesseraError(
    'ENGINE_FAILED',
    `The network engine failed: ${reason}. If memory is short, a smaller batch needs less of it.`,
    { reason },
  )
