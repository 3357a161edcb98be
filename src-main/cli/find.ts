/** Things of a project as a person names them on the command line. */
import { tesseraError } from '../../src-shared/errors.ts'
import type { Grid, PatchSource } from '../../src-shared/patches.ts'
import type { Slide } from '../../src-shared/slides.ts'
import type { Rooms } from '../host/rooms.ts'

const usage = (text: string) => tesseraError('USAGE', text, {})

/** A slide by its name (with or without ending) or id; without a name the only slide there is. */
export async function findSlide(rooms: Rooms, name: string | undefined): Promise<Slide> {
  const slides = await rooms.calls['slides.list']()
  const known = slides.map((slide) => slide.name).join(', ') || 'none'
  if (name === undefined) {
    if (slides.length === 1) return slides[0]!
    throw usage(`Say which slide is meant with --slide; the project has ${slides.length}: ${known}.`)
  }
  const stem = (text: string) => text.replace(/\.[a-z0-9]{2,4}$/i, '').toLowerCase()
  const exact = slides.filter((slide) => slide.id === name || slide.name === name)
  const alike = slides.filter((slide) => stem(slide.name) === stem(name))
  const found = exact.length > 0 ? exact : alike
  if (found.length === 1) return found[0]!
  throw usage(
    found.length === 0
      ? `There is no slide “${name}” in this project; it has: ${known}.`
      : `“${name}” is the name of ${found.length} slides; use an id: ${found.map((slide) => slide.id).join(', ')}.`,
  )
}

/** The grid that is shown on a slide. */
export async function activeGrid(rooms: Rooms, slide: Slide): Promise<Grid> {
  const sources = await rooms.calls['patches.sources']()
  const grids = sources.filter(
    (source: PatchSource): source is Grid => source.kind === 'grid' && source.slide === slide.id,
  )
  const grid = grids.find((each) => each.active) ?? grids[0]
  if (!grid)
    throw usage(
      `“${slide.name}” has no grid yet. Make one: tessera patches PROJECT --slide “${slide.name}” --size PX --mpp M`,
    )
  return grid
}
