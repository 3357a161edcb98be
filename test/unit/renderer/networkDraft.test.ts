/** A network changed by hand in the window: what it costs, where it does not fit, taken back, written and read. */
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, test } from 'vitest'
import { fakeMain } from '../../../src-renderer/api/fake/index.ts'
import { scenes } from '../../../src-renderer/api/fake/scene.ts'
import { openApi } from '../../../src-renderer/api/index.ts'
import { useNetworkDraft } from '../../../src-renderer/stores/networkDraft.ts'
import { reloadAll } from '../../../src-renderer/stores/reload.ts'
import { useTraining } from '../../../src-renderer/stores/training.ts'
import { fieldsOf, KINDS } from '../../../src-renderer/views/layers/fields.ts'
import { addLayer } from '../../../src-shared/network/editLayers.ts'
import { OptimiserChoice } from '../../../src-shared/recipe.ts'

beforeEach(async () => {
  setActivePinia(createPinia())
  await openApi(fakeMain(scenes.labelled).openWire)
  await reloadAll()
  useNetworkDraft().open(await useTraining().network())
})

test('totals follow every change, and the memory the batch and the optimiser', () => {
  const draft = useNetworkDraft()
  const before = draft.totals
  expect(before.memory).toBeGreaterThan(1e6)
  draft.set('filters', 64)
  expect(draft.totals.parameters).toBeGreaterThan(before.parameters)
  expect(draft.totals.memory).toBeGreaterThan(before.memory!)
  draft.undo()
  expect(draft.totals).toEqual(before)
  const { settings } = useTraining().choice
  settings.batchSize = 64
  const larger = draft.totals.memory!
  expect(larger).toBeGreaterThan(before.memory!)
  settings.recipe.optimiser = OptimiserChoice.parse({ kind: 'sgd' })
  // one vector less of 4 bytes for each parameter
  expect(draft.totals.memory).toBe(larger - 4 * before.parameters)
})

test('a layer that does not fit says why where it is, those after it say nothing, and undo takes it back', () => {
  const draft = useNetworkDraft()
  draft.add('dense')
  expect(draft.place).toBe(1)
  expect(draft.problemAt).toBe(1)
  expect(draft.rows[1]).toMatchObject({ facts: null, problem: expect.stringContaining('“dense1” needs') })
  expect(draft.rows[0]!.facts).not.toBeNull()
  expect(draft.rows.slice(2).map(({ facts, problem }) => [facts, problem])).toEqual(
    draft.rows.slice(2).map(() => [null, null]),
  )
  expect(draft.totals.memory).toBeNull()
  draft.undo()
  expect(draft.problem).toBeNull()
  expect(draft.place).toBe(0)
  expect(draft.canUndo).toBe(false)
})

test('two layers of one name: the second one is the one that does not fit', () => {
  const draft = useNetworkDraft()
  draft.place = 2
  draft.rename(draft.rows[0]!.layer.id)
  expect(draft.problemAt).toBe(2)
})

test('a network without classes at its end is a problem of the whole, and the last layer stays', () => {
  const draft = useNetworkDraft()
  while (draft.rows.length > 1) {
    draft.place = draft.rows.length - 1
    draft.remove()
  }
  expect(draft.problem?.message).toContain('a dense layer at its end')
  expect(draft.problemAt).toBeNull()
  draft.remove()
  expect(draft.rows).toHaveLength(1)
})

test('what is written as JSON is read again; what is no network is refused and changes nothing', () => {
  const draft = useNetworkDraft()
  const written = draft.json
  draft.set('filters', 8)
  expect(draft.read(written)).toBeNull()
  expect(draft.json).toBe(written)
  for (const text of ['{', '[]', '{"name": "x", "input": [3, 96, 96], "layers": [{"kind": "magic", "id": "m"}]}'])
    expect(draft.read(text)).toMatch(/\S/)
  expect(draft.json).toBe(written)
})

test('the layers are those of the next training, kept while a preset is chosen, forgotten with the project', async () => {
  const [draft, training] = [useNetworkDraft(), useTraining()]
  training.choice.settings.start = { model: 'x' as never, freeze: 0, rateDecay: 1 }
  draft.setName('mine')
  training.useNetwork(draft.network!)
  expect(training.settings).toMatchObject({ network: { name: 'mine' }, start: null })
  expect(await training.network()).toEqual(training.settings.network)
  training.choice.settings.network = 'small-vgg'
  expect(training.ownNetwork?.name).toBe('mine')
  training.reset()
  expect(training).toMatchObject({ ownNetwork: null, settings: { preset: 'fast' } })
})

test('every number of every kind of layer can be changed in the window', () => {
  const network = useNetworkDraft().network!
  for (const kind of KINDS) {
    const { kind: _kind, id: _id, inputs: _inputs, ...numbers } = addLayer(network, 1, kind).layers[1]!
    const offered = fieldsOf(kind).map(({ key }) => key)
    expect(offered, kind).toEqual(expect.arrayContaining(Object.keys(numbers)))
  }
})
