/** Hue, saturation and value of a colour (Smith, “Color Gamut Transform Pairs”, SIGGRAPH 1978). */

/**
 * @param red, green, blue 0 … 255
 * @returns hue in degrees, 0 ≤ hue < 360, 0 for grey; saturation and value 0 … 1
 */
export function hsvOf(red: number, green: number, blue: number): { hue: number; saturation: number; value: number } {
  const most = Math.max(red, green, blue)
  const range = most - Math.min(red, green, blue)
  const value = most / 255
  if (range === 0) return { hue: 0, saturation: 0, value }
  const sixth =
    most === red ? (green - blue) / range : most === green ? 2 + (blue - red) / range : 4 + (red - green) / range
  return { hue: (60 * sixth + 360) % 360, saturation: range / most, value }
}
