/**
 * What is done to the px of tiles before they are drawn, as opposed to brightness, contrast and gamma, which are laid
 * over what is drawn (displayFilter.ts). Its key tells tiles of one look from those of another.
 */
import type { ChannelMapping } from '../../src-shared/channels.ts'
import type { ShownLook } from '../stores/looks.ts'
import { withProfile } from './embedProfile.ts'
import { stainPainter, type StainPainter } from './stainChannel.ts'

export interface TileLook {
  /** the same for the same pixels */
  key: string
  /** how the file's channels are put together before they come; null = as the file says */
  channels: ChannelMapping | null
  /** ICC profile put into the tiles; null = px as stored */
  profile: Uint8Array | null
  /** null = the colours as they come */
  paint: StainPainter | null
}

export function tileLookOf({ look, channels, profile }: ShownLook): TileLook {
  const { shown, stains, grey } = look
  const mapping = channels?.map((each) => [Number(each.shown), ...each.colour, each.from, each.to].join(',')).join(';')
  const stain = shown === 'colour' ? 'colour' : [shown, stains, grey ? 'grey' : 'own'].join('-')
  return {
    key: [stain, mapping, profile && 'profile'].filter(Boolean).join(' '),
    channels,
    profile,
    paint: shown === 'colour' ? null : stainPainter({ shown, stains, grey }),
  }
}

/** Pixels as stored: the colour profile of the screen is no business of the tissue. */
export const asStored = (tile: Blob): Promise<ImageBitmap> =>
  createImageBitmap(tile, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })

/** Tiles come from one slide in one size: the canvas their px are read from is made once. */
let canvas: OffscreenCanvas | undefined

/**
 * A tile as it is drawn: the file's own bytes where nothing is done to them. The profile comes first, then the stains.
 * Between reading px and handing them on nothing waits, so one canvas does for all tiles.
 * @param tile a complete JPEG or PNG
 */
export async function drawnTile(tile: Uint8Array, { paint, profile }: TileLook): Promise<ImageBitmap | Blob> {
  const stored = new Blob([tile as Uint8Array<ArrayBuffer>], { type: 'image/jpeg' })
  if (!paint && !profile) return stored
  const bitmap = profile
    ? await createImageBitmap(await withProfile(tile, profile), { premultiplyAlpha: 'none' })
    : await asStored(stored)
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
