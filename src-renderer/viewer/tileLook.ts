/**
 * What is done to the px of tiles before they are drawn, as opposed to brightness, contrast and gamma, which are laid
 * over what is drawn (displayFilter.ts). Its key tells tiles of one look from those of another.
 */
import type { ChannelMapping } from '../../src-shared/channels.ts'
import type { SlideLook } from '../../src-shared/look.ts'
import { stainPainter, type StainPainter } from './stainChannel.ts'

export interface TileLook {
  /** the same for the same pixels */
  key: string
  /** how the file's channels are put together before they come; null = as the file says */
  channels: ChannelMapping | null
  /** null = the colours as they come */
  paint: StainPainter | null
}

export function tileLookOf({ shown, stains, grey }: SlideLook, channels: ChannelMapping | null): TileLook {
  const mapping = channels
    ?.map(({ shown: on, colour, from, to }) => [Number(on), ...colour, from, to].join(','))
    .join(';')
  if (shown === 'colour') return { key: ['colour', mapping].filter(Boolean).join(' '), channels, paint: null }
  const key = [[shown, stains, grey ? 'grey' : 'own'].join('-'), mapping].filter(Boolean).join(' ')
  return { key, channels, paint: stainPainter({ shown, stains, grey }) }
}

/** Tiles come from one slide in one size: the canvas their px are read from is made once. */
let canvas: OffscreenCanvas | undefined

/**
 * A tile as it is drawn. Between reading px and handing them on nothing waits, so one canvas does for all tiles.
 * @param tile a picture the browser can decode
 */
export async function paintedTile(tile: Blob, { paint }: TileLook): Promise<ImageBitmap> {
  // Pixels as stored: the colour profile of the screen is no business of the tissue.
  const bitmap = await createImageBitmap(tile, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
  if (!paint) return bitmap
  const { width, height } = bitmap
  if (canvas?.width !== width || canvas.height !== height) canvas = new OffscreenCanvas(width, height)
  const g = canvas.getContext('2d', { willReadFrequently: true })!
  g.drawImage(bitmap, 0, 0)
  bitmap.close()
  const pixels = g.getImageData(0, 0, width, height)
  paint(pixels.data)
  return createImageBitmap(pixels, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
}
