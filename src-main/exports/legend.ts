/** The strip under an exported overlay: what the colours mean, of which model and slide, and what it is not for. */
import { RESEARCH_NOTICE } from '../../src-shared/app.ts'
import type { Colour } from '../../src-shared/labels.ts'
import { VIRIDIS } from '../../src-shared/viridis.ts'

export const LEGEND_HEIGHT = 96
/** A legend is not narrower than what it must say, however narrow the slide, px. */
const LEAST_WIDTH = 520

/** Width of the legend under a picture, px. */
export const legendWidth = (pictureWidth: number): number => Math.max(LEAST_WIDTH, pictureWidth)

export type Legend = {
  title: string
  note: string | null
  scale: { kind: 'probability'; of: string } | { kind: 'classes'; classes: readonly { name: string; colour: Colour }[] }
  /** µm/px of the picture; null when it is not known */
  mpp: number | null
}

/** An SVG of the given width, px. */
export function legendSvg(legend: Legend, width: number): string {
  const left = 16
  const scale =
    legend.scale.kind === 'probability'
      ? probabilityBar(legend.scale.of, left)
      : classSwatches(legend.scale.classes, left)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${LEGEND_HEIGHT}" font-family="sans-serif" font-size="13" fill="#1c1c1e">
  <rect width="100%" height="100%" fill="#ffffff"/>
  <text x="${left}" y="22" font-weight="bold">${escapeXml(legend.title)}</text>
  ${scale}
  ${scaleBar(legend.mpp, width)}
  <text x="${left}" y="86" font-size="11" fill="#5b5b60">${escapeXml([RESEARCH_NOTICE, legend.note].filter(Boolean).join('  ·  '))}</text>
</svg>`
}

const BAR = { width: 256, height: 14, y: 34 }

function probabilityBar(of: string, left: number): string {
  const stops = Array.from({ length: 17 }, (_, i) => {
    const colour = VIRIDIS[Math.round((i * 255) / 16)]!
    return `<stop offset="${(100 * i) / 16}%" stop-color="rgb(${colour.join(',')})"/>`
  }).join('')
  return `<defs><linearGradient id="viridis">${stops}</linearGradient></defs>
  <rect x="${left}" y="${BAR.y}" width="${BAR.width}" height="${BAR.height}" fill="url(#viridis)"/>
  <text x="${left}" y="64" font-size="11">0</text>
  <text x="${left + BAR.width / 2}" y="64" font-size="11" text-anchor="middle">probability of ${escapeXml(of)}</text>
  <text x="${left + BAR.width}" y="64" font-size="11" text-anchor="end">1</text>`
}

/** Width of a swatch with its name: names longer than this would meet the next swatch. */
const SWATCH = 150
const LONGEST_NAME = 18

const classSwatches = (classes: readonly { name: string; colour: Colour }[], left: number): string =>
  classes
    .map(({ name, colour }, i) => {
      const x = left + i * SWATCH
      const short = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name
      return `<rect x="${x}" y="${BAR.y}" width="14" height="14" fill="${colour}"/><text x="${x + 20}" y="${BAR.y + 12}">${escapeXml(short)}</text>`
    })
    .join('')

/** A round length near a sixth of the picture. */
function scaleBar(mpp: number | null, width: number): string {
  if (mpp === null) return ''
  const wanted = (width / 6) * mpp
  const magnitude = 10 ** Math.floor(Math.log10(wanted))
  const length = magnitude * ([5, 2, 1].find((step) => step * magnitude <= wanted) ?? 1)
  const px = length / mpp
  const right = width - 16
  const text = length >= 1000 ? `${length / 1000} mm` : `${length} µm`
  return `<rect x="${right - px}" y="40" width="${px}" height="3" fill="#1c1c1e"/><text x="${right - px / 2}" y="60" font-size="11" text-anchor="middle">${text}</text>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Everything XML 1.0 does not know is left out. */
export const escapeXml = (text: string): string =>
  text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll(/[&<>"']/g, (letter) => entities[letter]!)
