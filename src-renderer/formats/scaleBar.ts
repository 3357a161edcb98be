/** The length of a scale bar: 1, 2 or 5 times a power of ten, as long as fits. */
const LONGEST_PX = 140

export function scaleBar(micronPerScreenPx: number, longestPx = LONGEST_PX): { microns: number; px: number } {
  const most = micronPerScreenPx * longestPx
  const power = 10 ** Math.floor(Math.log10(most))
  const microns = [5, 2, 1].map((times) => times * power).find((length) => length <= most) ?? power
  return { microns, px: microns / micronPerScreenPx }
}
