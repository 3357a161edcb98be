/** Made-up slides: two as in the sample project, or thousands. */
import { tesseraError } from '../../../src-shared/errors.ts'
import type { SlideId } from '../../../src-shared/ids.ts'
import type { Slide, SlideLevel, TileReply, TileRequest } from '../../../src-shared/slides.ts'
import { AS_STORED } from '../../../src-shared/look.ts'
import { micronPerPx } from '../../../src-shared/units.ts'
import { newId } from './ids.ts'
import type { Scene } from './scene.ts'
import { pictureOf, type Tissue } from './tissue.ts'

const TILE = 256
const ADDED = Date.UTC(2026, 10, 20, 9, 30)

function levelsOf(width: number, height: number, steps: readonly number[]): SlideLevel[] {
  return steps
    .filter((step) => width / step >= 1)
    .map((step) => {
      const [w, h] = [Math.ceil(width / step), Math.ceil(height / step)]
      return {
        width: w,
        height: h,
        downsample: width / w,
        tileWidth: TILE,
        tileHeight: TILE,
        columns: Math.ceil(w / TILE),
        rows: Math.ceil(h / TILE),
      }
    })
}

function slide(name: string, tissue: Tissue, caseName: string, mpp: number | null): Slide {
  const steps = tissue.width > 20_000 ? [1, 4, 16, 64, 256] : [1, 2, 4, 8, 16]
  return {
    id: newId(),
    name,
    caseId: newId(),
    caseName,
    format: 'Aperio SVS',
    vendor: 'Aperio',
    width: tissue.width,
    height: tissue.height,
    levels: levelsOf(tissue.width, tissue.height, steps),
    fileMpp: mpp === null ? null : { x: mpp, y: mpp, tag: 'ImageDescription MPP' },
    otherMpp: [],
    objectivePower: mpp === null ? null : Math.round(10 / mpp),
    bounds: null,
    warnings: [],
    associatedImages: [
      { name: 'label', width: 387, height: 463 },
      { name: 'macro', width: 1280, height: 431 },
      { name: 'thumbnail', width: 768, height: 574 },
    ],
    mppX: mpp === null ? null : micronPerPx(mpp),
    mppY: mpp === null ? null : micronPerPx(mpp),
    mppSource: mpp === null ? null : { kind: 'file', tag: 'ImageDescription MPP' },
    note: null,
    look: AS_STORED,
    channels: null,
    state: { kind: 'ready' },
    addedAt: ADDED,
  }
}

export interface FakeSlides {
  slides: Map<SlideId, Slide>
  tissues: Map<SlideId, Tissue>
  readTiles(request: TileRequest): Promise<TileReply[]>
  add(name: string): Slide
}

export function fakeSlides(scene: Scene): FakeSlides {
  const slides = new Map<SlideId, Slide>()
  const tissues = new Map<SlideId, Tissue>()
  const put = (made: Slide, tissue: Tissue): Slide => {
    slides.set(made.id, made)
    tissues.set(made.id, tissue)
    return made
  }

  for (let i = 0; i < scene.slides; i++) {
    if (scene.project === 'sample' && i === 0) {
      const tissue: Tissue = { seed: 3, width: 2688, height: 2304, mosaic: 96 }
      const made = slide('pcam_composite_demo.tif', tissue, 'PCam mosaic', 0.97)
      put(
        {
          ...made,
          format: 'Tiled TIFF',
          vendor: null,
          associatedImages: [],
          note: 'Mosaic of real patches (PatchCamelyon, CC0), not a patient’s slide.',
        },
        tissue,
      )
    } else if (scene.project === 'sample') {
      const tissue: Tissue = { seed: 11, width: 2220, height: 2967, mosaic: null }
      put(slide('CMU-1-Small-Region.svs', tissue, 'CMU-1', 0.499), tissue)
    } else {
      const large = i === 0 ? scene.largeSlide : null
      const tissue: Tissue = { seed: i, width: large ?? 22_000 + (i % 7) * 3000, height: large ?? 18_000, mosaic: null }
      const number = String(i + 1).padStart(4, '0')
      const name = scene.longNames
        ? `TCGA-XK-AAJU-01A-01-TS1_sentinel-lymph-node_level-3_block-B_haematoxylin-eosin_${number}.svs`
        : `case-${number}_HE.svs`
      put(slide(name, tissue, `Patient ${String(Math.floor(i / 2) + 1).padStart(3, '0')}`, 0.2525), tissue)
    }
  }
  if (scene.troubled) trouble(slides)

  async function tile(asked: Slide, level: SlideLevel, column: number, row: number): Promise<Uint8Array> {
    const step = asked.width / level.width
    const edge = TILE * step
    return pictureOf(tissues.get(asked.id)!, [column * edge, row * edge, edge, edge], [TILE, TILE], 'image/jpeg')
  }

  return {
    slides,
    tissues,
    readTiles: ({ slide: id, level, tiles }) =>
      Promise.all(
        tiles.map(async ([column, row]) => {
          const asked = slides.get(id)!
          if (scene.failing && (column + row) % 5 === 3)
            return {
              code: 'SLIDE_TILE_BROKEN',
              message: `Tile ${column}, ${row} of level ${level} of “${asked.name}” can not be read: its JPEG ends early. The rest of the slide is shown; copy the file again from the scanner.`,
              data: { file: asked.name, level, column, row, reason: 'its JPEG ends early' },
            }
          return tile(asked, asked.levels[level]!, column, row)
        }),
      ),
    add(name) {
      if (name.endsWith('.txt.svs'))
        throw tesseraError('SLIDE_NOT_A_SLIDE', `“${name}” is no slide: it begins like a text file, not like a TIFF.`, {
          file: name,
          reason: 'it begins like a text file',
        })
      const tissue: Tissue = { seed: slides.size + 40, width: 14_000, height: 11_000, mosaic: null }
      return put(slide(name, tissue, name.replace(/\.\w+$/, ''), name.includes('no-mpp') ? null : 0.2525), tissue)
    },
  }
}

/** A missing file, a broken one, and one that does not say its µm/px. */
function trouble(slides: Map<SlideId, Slide>): void {
  const [, second, third, fourth] = [...slides.values()]
  if (second)
    slides.set(second.id, { ...second, state: { kind: 'missing', file: '/data/slides/2026/case-0002_HE.svs' } })
  if (third)
    slides.set(third.id, {
      ...third,
      state: {
        kind: 'unreadable',
        fault: {
          code: 'SLIDE_FORMAT_NOT_READ',
          message: `“${third.name}” can not be shown: it is an Olympus VSI file, which is not read yet. Convert it, for example with QuPath.`,
          data: { file: third.name, format: 'an Olympus VSI file' },
        },
      },
    })
  if (fourth) slides.set(fourth.id, { ...fourth, fileMpp: null, mppX: null, mppY: null, mppSource: null })
}
