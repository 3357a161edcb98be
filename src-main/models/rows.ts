/** Models in the database; their weights and cards lie in the project's models folder. */
import type { ModelId, RunId } from '../../src-shared/ids.ts'
import { Model, ModelCard } from '../../src-shared/models.ts'
import type { ReadableDb, WritableDb } from '../store/database.ts'

type ModelRow = {
  id: string
  name: string
  run: string | null
  card: string
  created_at: number
  moved: string | null
  recoloured: string | null
}

/** Names the slides of the model's training patches whose µm/px was corrected since, and whose channels were changed. */
const SELECT = `
  SELECT models.id, models.name, runs.id AS run, models.card, models.created_at,
    (SELECT group_concat(DISTINCT slides.name) FROM run_patches
       JOIN grids ON grids.source = run_patches.source JOIN slides ON slides.seq = grids.slide
     WHERE run_patches.run = models.run
       AND (slides.mpp_x IS NOT grids.slide_mpp_x OR slides.mpp_y IS NOT grids.slide_mpp_y)) AS moved,
    (SELECT group_concat(DISTINCT slides.name) FROM run_patches
       JOIN grids ON grids.source = run_patches.source JOIN slides ON slides.seq = grids.slide
       LEFT JOIN slide_looks ON slide_looks.slide = slides.seq
       LEFT JOIN run_channels ON run_channels.run = run_patches.run AND run_channels.slide = slides.seq
     WHERE run_patches.run = models.run AND slide_looks.channels IS NOT run_channels.channels) AS recoloured
  FROM models LEFT JOIN runs ON runs.seq = models.run`

const fromRow = (row: ModelRow): Model =>
  Model.parse({
    id: row.id,
    name: row.name,
    run: row.run,
    card: JSON.parse(row.card) as unknown,
    stale: staleText(row),
    createdAt: row.created_at,
  })

function staleText({ moved, recoloured }: ModelRow): string | null {
  if (moved !== null)
    return `The µm/px of ${moved} was corrected after this model was trained on it: the patches it learned from were not the size its card says.`
  return recoloured === null
    ? null
    : `The channels of ${recoloured} are put together in another way than when this model was trained on it: it learned from other colours.`
}

export const listModels = (db: ReadableDb): Model[] =>
  db.all<ModelRow>(`${SELECT} ORDER BY models.seq DESC`).map(fromRow)

export function findModel(db: ReadableDb, model: ModelId): Model | null {
  const row = db.get<ModelRow>(`${SELECT} WHERE models.id = @model`, { model })
  return row ? fromRow(row) : null
}

export function insertModel(db: WritableDb, model: { card: ModelCard; run: RunId | null; folder: string }): void {
  db.run(
    `INSERT INTO models (id, name, run, folder, card, sha256, created_at)
     VALUES (@id, @name, (SELECT seq FROM runs WHERE id = @run), @folder, @card, @sha256, @createdAt)`,
    {
      id: model.card.id,
      name: model.card.name,
      run: model.run,
      folder: model.folder,
      card: JSON.stringify(ModelCard.parse(model.card)),
      sha256: model.card.weights.sha256,
      createdAt: Date.now(),
    },
  )
}

export const renameModel = (db: WritableDb, model: ModelId, name: string): void =>
  void db.run('UPDATE models SET name = @name WHERE id = @model', { model, name })

/** The folder of a model inside the project's models folder. */
export const modelFolder = (db: ReadableDb, model: ModelId): string | null =>
  db.get<{ folder: string }>('SELECT folder FROM models WHERE id = @model', { model })?.folder ?? null
