/** Live mode through the rooms, with the real process: labels go in, probabilities of every patch come out. */
import { expect, test } from 'vitest'
import { readLabelsCsv } from '../../../src-main/labels/importCsv.ts'
import type { LiveClassifier, LiveNews, LivePrediction } from '../../../src-shared/live.ts'
import { patchCount } from '../../../src-shared/patches.ts'
import { RoomsBench } from '../../fixtures/roomsBench.ts'
import { MOSAIC_TRUTH } from '../../fixtures/samples.ts'

async function liveBench() {
  const bench = RoomsBench.create()
  const { grid } = await bench.addMosaic()
  const encoder = await bench.calls['encoders.add']({ from: { kind: 'shipped', key: 'lymph-node' }, words: {} })
  const [set] = await bench.calls['features.extract']({ encoder: encoder.id, sources: [grid.id], element: 'float16' })
  expect(await bench.settled(set!.job!)).toMatchObject({ state: 'done' })
  const { patch, name } = await readLabelsCsv(MOSAIC_TRUTH, grid)
  const truth = new Map([...patch].map((each, i) => [each, name[i]!]))
  const of = (wanted: string) => patch.filter((each) => truth.get(each) === wanted)
  const label = (patches: Uint32Array, number: number) =>
    bench.calls['labels.assign']({ source: grid.id, patches, class: number, why: 'label', prediction: null })
  /** Share of the patches of the truth that are predicted as it says. */
  const right = ({ patch: patches, probabilities, classes }: LivePrediction): number => {
    let [good, all] = [0, 0]
    for (const [row, each] of patches.entries()) {
      const place = classes.findIndex((one) => one.name === truth.get(each))
      if (place < 0) continue
      all++
      const own = probabilities.subarray(row * classes.length, (row + 1) * classes.length)
      if (own.indexOf(Math.max(...own)) === place) good++
    }
    return good / all
  }
  const follow = (classifier: LiveClassifier) => {
    const abort = new AbortController()
    const news = bench.rooms.streams['live.follow']({ encoder: encoder.id, source: grid.id, classifier }, abort.signal)[
      Symbol.asyncIterator
    ]()
    const next = async <K extends LiveNews['kind']>(kind: K): Promise<Extract<LiveNews, { kind: K }>> => {
      for (;;) {
        const { value, done } = await news.next()
        if (done) throw new Error(`The news ended before a ${kind}.`)
        if (value.kind === kind) return value as Extract<LiveNews, { kind: K }>
      }
    }
    const leave = async (): Promise<void> => {
      abort.abort()
      while (!(await news.next()).done);
    }
    return { next, leave }
  }
  return { bench, grid, encoder, of, label, right, follow }
}

test('labels are asked for, then every patch is predicted, and undo brings the prediction before back', async () => {
  const { bench, grid, of, label, right, follow } = await liveBench()
  const live = follow({ kind: 'knn', k: 5, weighted: false })
  expect(await live.next('waiting')).toMatchObject({ classes: [], without: 0 })
  await label(of('tumor').slice(0, 3), 1)
  expect((await live.next('waiting')).classes).toMatchObject([{ name: 'tumor', labels: 3 }])
  await label(of('normal').slice(0, 3), 2)
  const few = await live.next('prediction')
  expect(few.classes.map(({ name, labels }) => [name, labels])).toEqual([
    ['tumor', 3],
    ['normal', 3],
  ])
  expect(few.patch).toHaveLength(patchCount(grid))
  for (const [row] of few.patch.entries())
    expect(few.probabilities[2 * row]! + few.probabilities[2 * row + 1]!).toBeCloseTo(1, 5)

  await label(of('tumor').slice(3, 40), 1)
  await label(of('normal').slice(3, 40), 2)
  let many = await live.next('prediction')
  while (many.classes[1]!.labels < 40) many = await live.next('prediction')
  expect(right(many)).toBeGreaterThan(0.8)
  await bench.calls['labels.undo']()
  await bench.calls['labels.undo']()
  let back = await live.next('prediction')
  while (back.classes[0]!.labels > 3 || back.classes[1]!.labels > 3) back = await live.next('prediction')
  await live.leave()
  // With few labels nothing is calibrated: the same labels say the same.
  const again = follow({ kind: 'knn', k: 5, weighted: false })
  const fresh = await again.next('prediction')
  expect([...fresh.probabilities]).toEqual([...back.probabilities])
  await again.leave()
})

test('every classifier learns the mosaic from 30 labels of each class, and says how well it does on blocks held out', async () => {
  const { of, label, right, follow } = await liveBench()
  await label(of('tumor').slice(0, 30), 1)
  await label(of('normal').slice(0, 30), 2)
  const classifiers: LiveClassifier[] = [
    { kind: 'knn', k: 10, weighted: true },
    { kind: 'linear', l2: null },
    { kind: 'prototypes' },
  ]
  for (const classifier of classifiers) {
    const live = follow(classifier)
    expect(right(await live.next('prediction')), classifier.kind).toBeGreaterThan(0.75)
    const measure = await live.next('measure')
    expect(measure).toMatchObject({ rule: 'blocks', measured: 60 })
    expect(measure.accuracy, classifier.kind).toBeGreaterThan(0.6)
    if (classifier.kind === 'knn')
      expect(measure.curve.map(({ at }) => at)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1))
    // calibrated with what was measured
    expect((await live.next('prediction')).temperature, classifier.kind).toBeGreaterThan(0)
    await live.leave()
  }
})

test('a source without features is refused by name', async () => {
  const { bench, encoder, follow } = await liveBench()
  const [set] = await bench.calls['features.sets']()
  await bench.calls['features.discard']({ set: set!.id })
  await expect(follow({ kind: 'prototypes' }).next('waiting')).rejects.toMatchObject({
    code: 'FEATURE_SET_UNKNOWN',
    message: expect.stringContaining(encoder.card.name) as string,
  })
})
