/** What the main process asks of the process that draws exported pictures. */
import * as z from 'zod'
import { bytes } from '../../src-shared/arrays.ts'
import { call, type Contract } from '../../src-shared/wire/contract.ts'

export const renderContract = {
  calls: {
    /** A slide's picture with an overlay over part of it and a legend under it, as PNG. Lengths in px of the picture. */
    'render.overlay': call(
      z.object({
        /** the slide, JPEG */
        picture: bytes,
        /** RGBA [row, column, 4] */
        texels: bytes,
        columns: z.number().int().positive(),
        rows: z.number().int().positive(),
        /** where the texels lie on the picture */
        left: z.number(),
        top: z.number(),
        width: z.number().positive(),
        height: z.number().positive(),
        legendSvg: z.string(),
        legendWidth: z.number().int().positive(),
        legendHeight: z.number().int().positive(),
      }),
      z.object({ png: bytes }),
    ),
    /** Pictures on a sheet with words, as PNG; lengths in px of the sheet. Small pictures are enlarged, pixel by pixel. */
    'render.sheet': call(
      z.object({
        width: z.number().int().positive(),
        height: z.number().int().positive(),
        /** ground, frames and words */
        svg: z.string(),
        /** px of each picture */
        edge: z.number().int().positive(),
        pictures: z.array(z.object({ /** PNG */ picture: bytes, left: z.number().int(), top: z.number().int() })),
      }),
      z.object({ png: bytes }),
    ),
  },
  streams: {},
  events: {},
} satisfies Contract
