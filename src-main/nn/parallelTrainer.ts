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
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { sizeOf } from '../../src-shared/network/layerShape.ts'
import { messageOf, tesseraError } from '../../src-shared/errors.ts'
import type { NetworkDescription } from '../../src-shared/networks.ts'
import type { Trainer, TrainerInput, TrainerStep } from './backend.ts'
import { masksOfWhole, partOf, stepResults, together } from './batchParts.ts'
import type { Weights } from './graph/parameters.ts'
import { isShared, sharedFloats, type PartAnswer, type PartCall, type PartOrder } from './partContract.ts'

/** The bundler puts every entry into one folder, as in ../host/processEntries.ts. */
const workerFile = () =>
  new URL(import.meta.url.endsWith('.ts') ? './part.worker.ts' : './part.worker.js', import.meta.url)

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
  const results = stepResults(first.layout)
  return {
    layout: first.layout,
    classes: first.classes,
    masks,
    batch,
    results,
    async step(weights, input): Promise<TrainerStep> {
      const going = others.map((other, place) => other.step(weights, partOf(input, place + 1, parts)))
      // The others are heard even when this one fails: they must be at rest before anything is asked of them again.
      const [mine, ...theirs] = await Promise.allSettled([first.step(weights, partOf(input, 0, parts)), ...going])
      const steps = [mine, ...theirs].map((settled) => {
        if (settled.status === 'rejected') throw settled.reason
        return settled.value
      })
      return together(steps, results)
    },
    async dispose() {
      await Promise.all([first.dispose(), ...others.map((other) => other.dispose())])
    },
  }
}

type OtherPart = { step(weights: Weights, input: TrainerInput): Promise<TrainerStep>; dispose(): Promise<void> }

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
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => {
    // heard where an answer is waited for
  })
  worker.on('error', ended.reject)
  worker.on('exit', (code) => ended.reject(new Error(`one of its threads ended with code ${code}`)))
  // A program that is done ends, whatever trainer it left behind; it stays while an answer is on its way.
  const answer = async (): Promise<PartAnswer> => {
    worker.ref()
    try {
      const [said] = (await Promise.race([once(worker, 'message'), ended.promise])) as [PartAnswer]
      return said
    } catch (error) {
      return { kind: 'failed', reason: messageOf(error) }
    } finally {
      worker.unref()
    }
  }
  const results = await answer()
  if (results.kind !== 'ready') {
    await worker.terminate()
    throw engineFailed(results.kind === 'failed' ? results.reason : 'one of its threads answered out of turn')
  }
  const own = sharedFloats(like.layout.length)
  return {
    async step({ parameters }, input) {
      order.patches.set(input.patches)
      order.target.set(input.target)
      for (const [place, mask] of order.masks.entries()) mask.set(input.masks[place]!)
      if (!isShared(parameters)) own.set(parameters)
      worker.postMessage({ parameters: isShared(parameters) ? parameters : own } satisfies PartCall)
      const said = await answer()
      if (said.kind !== 'done') throw engineFailed(said.kind === 'failed' ? said.reason : 'it answered out of turn')
      const { gradient, mean, variance } = results
      return { loss: said.loss, correct: said.correct, gradient, mean, variance }
    },
    async dispose() {
      await worker.terminate()
    },
  }
}

const engineFailed = (reason: string) =>
  tesseraError(
    'ENGINE_FAILED',
    `The network engine failed: ${reason}. If memory is short, a smaller batch needs less of it.`,
    { reason },
  )
