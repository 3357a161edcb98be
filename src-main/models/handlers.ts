/** The door of the models room. */
import path from 'node:path'
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { v7 as uuidv7 } from 'uuid'
import type { FileHandle } from '../../src-shared/app.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import { ModelId } from '../../src-shared/ids.ts'
import type { Model, modelCalls } from '../../src-shared/models.ts'
import type { CallHandlers } from '../../src-shared/wire/contract.ts'
import { fileError } from '../files/fileErrors.ts'
import { type EngineClient, withEngine } from '../nn/engine.ts'
import type { WorkerHost } from '../jobs/workerHost.ts'
import type { Store } from '../store/database.ts'
import { checkMembers, ensembleCard } from './ensemble.ts'
import { CARD_KEY, cardInFile, sha256Of, weightsFile, writeCard } from './modelFiles.ts'
import { findModel, insertModel, listModels, modelFolder, renameModel } from './rows.ts'
import { type LoadedModel, openCheckedModel } from './openModel.ts'
import { shippedFile, shippedModels } from './shipped.ts'

export type ModelsDependencies = {
  store: Store
  /** The project's models folder. */
  folder: string
  /** Of the models that come with the program. */
  shippedFolder: string
  workerHost: WorkerHost
  /** Tessera's own, for cards. */
  version: string
  pathOf: (handle: FileHandle) => string
  publish: (name: 'models.changed', body: { changed: Model[] }) => void
}

export interface ModelsRoom {
  handlers: CallHandlers<typeof modelCalls>
  /** @throws {TesseraError} MODEL_UNKNOWN */
  byId(model: ModelId): Model
  weightsOf(model: ModelId): string
  /** Tells every window that the staleness of models may have changed. */
  tellAll(): void
}

export function createModels({
  store,
  folder,
  shippedFolder,
  workerHost,
  version,
  pathOf,
  publish,
}: ModelsDependencies): ModelsRoom {
  const byId = (model: ModelId): Model => {
    const found = findModel(store.read, model)
    if (!found) throw tesseraError('MODEL_UNKNOWN', 'There is no such model in this project.', { model })
    return found
  }
  const weightsOf = (model: ModelId): string => weightsFile(path.join(folder, modelFolder(store.read, byId(model).id)!))
  const tell = (model: ModelId): Model => {
    const changed = byId(model)
    publish('models.changed', { changed: [changed] })
    return changed
  }

  /** @throws {TesseraError} MODEL_FILE_BROKEN, MODEL_CARD_INVALID, DISK_FULL */
  const take = async (file: string): Promise<Model> => {
    const { card } = await withEngine(workerHost, (engine) => checkModelFile(engine, file))
    const id = ModelId.parse(uuidv7())
    const inside = path.join(folder, id)
    try {
      await makeFolder(inside)
      await copyFile(file, weightsFile(inside))
      await writeCard(weightsFile(inside), card)
    } catch (error) {
      await rm(inside, { recursive: true, force: true })
      throw fileError(inside, error)
    }
    store.transaction('models.import', (db) => insertModel(db, { card: { ...card, id }, run: null, folder: id }))
    return tell(id)
  }

  return {
    byId,
    weightsOf,
    tellAll: () => publish('models.changed', { changed: listModels(store.read) }),
    handlers: {
      'models.list': () => listModels(store.read),
      'models.rename'({ model, name }) {
        byId(model)
        store.transaction('models.rename', (db) => renameModel(db, model, name))
        return tell(model)
      },
      async 'models.ensemble'({ models, name }) {
        const members = models.map(byId)
        const cards = members.map((member) => ({ ...member.card, name: member.name }))
        checkMembers(cards)
        const id = ModelId.parse(uuidv7())
        const weights = weightsFile(await makeFolder(path.join(folder, id)))
        const card = await withEngine(workerHost, async (engine) => {
          const { name: engineName, version: engineVersion, threads } = await engine.call('engine.info', undefined)
          const engineText = `${engineName} ${engineVersion}`
          const device = [...new Set(cards.map((each) => each.versions.device))].join('; ')
          const versions = { tessera: version, engine: engineText, device, node: process.versions.node, threads }
          const made = ensembleCard(cards, { id, name, versions })
          const written = await engine.call('engine.exportEnsemble', {
            members: members.map((member) => ({
              file: weightsOf(member.id),
              normalisation: member.card.normalisation,
            })),
            name,
            file: weights,
            metadata: { [CARD_KEY]: cardInFile(made) },
          })
          return { ...made, weights: { file: 'model.onnx', ...written } }
        })
        await writeCard(weights, card)
        store.transaction('models.ensemble', (db) => insertModel(db, { card, run: null, folder: id }))
        return tell(id)
      },
      'models.import': ({ file }) => take(pathOf(file)),
      'models.shipped': () => shippedModels(shippedFolder),
      async 'models.addShipped'({ key }) {
        const file = await shippedFile(shippedFolder, key)
        const sha256 = await sha256Of(file)
        return listModels(store.read).find(({ card }) => card.weights.sha256 === sha256) ?? take(file)
      },
    },
  }
}

async function makeFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(folder, error)
  })
  return folder
}

async function checkModelFile(engine: EngineClient, file: string): Promise<LoadedModel> {
  const loaded = await openCheckedModel(engine, file)
  await engine.call('engine.closeModel', { model: loaded.handle })
  return loaded
}
