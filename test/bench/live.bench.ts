/**
 * Live mode: how long it takes from a label to new probabilities of every patch: 50,000 patches of 384 features, float32, of
 * three classes, while the labels go from 480 to 500 one by one. Beside scikit-learn on the same numbers of the same kind,
 * which fits and predicts from nothing. The figure is the median of the 20 labels; the worst is said below.
 *
 * The features are class means with noise of three times their distance: nobody's features, but classes overlap as in tissue.
 */
import { openProducts } from '../../src-main/nn/backendProducts.ts'
import { seeded } from '../../src-main/nn/random.ts'
import { rowsOf } from '../../src-main/probes/matrix.ts'
import type { FittedClassifier } from '../../src-main/similarity/live/contract.ts'
import { LiveSession } from '../../src-main/similarity/live/liveSession.ts'
import type { LiveTraining } from '../../src-main/similarity/live/training.ts'
import { type Figure, median, options, peer, print } from './bench.ts'

const [PATCHES, FEATURES, LABELS, STEPS, CLASSES] = [50_000, 384, 500, 20, 3]
const K = 20
const L2 = 0.01

const random = seeded(1)
const means = Float32Array.from({ length: CLASSES * FEATURES }, () => random.normal())
const classOf = Uint16Array.from({ length: PATCHES }, () => random.below(CLASSES))
const values = new Float32Array(PATCHES * FEATURES)
for (let patch = 0, at = 0; patch < PATCHES; patch++)
  for (let j = 0; j < FEATURES; j++, at++)
    values[at] = 2 + means[classOf[patch]! * FEATURES + j]! + 3 * (2 * random.next() + 2 * random.next() - 2)
const rows = { values, rows: PATCHES, columns: FEATURES }

/** The first labels of a walk over the patches. */
function training(labels: number): LiveTraining {
  const chosen = Array.from({ length: labels }, (_, i) => (i * 97) % PATCHES)
  return {
    keys: chosen.map(String),
    features: rowsOf(rows, chosen),
    classOf: Uint16Array.from(chosen, (patch) => classOf[patch]!),
    classes: CLASSES,
  }
}

const engine = await openProducts(FEATURES, 1)

type Measured = { name: string; key: string; times: number[]; processor: number[]; first: number }

async function measure(name: string, key: string, classifier: FittedClassifier): Promise<Measured> {
  const session = new LiveSession(rows, (all, vectors) => engine.of(all, vectors))
  const begun = performance.now()
  await session.refit(training(LABELS - STEPS), classifier, 1)
  const first = performance.now() - begun
  const times: number[] = []
  const processor: number[] = []
  for (let labels = LABELS - STEPS + 1; labels <= LABELS; labels++) {
    const next = training(labels)
    const [from, used] = [performance.now(), process.cpuUsage()]
    await session.refit(next, classifier, 1)
    times.push(performance.now() - from)
    processor.push(process.cpuUsage(used).user / 1000)
  }
  return { name, key, times, processor, first }
}

const measured = [
  await measure(`nearest neighbours, k = ${K}`, 'knn', { kind: 'knn', k: K, weighted: false }),
  await measure(`linear, L2 = ${L2}`, 'linear', { kind: 'linear', l2: L2 }),
  await measure('class means', 'prototypes', { kind: 'prototypes' }),
]
type Theirs = { knn: number; linear: number; prototypes: number; version: string }
const theirs = peer<Theirs>('scikitLivePeer.py', [], {
  patches: PATCHES,
  features: FEATURES,
  labels: LABELS,
  classes: CLASSES,
  k: K,
  l2: L2,
})

print(
  'live',
  measured.map(({ name, key, times }): Figure => ({
    what: `a new label, ${name}`,
    unit: 'ms',
    ours: median(times),
    peer: theirs ? theirs[key as 'knn' | 'linear' | 'prototypes'] : null,
    higherIsBetter: false,
  })),
  theirs ? `scikit-learn ${theirs.version}, fit and predict_proba` : null,
  options.noPeer && options.json
    ? []
    : measured.map(
        ({ name, times, processor, first }) =>
          `${name}: worst ${Math.max(...times).toFixed(0)} ms, processor time ${median(processor).toFixed(0)} ms; the first ${LABELS - STEPS} labels ${first.toFixed(0)} ms`,
      ),
)
await engine.close()
