/** Settings of tissue masks a project keeps under a name. At most one is what new masks begin with. */
import { tesseraError } from '../../src-shared/errors.ts'
import { MaskParams, type MaskPreset } from '../../src-shared/masks.ts'
import type { ReadableDb, WritableDb } from '../store/database.ts'

/** By name. */
export const listMaskPresets = (db: ReadableDb): MaskPreset[] =>
  db
    .all<{ name: string; params: string; is_default: number }>('SELECT * FROM mask_presets ORDER BY name')
    .map((row) => ({
      name: row.name,
      params: MaskParams.parse(JSON.parse(row.params)),
      isDefault: row.is_default === 1,
    }))

/** A preset of the same name is replaced and stays the default if it was. */
export const saveMaskPreset = (db: WritableDb, name: string, params: MaskParams): void =>
  void db.run(
    `INSERT INTO mask_presets (name, params, is_default) VALUES (@name, @params, 0)
     ON CONFLICT (name) DO UPDATE SET name = @name, params = @params`,
    { name, params: JSON.stringify(params) },
  )

/** @throws {TesseraError} MASK_PRESET_UNKNOWN */
export function deleteMaskPreset(db: WritableDb, name: string): void {
  findMaskPreset(db, name)
  db.run('DELETE FROM mask_presets WHERE name = @name', { name })
}

/** @param name null = none @throws {TesseraError} MASK_PRESET_UNKNOWN */
export function setDefaultMaskPreset(db: WritableDb, name: string | null): void {
  if (name !== null) findMaskPreset(db, name)
  db.run('UPDATE mask_presets SET is_default = 0 WHERE is_default = 1')
  if (name !== null) db.run('UPDATE mask_presets SET is_default = 1 WHERE name = @name', { name })
}

/** @throws {TesseraError} MASK_PRESET_UNKNOWN naming those there are */
function findMaskPreset(db: ReadableDb, name: string): void {
  const known = listMaskPresets(db).map((preset) => preset.name)
  if (known.some((each) => each.toLowerCase() === name.toLowerCase())) return
  throw maskPresetUnknown(name, known)
}

/** @param known names of those there are */
export const maskPresetUnknown = (name: string, known: readonly string[]) =>
  tesseraError(
    'MASK_PRESET_UNKNOWN',
    `This project has no tissue settings named “${name}”; it has ${known.join(', ') || 'none'}.`,
    { name },
  )
