/**
 * How tiles are drawn: WebGL on a real graphics card, a 2D canvas where WebGL would be computed by the CPU (five times
 * slower there).
 */
import type { TileType } from './tileSource.ts'

const SOFTWARE = /swiftshader|llvmpipe|softpipe|basic render|software/i

export function chooseDrawer(): { drawer: 'webgl' | 'canvas'; tileType: TileType } {
  return hasGraphicsCard() ? { drawer: 'webgl', tileType: 'imageBitmap' } : { drawer: 'canvas', tileType: 'rasterBlob' }
}

function hasGraphicsCard(): boolean {
  const gl = new OffscreenCanvas(1, 1).getContext('webgl')
  if (!gl) return false
  const info = gl.getExtension('WEBGL_debug_renderer_info')
  const name = String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER))
  gl.getExtension('WEBGL_lose_context')?.loseContext()
  return !SOFTWARE.test(name)
}
