/** Which images of a TIFF are the levels of one slide. */
import type { SlideLevel } from '../../../src-shared/slides.ts'
import type { TiffImage } from './tiffImage.ts'

export type TiledImage = TiffImage & { tiles: NonNullable<TiffImage['tiles']> }

export const isTiled = (image: TiffImage): image is TiledImage => image.tiles !== null

/** The largest tiled image; where there is none, the largest of all. */
export function largest(images: readonly TiffImage[]): TiffImage {
  const tiled = images.filter(isTiled)
  return (tiled.length > 0 ? tiled : images).reduce((best, each) =>
    each.width * each.height > best.width * best.height ? each : best,
  )
}

/**
 * The levels that belong to `base`, the largest first: tiled images with as many channels and the same shape. Scanners
 * round the size of a level up or down, and not always by a power of two.
 */
export function pyramidOf(base: TiledImage, images: readonly TiffImage[]): TiledImage[] {
  const sameShape = (image: TiffImage) =>
    Math.abs(image.height - (base.height * image.width) / base.width) <= Math.max(1.5, 0.01 * image.height)
  const levels = images
    .filter(isTiled)
    .filter(
      (image) => image === base || (image.width < base.width && image.samples === base.samples && sameShape(image)),
    )
    .toSorted((a, b) => b.width - a.width)
  return levels.filter((image, i) => i === 0 || image.width !== levels[i - 1]!.width)
}

/**
 * How many level-0 px one px of a level stands for. Levels are cut to whole pixels, so that the quotient of the sizes is
 * slightly wrong for all but the smallest slides: where a whole number explains both sides within one px, it is meant.
 */
export function downsampleOf(
  base: { width: number; height: number },
  level: { width: number; height: number },
): number {
  const mean = (base.width / level.width + base.height / level.height) / 2
  const whole = Math.round(mean)
  const explained = (full: number, reduced: number) => Math.abs(full / whole - reduced) < 1
  return explained(base.width, level.width) && explained(base.height, level.height) ? whole : mean
}

export const slideLevel = (base: TiledImage, image: TiledImage): SlideLevel => ({
  width: image.width,
  height: image.height,
  downsample: downsampleOf(base, image),
  tileWidth: image.tiles.width,
  tileHeight: image.tiles.height,
  // without padding, where the size is that of the pixels that count
  columns: Math.ceil(image.width / image.tiles.width),
  rows: Math.ceil(image.height / image.tiles.height),
})
