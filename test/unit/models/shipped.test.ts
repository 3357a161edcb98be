/** Models that come with the program. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { shippedModelsFolder } from '../../../src-main/host/resources.ts'
import { sha256Of } from '../../../src-main/models/modelFiles.ts'
import { shippedFile, shippedModels } from '../../../src-main/models/shipped.ts'
import { RoomsBench } from '../../fixtures/roomsBench.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'

/** Bytes a download grows by, at most, for each. */
const LARGEST = 6e6

describe('models that come with Tessera', () => {
  test('each is small, has its card beside it, and is what the card says', async () => {
    const found = await shippedModels(shippedModelsFolder)
    expect(found.length).toBeGreaterThan(0)
    for (const { key, card } of found) {
      const file = await shippedFile(shippedModelsFolder, key)
      expect(statSync(file).size).toBeLessThan(LARGEST)
      expect(card.weights).toMatchObject({ sha256: await sha256Of(file), bytes: statSync(file).size })
      expect(card.validation!.n).toBeGreaterThanOrEqual(2000)
      expect(card.data.sources.join()).toContain('CC0')
    }
  })

  test('one is taken into a project once, and then predicts', async () => {
    const bench = RoomsBench.create()
    const [first] = await bench.calls['models.shipped']()
    const taken = await bench.calls['models.addShipped']({ key: first!.key })
    expect(taken.name).toBe(first!.card.name)
    expect((await bench.calls['models.addShipped']({ key: first!.key })).id).toBe(taken.id)
    expect(await bench.calls['models.list']()).toHaveLength(1)

    const { slide } = await bench.addMosaic()
    const [run] = await bench.calls['predictions.start']({ model: taken.id, slides: [slide.id], sets: [] })
    expect((await bench.settled(run!.job)).state).toBe('done')
    const { probabilities } = await bench.rooms.readPredictions(run!.id)
    expect(probabilities.length).toBe(2 * run!.total)
  })

  test('a name that does not exist is refused with those that do', async () => {
    const folder = temporaryFolder()
    await expect(shippedFile(folder, 'kidney')).rejects.toMatchObject({ code: 'MODEL_UNKNOWN' })
    const bench = RoomsBench.create()
    const names = (await bench.calls['models.shipped']()).map(({ key }) => key).join(', ')
    await expect(bench.calls['models.addShipped']({ key: '../sample' })).rejects.toMatchObject({
      code: 'MODEL_UNKNOWN',
      message: expect.stringContaining(names) as string,
    })
  })

  test('a card that lies there without its weights is not a model', async () => {
    const folder = path.join(temporaryFolder(), 'models')
    expect(await shippedModels(folder)).toEqual([])
    mkdirSync(folder)
    writeFileSync(path.join(folder, 'lost.card.json'), '{}')
    expect(await shippedModels(folder)).toEqual([])
  })
})
