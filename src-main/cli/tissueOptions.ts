/** Options that say which patches count as tissue, the same for every command that has them. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { tesseraError } from '../../src-shared/errors.ts'
import type { SourceId } from '../../src-shared/ids.ts'
import { firstMask, type Ink, Ink as InkName, INKS, MaskParams, withMethod } from '../../src-shared/masks.ts'
import type { Rooms } from '../host/rooms.ts'
import { maskPresetUnknown } from '../patches/maskPresets.ts'
import { watchJob } from './progress.ts'
import { between, number } from './slideCommands.ts'

export type TissueOptions = {
  /** of commands on a project */
  tissuePreset?: string
  tissue?: number | true
  tissueMethod?: MaskParams['method']
  tissueHue?: [number, number]
  tissueSaturation?: number
  tissueDarkness?: number
  tissueClosing?: number
  tissueHoles?: number
  tissueArea?: number
  tissueShare?: number
  leaveOutInk?: Ink[]
  leaveOutBlurred?: true
}

const AREA = between(0, 1e8)

function hues(text: string): [number, number] {
  const [from, to, ...more] = text.split(',').map(number)
  if (from === undefined || to === undefined || more.length > 0 || [from, to].some((hue) => hue < 0 || hue > 360))
    throw new InvalidArgumentError('two numbers from 0 to 360 were expected, as in 220,30')
  return [from, to]
}

function inks(text: string): Ink[] {
  return text.split(',').map((word) => {
    const ink = InkName.safeParse(word.trim())
    if (!ink.success) throw new InvalidArgumentError(`colours were expected, of ${INKS.join(', ')}`)
    return ink.data
  })
}

export const withTissueOptions = (command: Command): Command =>
  command
    .option('--tissue [sensitivity]', 'leave bare glass out; sensitivity from -1 to 1 (default: 0)', between(-1, 1))
    .addOption(
      new Option('--tissue-method <method>', 'how tissue is told from glass (default: otsu-saturation)').choices([
        'otsu-saturation',
        'luminance',
        'hsv',
      ] satisfies MaskParams['method'][]),
    )
    .option('--tissue-hue <from,to>', 'hsv: degrees; a range may go through red, as in 220,30 (default: 220,30)', hues)
    .option('--tissue-saturation <share>', 'hsv: least saturation (default: 0.08)', between(0, 1))
    .option('--tissue-darkness <share>', 'luminance: a fixed threshold instead of Otsu’s', between(0.01, 1))
    .option('--tissue-closing <µm>', 'close gaps up to this radius (default: 16)', between(0, 200))
    .option('--tissue-holes <µm²>', 'fill holes up to this area (default: 20000)', AREA)
    .option('--tissue-area <µm²>', 'least area of a piece of tissue (default: 20000)', AREA)
    .option('--tissue-share <share>', 'share of a patch that must be tissue (default: 0.25)', between(0.01, 1))
    .option('--leave-out-ink <colours>', `leave patches with ink of pens out: ${INKS.join(',')}`, inks)
    .option('--leave-out-blurred', 'leave patches out of focus out, which are measured first')

/** Puts the mask the options ask for in force. @throws {TesseraError} USAGE, MASK_EMPTY; why the slide can not be read */
export async function applyTissueOptions(rooms: Rooms, grid: SourceId, options: TissueOptions): Promise<void> {
  const params =
    options.tissuePreset === undefined
      ? tissueParams(options)
      : await presetParams(rooms, options.tissuePreset, options)
  if (!params) return
  if (params.leaveOut.blurred) await watchJob(rooms, (await rooms.calls['patches.measureFocus']({ grid, params })).id)
  await rooms.calls['labels.setMask']({ grid, params })
}

/** @throws {TesseraError} MASK_PRESET_UNKNOWN naming those there are; USAGE beside other options */
async function presetParams(rooms: Rooms, name: string, options: TissueOptions): Promise<MaskParams> {
  if (given(options).length > 1)
    throw tesseraError('USAGE', '--tissue-preset says all of the mask, so no other option of tissue goes with it.', {})
  const presets = await rooms.calls['patches.maskPresets']()
  const found = presets.find((preset) => preset.name.toLowerCase() === name.toLowerCase())
  if (found) return found.params
  throw maskPresetUnknown(
    name,
    presets.map((preset) => preset.name),
  )
}

const given = (options: TissueOptions) =>
  Object.entries(options).filter(([name, value]) => /^(tissue|leaveOut)/.test(name) && value !== undefined)

/**
 * Any of the options asks for a mask.
 * @returns null where none is given
 * @throws {TesseraError} USAGE for an option of another method
 */
function tissueParams(options: TissueOptions): MaskParams | null {
  const { tissue, tissueMethod, tissueHue, tissueSaturation, tissueDarkness, leaveOutInk, leaveOutBlurred } = options
  if (given(options).length === 0) return null
  const method = tissueMethod ?? 'otsu-saturation'
  const refuse = (flag: string, needed: MaskParams['method']) =>
    tesseraError('USAGE', `${flag} belongs to --tissue-method ${needed}; the method here is ${method}.`, {})
  if (tissueHue && method !== 'hsv') throw refuse('--tissue-hue', 'hsv')
  if (tissueSaturation !== undefined && method !== 'hsv') throw refuse('--tissue-saturation', 'hsv')
  if (tissueDarkness !== undefined && method !== 'luminance') throw refuse('--tissue-darkness', 'luminance')
  if (typeof tissue === 'number' && method === 'hsv')
    throw tesseraError('USAGE', 'The ranges of hsv have no sensitivity: write --tissue without a number.', {})
  const base = withMethod(firstMask('otsu-saturation'), method)
  return MaskParams.parse({
    ...base,
    ...(base.method === 'hsv'
      ? {
          hueFrom: tissueHue?.[0] ?? base.hueFrom,
          hueTo: tissueHue?.[1] ?? base.hueTo,
          leastSaturation: tissueSaturation ?? base.leastSaturation,
        }
      : { sensitivity: typeof tissue === 'number' ? tissue : 0 }),
    ...(base.method === 'luminance' ? { threshold: tissueDarkness ?? null } : {}),
    closing: options.tissueClosing ?? base.closing,
    largestHole: options.tissueHoles ?? base.largestHole,
    leastArea: options.tissueArea ?? base.leastArea,
    minimumShare: options.tissueShare ?? base.minimumShare,
    leaveOut: { ...base.leaveOut, ink: leaveOutInk ?? [], blurred: leaveOutBlurred ?? false },
  })
}
