/** Made-up tissue: where glass, tumor and normal tissue lie on a made-up slide, and a picture of any part of it. */
import { chance } from './ids.ts'

export const GLASS = 0
export const TUMOR = 1
const NORMAL = 2

export interface Tissue {
  seed: number
  /** level-0 px */
  width: number
  height: number
  /** Cells of this edge (level-0 px) beside each other, as in a mosaic; null = one piece of tissue. */
  mosaic: number | null
}

const wave = (x: number, y: number, seed: number): number =>
  Math.sin(x / 1.9 + seed) + Math.sin(y / 1.5 + 2 * seed) + Math.sin((x + y) / 2.3 + 3 * seed)

/** What lies at a point, level-0 px. */
export function tissueAt({ seed, width, height, mosaic }: Tissue, x: number, y: number): number {
  if (mosaic) {
    const column = Math.floor(x / mosaic)
    const row = Math.floor(y / mosaic)
    const outer = Math.hypot(column / (width / mosaic) - 0.48, row / (height / mosaic) - 0.5)
    if (outer > 0.43 + 0.06 * Math.sin(column) || chance(seed, column, row) < 0.08) return GLASS
    return chance(seed, column, row, 7) < (wave(column, row, seed) > 0.9 ? 0.62 : 0.05) ? TUMOR : NORMAL
  }
  const u = x / width - 0.5
  const v = y / height - 0.5
  const edge = 0.4 + 0.05 * Math.sin(6 * Math.atan2(v, u) + seed) + 0.02 * Math.sin(17 * Math.atan2(v, u))
  if (Math.hypot(u, v) > edge) return GLASS
  return wave(x / 900, y / 900, seed) > 1.15 ? TUMOR : NORMAL
}

const COLOURS: Record<number, readonly [number, number, number]> = {
  [GLASS]: [244, 241, 245],
  [TUMOR]: [206, 160, 204],
  [NORMAL]: [236, 190, 214],
}
/** level-0 px between nuclei */
const SPACING = 19

/** Draws a rectangle of level-0 px into a picture of a given size. */
function drawTissue(
  g: OffscreenCanvasRenderingContext2D,
  tissue: Tissue,
  [x, y, width, height]: readonly [number, number, number, number],
): void {
  const { canvas } = g
  const scale = canvas.width / width
  const block =
    tissue.mosaic && tissue.mosaic * scale > 6 ? tissue.mosaic * scale : Math.max(3, 8 * Math.min(1, scale * 4))
  const startX = tissue.mosaic ? -(((x / tissue.mosaic) % 1) * tissue.mosaic * scale) : 0
  const startY = tissue.mosaic ? -(((y / tissue.mosaic) % 1) * tissue.mosaic * scale) : 0
  for (let top = startY; top < canvas.height; top += block)
    for (let left = startX; left < canvas.width; left += block) {
      const [atX, atY] = [x + (left + block / 2) / scale, y + (top + block / 2) / scale]
      const [red, green, blue] = COLOURS[tissueAt(tissue, atX, atY)]!
      const shade = (chance(tissue.seed, Math.floor(atX / 60), Math.floor(atY / 60)) - 0.5) * 16
      g.fillStyle = `rgb(${red + shade} ${green + shade} ${blue + shade})`
      g.fillRect(left, top, block + 1, block + 1)
    }
  if (SPACING * scale >= 2.4) drawNuclei(g, tissue, x, y, height, width, scale)
}

function drawNuclei(
  g: OffscreenCanvasRenderingContext2D,
  tissue: Tissue,
  x: number,
  y: number,
  height: number,
  width: number,
  scale: number,
): void {
  for (let row = Math.floor(y / SPACING) - 1; row * SPACING < y + height + SPACING; row++)
    for (let column = Math.floor(x / SPACING) - 1; column * SPACING < x + width + SPACING; column++) {
      const nx = (column + chance(tissue.seed, column, row, 1)) * SPACING
      const ny = (row + chance(tissue.seed, column, row, 2)) * SPACING
      const kind = tissueAt(tissue, nx, ny)
      if (kind === GLASS || chance(tissue.seed, column, row, 3) < (kind === TUMOR ? 0.12 : 0.45)) continue
      const size = kind === TUMOR ? 7 + 4 * chance(column, row, 4) : 3.5 + 2 * chance(column, row, 4)
      const dark = 40 * chance(column, row, 5)
      g.fillStyle =
        kind === TUMOR ? `rgb(${92 + dark} ${48 + dark} ${132 + dark})` : `rgb(${72 + dark} ${44 + dark} ${118 + dark})`
      g.beginPath()
      g.ellipse(
        (nx - x) * scale,
        (ny - y) * scale,
        size * scale,
        size * scale * (0.65 + 0.35 * chance(column, row, 6)),
        3 * chance(column, row, 8),
        0,
        7,
      )
      g.fill()
    }
}

/** A picture of a rectangle of level-0 px, encoded. */
export async function pictureOf(
  tissue: Tissue,
  rect: readonly [number, number, number, number],
  size: readonly [number, number],
  type: 'image/jpeg' | 'image/png',
): Promise<Uint8Array> {
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(size[0])), Math.max(1, Math.round(size[1])))
  const g = canvas.getContext('2d')!
  drawTissue(g, tissue, rect)
  return new Uint8Array(await (await canvas.convertToBlob({ type, quality: 0.85 })).arrayBuffer())
}
