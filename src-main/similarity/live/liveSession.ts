/** A live classifier of one feature set: what it keeps from one label to the next, so that the next costs little. */
import { tesseraError } from '../../../src-shared/errors.ts'
import { voteLogits } from '../../probes/knn.ts'
import type { Matrix } from '../../probes/matrix.ts'
import { softmaxRows } from '../../probes/matrix.ts'
import type { FittedClassifier } from './contract.ts'
import { foldedLogits } from './heldOut.ts'
import { KnnVotes } from './knnVotes.ts'
import { fitFolded, type LinearFit } from './linearFit.ts'
import { ProductColumns, type ProductsOf } from './productColumns.ts'
import { prototypeRowLogits } from './prototypeFit.ts'
import type { LiveTraining } from './training.ts'

/** A gradient that rounding does not let become shorter is near enough below this. */
const NEAR_ENOUGH = 1e-3

export class LiveSession {
  readonly #rows: Matrix
  readonly #productsOf: ProductsOf
  #votes: KnnVotes | null = null
  #linear: LinearFit | null = null

  constructor(rows: Matrix, productsOf: ProductsOf) {
    this.#rows = rows
    this.#productsOf = productsOf
  }

  /**
   * @returns [row, class] probabilities of every row
   * @throws {TesseraError} LIVE_TOO_LARGE, PROBE_NOT_POSSIBLE, ENGINE_FAILED
   */
  async refit(training: LiveTraining, classifier: FittedClassifier, temperature: number): Promise<Float32Array> {
    return new Float32Array(softmaxRows(await this.logits(training, classifier), training.classes, temperature))
  }

  /** [row, class] */
  async logits(training: LiveTraining, classifier: FittedClassifier): Promise<Float64Array> {
    const { features, classOf, classes } = training
    if (classifier.kind === 'knn') {
      this.#votes ??= new KnnVotes(new ProductColumns(this.#rows, this.#productsOf))
      const { shares, k } = await this.#votes.of(training, classifier)
      return voteLogits(shares, k)
    }
    if (classifier.kind === 'prototypes') return prototypeRowLogits(this.#rows, training)
    const fit = fitFolded(features, classOf, classes, classifier.l2, this.#linear)
    if (!fit.converged && !(fit.gradientNorm < NEAR_ENOUGH))
      throw tesseraError(
        'PROBE_NOT_POSSIBLE',
        `The linear classifier did not converge: its gradient is ${fit.gradientNorm} after ${fit.iterations} iterations. Are there features that are far larger than the others? Choose nearest neighbours or class means.`,
        { reason: `gradient ${fit.gradientNorm}` },
      )
    this.#linear = fit
    return foldedLogits(this.#rows, fit)
  }
}
