/**
 * What follows the gradients of a step, as work over flat vectors: the gradients of the parts are added up, their squares
 * summed for the norm, and the update made. Every block is worked on by itself (blocks.ts), and the result is the same to
 * the last bit whichever thread does which block.
 *
 * A piece of work is data, because it goes to other threads; its vectors lie in memory they all see.
 */
import type { OptimiserChoice } from '../../src-shared/recipe.ts'
import { blockAt, blocksIn, type Stretch } from './blocks.ts'
import { shorten, squares } from './gradientNorm.ts'
import { type DecayRange, optimiserOf, type OptimiserState } from './optimiser.ts'
import { isShared } from './sharedFloats.ts'
import { mixIn } from './weightAverage.ts'

export type Sum = {
  kind: 'sum'
  /** is changed: every vector of `more` is added to it, in their order */
  into: Float32Array
  more: readonly Float32Array[]
}

export type Squares = {
  kind: 'squares'
  gradient: Float32Array
  ranges: readonly DecayRange[]
  /** is filled, [block of the gradient] */
  ofBlocks: Float64Array
}

/** Shortens the gradient, lets the optimiser follow it and averages the weights. Parameters, moments and average change. */
export type Update = {
  kind: 'update'
  parameters: Float32Array
  gradient: Float32Array
  /** what the gradient is multiplied with first */
  shortening: number
  optimiser: OptimiserChoice
  /** as it was before the step */
  state: OptimiserState
  learningRate: number
  ranges: readonly DecayRange[]
  /** the averaged parameters, and the share of them that is kept */
  average: { parameters: Float32Array; kept: number } | null
}

export type VectorWork = Sum | Squares | Update

/** As long as the longest of its vectors. */
export const lengthOf = (work: VectorWork): number => (work.kind === 'sum' ? work.into : work.gradient).length

/** Whether other threads see all that it reads and changes. */
export const isSharedWork = (work: VectorWork): boolean => vectorsOf(work).every(isShared)

function vectorsOf(work: VectorWork): (Float32Array | Float64Array)[] {
  switch (work.kind) {
    case 'sum':
      return [work.into, ...work.more]
    case 'squares':
      return [work.gradient, work.ofBlocks]
    case 'update':
      return [work.parameters, work.gradient, ...work.state.moments, ...(work.average ? [work.average.parameters] : [])]
  }
}

/** @param blocks those it is done to; all of them by default */
export function doWork(work: VectorWork, blocks: Stretch = { start: 0, end: blocksIn(lengthOf(work)) }): void {
  const onBlock = workOnBlock(work)
  for (let place = blocks.start; place < blocks.end; place++) onBlock(blockAt(place, lengthOf(work)), place)
}

function workOnBlock(work: VectorWork): (block: Stretch, place: number) => void {
  switch (work.kind) {
    case 'sum':
      return (block) => {
        for (const vector of work.more) add(work.into, vector, block)
      }
    case 'squares':
      return (block, place) => {
        work.ofBlocks[place] = squares(work.gradient, work.ranges, block)
      }
    case 'update':
      return updateOfBlock(work)
  }
}

function add(into: Float32Array, vector: Float32Array, { start, end }: Stretch): void {
  for (let i = start; i < end; i++) into[i] = into[i]! + vector[i]!
}

function updateOfBlock(work: Update): (block: Stretch) => void {
  const { parameters, gradient, shortening, state, learningRate, ranges, average } = work
  const optimiser = optimiserOf(work.optimiser)
  return (block) => {
    shorten(gradient, shortening, block)
    optimiser.update(parameters, gradient, state, learningRate, ranges, block)
    if (average) mixIn(average.parameters, parameters, average.kept, block)
  }
}
