/** What patches that may be left out look like over the slide and in the panel. */
import type { Artefact } from '../../src-shared/masks.ts'

export const ARTEFACT_COLOURS: Record<Artefact, string> = {
  green: '#12a150',
  blue: '#2563eb',
  black: '#14171a',
  red: '#e0302a',
  blurred: '#c026d3',
}
