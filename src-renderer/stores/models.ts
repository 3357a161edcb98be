/** Models: trained weights with their cards, and which one is looked at. */
import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { FileHandle } from '../../src-shared/app.ts'
import type { ModelId } from '../../src-shared/ids.ts'
import type { Model, ShippedModel } from '../../src-shared/models.ts'
import { call, on } from '../api/index.ts'

export const useModels = defineStore('models', () => {
  const models = shallowRef<ReadonlyMap<ModelId, Model>>(new Map())
  const chosenId = ref<ModelId | null>(null)
  const shipped = shallowRef<readonly ShippedModel[]>([])

  const put = (changed: readonly Model[]): void => {
    const next = new Map(models.value)
    for (const model of changed) {
      // A model that has just been trained is the one to look at.
      if (!next.has(model.id)) chosenId.value = model.id
      next.set(model.id, model)
    }
    models.value = next
  }

  onScopeDispose(on('models.changed', ({ changed }) => put(changed)))

  /** Newest first. */
  const list = computed(() => [...models.value.values()].toSorted((a, b) => b.createdAt - a.createdAt))
  const chosen = computed<Model | null>(() =>
    chosenId.value ? (models.value.get(chosenId.value) ?? null) : (list.value[0] ?? null),
  )
  const byId = (id: ModelId): Model | null => models.value.get(id) ?? null

  async function load(): Promise<void> {
    const [inProject, withTheProgram] = await Promise.all([call('models.list'), call('models.shipped')])
    models.value = new Map(inProject.map((model) => [model.id, model]))
    shipped.value = withTheProgram
  }

  return {
    list,
    shipped,
    chosen,
    byId,
    load,
    reset() {
      models.value = new Map()
      chosenId.value = null
    },
    choose(id: ModelId) {
      chosenId.value = id
    },
    rename: async (model: ModelId, name: string) => put([await call('models.rename', { model, name })]),
    async ensemble(of: readonly ModelId[], name: string): Promise<Model> {
      const model = await call('models.ensemble', { models: [...of], name })
      put([model])
      return model
    },
    async addShipped(key: string): Promise<void> {
      const model = await call('models.addShipped', { key })
      put([model])
      chosenId.value = model.id
    },
    async importModel(file: FileHandle): Promise<Model> {
      const model = await call('models.import', { file })
      put([model])
      return model
    },
  }
})
