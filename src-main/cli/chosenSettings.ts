/**
 * What was typed after `tessera train` on top of what it begins with: a preset, or the defaults of the contract. Whatever
 * is said explicitly wins.
 */
import { tesseraError } from '../../src-shared/errors.ts'
import type { TrainingPresetName } from '../../src-shared/models.ts'
import { PresetName } from '../../src-shared/networks.ts'
import type { DataKind, TrainingLength, TrainingSettings, TrainingSettingsInput } from '../../src-shared/training.ts'
import { trainingPreset } from '../../src-shared/trainingPresets.ts'
import { readNetworkFile } from './networkFile.ts'
import { changesOf, type RecipeOptions, recipeOf } from './recipeOptions.ts'

export type ChosenOptions = RecipeOptions & {
  preset?: TrainingPresetName
  network?: PresetName
  networkFile?: string
  members?: string
  epochs?: number
  minutes?: number
  steps?: number
  lr?: number
  batch?: number
  flips: boolean
  turns: boolean
  stain?: number
  colour?: number
  balance: boolean
}

export const DEFAULT_NETWORK: PresetName = 'small-resnet'
export const DEFAULT_EPOCHS = 10

type Chosen = Omit<TrainingSettingsInput, 'name' | 'classes' | 'sources' | 'validation' | 'seed' | 'start' | 'folds'>

/**
 * @param data what the patches are, which decides on the presets there are
 * @param isGrey without a preset grey pictures are taken for digits, which are neither mirrored nor turned
 * @throws {TesseraError} PRESET_UNAVAILABLE, USAGE; FILE_BROKEN and others of a network's file
 */
export async function chosenSettings(options: ChosenOptions, data: DataKind, isGrey: boolean): Promise<Chosen> {
  const { preset = null, stain, colour, lr, batch, tta } = options
  const base = preset === null ? null : trainingPreset(preset, data).settings
  return {
    preset,
    ...(await networksChosen(options, base)),
    length: lengthChosen(options) ?? base?.length ?? { kind: 'epochs', epochs: DEFAULT_EPOCHS },
    ...numbered('learningRate', lr ?? base?.learningRate),
    ...numbered('batchSize', batch ?? base?.batchSize),
    recipe: recipeOf(options, base?.recipe),
    augmentation: {
      // A mirrored digit is another digit; tissue has no up.
      ...(base?.augmentation ?? { flips: !isGrey, turns: !isGrey }),
      ...(options.flips ? {} : { flips: false }),
      ...(options.turns ? {} : { turns: false }),
      ...numbered('stain', stain),
      ...numbered('colour', colour),
      ...changesOf(options),
    },
    balanced: options.balance && options.classWeights === undefined && (base?.balanced ?? true),
    testTime: tta === undefined ? (base?.testTime ?? 'none') : tta ? 'd4' : 'none',
  }
}

const numbered = <K extends string>(key: K, value: number | undefined) =>
  value === undefined ? {} : ({ [key]: value } as Record<K, number>)

async function networksChosen(
  { network, networkFile, members }: ChosenOptions,
  base: Pick<TrainingSettings, 'network' | 'members'> | null,
): Promise<Pick<TrainingSettings, 'network' | 'members'>> {
  if (members !== undefined) {
    const all = await Promise.all(members.split(',').map((each) => memberOf(each.trim())))
    return { network: all[0]!, members: all }
  }
  if (networkFile !== undefined) return { network: await readNetworkFile(networkFile), members: null }
  if (network !== undefined) return { network, members: null }
  return { network: base?.network ?? DEFAULT_NETWORK, members: base?.members ?? null }
}

/** A preset by its name, or a file with layers of one's own. */
async function memberOf(said: string): Promise<TrainingSettings['network']> {
  if (said.endsWith('.json')) return readNetworkFile(said)
  const { success, data } = PresetName.safeParse(said)
  if (success) return data
  throw tesseraError(
    'USAGE',
    `--members: “${said}” is no network. Give the names of networks separated by commas, or files of your own that end in .json: ${PresetName.options.join(', ')}.`,
    {},
  )
}

function lengthChosen({ epochs, minutes, steps }: ChosenOptions): TrainingLength | null {
  if (minutes !== undefined) return { kind: 'minutes', minutes }
  if (steps !== undefined) return { kind: 'steps', steps }
  return epochs === undefined ? null : { kind: 'epochs', epochs }
}
