/**
 * Draws exported pictures. A process of its own, apart from the one that decodes slides, because a legend is SVG, and a
 * process that opens other people's files must not have an SVG loader. It is given only what Tessera itself has made.
 */
import sharp from 'sharp'
import { parentWire } from '../jobs/parentWire.ts'
import { serve } from '../../src-shared/wire/serve.ts'
import { renderContract } from './renderContract.ts'

serve(parentWire(), renderContract, {
  calls: {
    async 'render.overlay'(order) {
      const { width: pictureWidth, height: pictureHeight } = await sharp(order.picture).metadata()
      // The overlay may reach over the edge of the picture by the part of a pixel that rounding adds.
      const left = Math.max(0, Math.round(order.left))
      const top = Math.max(0, Math.round(order.top))
      const width = Math.max(1, Math.min(pictureWidth - left, Math.round(order.width)))
      const height = Math.max(1, Math.min(pictureHeight - top, Math.round(order.height)))
      const overlay = await sharp(order.texels, { raw: { width: order.columns, height: order.rows, channels: 4 } })
        .resize(width, height, { kernel: 'nearest', fit: 'fill' })
        .png()
        .toBuffer()
      const drawn = await sharp(order.picture)
        .composite([{ input: overlay, left, top }])
        .extend({
          bottom: order.legendHeight,
          right: Math.max(0, order.legendWidth - pictureWidth),
          background: '#ffffff',
        })
        .toBuffer()
      const png = await sharp(drawn)
        .composite([{ input: Buffer.from(order.legendSvg), left: 0, top: pictureHeight }])
        .png({ compressionLevel: 6 })
        .toBuffer()
      return { png }
    },
    async 'render.sheet'({ width, height, svg, edge, pictures }) {
      const layers = await Promise.all(
        pictures.map(async ({ picture, left, top }) => ({
          input: await sharp(picture).resize(edge, edge, { kernel: 'nearest', fit: 'fill' }).png().toBuffer(),
          left,
          top,
        })),
      )
      const png = await sharp({ create: { width, height, channels: 3, background: '#ffffff' } })
        .composite([{ input: Buffer.from(svg), left: 0, top: 0 }, ...layers])
        .png({ compressionLevel: 6 })
        .toBuffer()
      return { png }
    },
  },
  streams: {},
})
