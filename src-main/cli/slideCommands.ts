/** `tessera slide …`: what a slide file is, and a piece of it as a picture. */
import { type Command, InvalidArgumentError } from 'commander'
import path from 'node:path'
import { tesseraError } from '../../src-shared/errors.ts'
import { mppConflicts } from '../../src-shared/slides.ts'
import { isPlausibleMpp } from '../../src-shared/units.ts'
import { writeBytes } from '../files/writeFile.ts'
import { nodeWorkerHost } from '../host/node/nodeWorkerHost.ts'
import { slideInfo, slideRegion } from '../slides/slideFiles.ts'
import { destination } from './destination.ts'
import { output, pairs } from './output.ts'

export const number = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('a number was expected')
  return value
}

export const between =
  (least: number, most: number) =>
  (text: string): number => {
    const value = number(text)
    if (value < least || value > most) throw new InvalidArgumentError(`a number from ${least} to ${most} was expected`)
    return value
  }

/** above `least`, at most `most` */
export const above =
  (least: number, most: number) =>
  (text: string): number => {
    const value = number(text)
    if (value <= least || value > most)
      throw new InvalidArgumentError(`a number above ${least}, at most ${most}, was expected`)
    return value
  }

/** from `least` to below `end` */
export const below =
  (least: number, end: number) =>
  (text: string): number => {
    const value = number(text)
    if (value < least || value >= end)
      throw new InvalidArgumentError(`a number from ${least} to below ${end} was expected`)
    return value
  }

export const positive = (text: string): number => {
  const value = number(text)
  if (value <= 0) throw new InvalidArgumentError('a number above 0 was expected')
  return value
}

export const wholeFrom =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = number(text)
    if (!Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(
        `a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`} was expected`,
      )
    return value
  }

/** Longest side of a piece of a slide, px (see ../slides/processContract.ts). */
const MOST_REGION_PX = 8192

export function addSlideCommands(program: Command): void {
  const slide = program.command('slide').description('look at slide files')

  slide
    .command('info')
    .description('format, size, levels and µm/px of a slide file')
    .argument('<file>')
    .option('--json', 'one JSON object on stdout')
    .action(async (file: string, options: { json?: boolean }) => {
      const { header, fingerprint } = await slideInfo(nodeWorkerHost, path.resolve(file))
      const mpp =
        header.fileMpp && isPlausibleMpp(header.fileMpp.x) && isPlausibleMpp(header.fileMpp.y)
          ? { x: header.fileMpp.x, y: header.fileMpp.y }
          : null
      output(options.json ?? false).result(
        { file: path.resolve(file), ...header, mpp, fingerprint },
        pairs([
          ['file', path.resolve(file)],
          ['format', header.format],
          ['vendor', header.vendor],
          ['size', `${header.width} × ${header.height} px`],
          [
            'µm/px',
            header.fileMpp &&
              `${header.fileMpp.x} × ${header.fileMpp.y} (${header.fileMpp.tag})${mpp ? '' : ', implausible: not used'}`,
          ],
          ...mppConflicts(header).map(
            (other) => ['but also says', `${other.x} × ${other.y} µm/px (${other.tag}), not used`] as const,
          ),
          [
            'scanned part',
            header.bounds &&
              `${header.bounds.width} × ${header.bounds.height} px from (${header.bounds.x}, ${header.bounds.y})`,
          ],
          ...header.warnings.map((warning) => ['warning', warning] as const),
          ['objective', header.objectivePower && `${header.objectivePower}x`],
          ...header.levels.map(
            (level, i) =>
              [
                `level ${i}`,
                `${level.width} × ${level.height} px, 1:${Number(level.downsample.toFixed(3))}, tiles ${level.tileWidth} × ${level.tileHeight}`,
              ] as const,
          ),
          [
            'other images',
            header.associatedImages.map((image) => `${image.name} ${image.width} × ${image.height}`).join(', ') || null,
          ],
        ]),
      )
    })

  slide
    .command('region')
    .description('a piece of a slide as PNG: x, y in level-0 px; width and height in px of the picture')
    .argument('<file>')
    .requiredOption('--x <px>', 'left edge, level-0 px', number)
    .requiredOption('--y <px>', 'top edge, level-0 px', number)
    .requiredOption('--width <px>', 'width of the picture', wholeFrom(1, MOST_REGION_PX))
    .requiredOption('--height <px>', 'height of the picture', wholeFrom(1, MOST_REGION_PX))
    .option('--mpp <µm/px>', 'resample to this scale', positive)
    .option('--level <n>', 'pixels of this level as they are stored (default: 0)', wholeFrom(0))
    .requiredOption('--out <png>', 'file to write')
    .option('--json', 'one JSON object on stdout')
    .action(
      async (
        file: string,
        options: {
          x: number
          y: number
          width: number
          height: number
          mpp?: number
          level?: number
          out: string
          json?: boolean
        },
      ) => {
        if (options.mpp !== undefined && options.level !== undefined)
          throw tesseraError('USAGE', 'Give --mpp or --level, not both: a level has its own scale.', {})
        const at = options.mpp === undefined ? { level: options.level ?? 0 } : { mpp: options.mpp }
        const out = await destination(options.out)
        const png = await slideRegion(nodeWorkerHost, path.resolve(file), { ...options, at })
        await writeBytes(out, png)
        output(options.json ?? false).result(
          { out, bytes: png.length, width: options.width, height: options.height },
          out,
        )
      },
    )
}
