/** What a plan says of the network: whether it is for these patches, and whether a step of it fits the memory. */
import { v7 as uuidv7 } from 'uuid'
import { expect, test } from 'vitest'
import { PatchClass } from '../../../src-shared/labels.ts'
import { PatchSet } from '../../../src-shared/patches.ts'
import { TrainingSettings, type TrainingSettingsInput } from '../../../src-shared/training.ts'
import { largestBatch } from '../../../src-shared/network/trainingMemory.ts'
import { networkShapes } from '../../../src-shared/network/shapes.ts'
import { presetNetwork } from '../../../src-main/models/presets.ts'
import { memoryForTraining } from '../../../src-main/training/memoryForTraining.ts'
import { makePlan } from '../../../src-main/training/plan.ts'

const CLASSES = [1, 2].map((number) =>
  PatchClass.parse({ number, id: uuidv7(), name: `class ${number}`, colour: '#112233', key: null }),
)

/** A plan for 100 labelled pictures of so many px, half of each class. */
function detailedPlanFor(edge: number, chosen: Partial<TrainingSettingsInput>) {
  const set = PatchSet.parse({
    kind: 'set',
    id: uuidv7(),
    name: 'pictures',
    origin: 'folder',
    patches: 100,
    width: edge,
    height: edge,
    channels: 3,
    mpp: null,
    casesKnown: false,
    notes: { unfit: 0, alpha: 0, deep: 0, grey: 0 },
    createdAt: 1,
  })
  const lookup = {
    read: { all: () => [], get: () => undefined },
    sourceById: () => set,
    sourceSeq: () => 1,
    slideById: () => {
      throw new Error('A set has no slides.')
    },
    labelsOf: () => Uint16Array.from({ length: 100 }, (_, patch) => 1 + (patch % 2)),
  }
  const none = () => {
    throw new Error('Nothing begins with an earlier model.')
  }
  const settings = TrainingSettings.parse({
    name: 'model',
    classes: [1, 2],
    sources: [set.id],
    length: { kind: 'epochs', epochs: 1 },
    ...chosen,
  })
  return makePlan(lookup, CLASSES, settings, { modelById: none, weightsOf: none })
}

const planFor = (...given: Parameters<typeof detailedPlanFor>) => detailedPlanFor(...given).plan

test('a network that is not for these patches stops the training with the reason, and the others stay to choose from', () => {
  const plan = planFor(299, { network: 'vgg-16' })
  expect(plan.ready).toBe(false)
  expect(plan.reasons).toEqual([
    expect.stringContaining('VGG-16 is made for patches of 32 to 256 px, these have 299 px'),
  ])
  expect(plan.networks.filter(({ usable }) => usable).length).toBeGreaterThan(10)
  expect(planFor(299, { network: 'resnet-18' })).toMatchObject({ ready: true, reasons: [] })
})

test('a batch that needs more than half of the memory is made to fit it, aloud, and stops nothing', () => {
  const most = largestBatch(networkShapes(presetNetwork('resnet-152', 3, 512, 2)), memoryForTraining())
  const { plan, settings } = detailedPlanFor(512, { network: 'resnet-152', batchSize: 1024 })
  const { patches } = plan.split!.training
  expect(plan.ready).toBe(true)
  expect(settings.batchSize).toBe(Math.min(patches, Math.max(1, most)))
  const said = plan.warnings.filter((warning) => warning.includes('memory'))
  const expected = most === 0 ? 'even with one patch per step' : `so each step takes ${most}.`
  expect(said).toEqual(most < patches ? [expect.stringContaining(expected)] : [])
  // the smallest of what the members can take is what all of them get
  const members = ['small-vgg' as const, 'resnet-152' as const]
  const together = detailedPlanFor(512, { network: 'small-vgg', members, batchSize: 1024 })
  expect(together.settings.batchSize).toBe(settings.batchSize)
})
