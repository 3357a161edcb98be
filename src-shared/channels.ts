/**
 * Channels of a fluorescence slide, and how they become one picture: each from black to its colour over a range of its
 * values, and all added. The picture is what the screen shows and what networks get.
 */
import * as z from 'zod'

/** Channels that are put together into one picture. */
export const MOST_CHANNELS = 16

const byte = z.number().int().min(0).max(255)

export const ChannelColour = z.tuple([byte, byte, byte])
export type ChannelColour = z.infer<typeof ChannelColour>

export const ChannelLook = z
  .object({
    shown: z.boolean(),
    colour: ChannelColour,
    /** values of the file that become black and the full colour */
    from: z.number(),
    to: z.number(),
  })
  .refine(({ from, to }) => to > from, { error: 'the value of the full colour must be above that of black' })
export type ChannelLook = z.infer<typeof ChannelLook>

/** What a person chose, for each channel in the order of the file. */
export const ChannelMapping = z.array(ChannelLook).min(1).max(MOST_CHANNELS)
export type ChannelMapping = z.infer<typeof ChannelMapping>

/** A channel as the file has it. */
export const ChannelFacts = z.object({
  name: z.string(),
  /** of the file, or the usual one of its place */
  colour: ChannelColour,
  /** values below which 1 % and 99.8 % of the px lie: the range that is shown when nobody chose another */
  from: z.number(),
  to: z.number(),
  /** greatest value that the file's numbers can have */
  most: z.number(),
  /** px by value, in equal steps from 0 to the greatest value found, `greatest`: [step] */
  histogram: z.array(z.number()),
  greatest: z.number(),
})
export type ChannelFacts = z.infer<typeof ChannelFacts>

export const asTheFileSays = (channels: readonly ChannelFacts[]): ChannelMapping =>
  channels.map(({ colour, from, to }) => ({ shown: true, colour, from, to }))
