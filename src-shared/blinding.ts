/**
 * Blinded reading: slides are called “Slide 1” … “Slide n” in the window, in an order that says nothing. The numbers belong
 * to the project and stay the same; exports keep the real names.
 */
import * as z from 'zod'
import { SlideId } from './ids.ts'
import { call, event } from './wire/contract.ts'

export const Blinding = z.object({
  on: z.boolean(),
  /** Of every slide that was in the project while it was blinded. */
  numbers: z.array(z.object({ slide: SlideId, number: z.number().int().positive() })),
})
export type Blinding = z.infer<typeof Blinding>

export const blindingCalls = {
  'blinding.get': call(z.void(), Blinding),
  'blinding.set': call(z.object({ on: z.boolean() }), Blinding),
}

export const blindingEvents = {
  'blinding.changed': event(Blinding),
}
