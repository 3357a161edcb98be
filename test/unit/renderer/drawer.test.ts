/** What draws the tiles: the graphics card where there is one, the 2D canvas where WebGL would be computed by the CPU. */
import { afterEach, expect, test, vi } from 'vitest'
import { chooseDrawer } from '../../../src-renderer/viewer/drawer.ts'

afterEach(() => vi.unstubAllGlobals())

const UNMASKED_RENDERER = 0x9246
const RENDERER = 0x1f01

/** A browser whose WebGL says it is drawn by `renderer`; null = it has no WebGL. @param hides the real name is not told */
function aBrowserWith(renderer: string | null, hides = false): { contextsLost: number } {
  const seen = { contextsLost: 0 }
  const gl = {
    RENDERER,
    getExtension: (name: string) => {
      if (name === 'WEBGL_lose_context') return { loseContext: () => void seen.contextsLost++ }
      return name === 'WEBGL_debug_renderer_info' && !hides ? { UNMASKED_RENDERER_WEBGL: UNMASKED_RENDERER } : null
    },
    getParameter: (parameter: number) => {
      if (parameter === UNMASKED_RENDERER) return renderer
      return parameter === RENDERER ? (hides ? renderer : 'WebKit WebGL') : null
    },
  }
  vi.stubGlobal(
    'OffscreenCanvas',
    class {
      getContext = (kind: string) => (kind === 'webgl' && renderer !== null ? gl : null)
    },
  )
  return seen
}

test.each([
  'ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)',
  'ANGLE (Mesa, llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5)',
  'ANGLE (Microsoft, Microsoft Basic Render Driver Direct3D11 vs_5_0 ps_5_0, D3D11)',
  'Mesa softpipe',
  'Apple Software Renderer',
])('software GL (%s) draws on a 2D canvas', (renderer) => {
  aBrowserWith(renderer)
  expect(chooseDrawer()).toEqual({ drawer: 'canvas', tileType: 'rasterBlob' })
})

test.each([
  'ANGLE (NVIDIA, NVIDIA GeForce RTX 4070 Direct3D11 vs_5_0 ps_5_0, D3D11)',
  'ANGLE (Intel, Mesa Intel(R) UHD Graphics 620 (KBL GT2), OpenGL 4.6)',
  'ANGLE (Apple, ANGLE Metal Renderer: Apple M2, Unspecified Version)',
])('a graphics card (%s) draws by WebGL, which is given bitmaps and no blobs', (renderer) => {
  aBrowserWith(renderer)
  expect(chooseDrawer()).toEqual({ drawer: 'webgl', tileType: 'imageBitmap' })
})

test('a browser that hides the name of its card is asked for what it does tell', () => {
  aBrowserWith('llvmpipe', true)
  expect(chooseDrawer().drawer).toBe('canvas')
  aBrowserWith('NVIDIA GeForce', true)
  expect(chooseDrawer().drawer).toBe('webgl')
})

test('without WebGL there is the 2D canvas, and the context that was asked is given back', () => {
  aBrowserWith(null)
  expect(chooseDrawer().drawer).toBe('canvas')
  const seen = aBrowserWith('NVIDIA GeForce')
  chooseDrawer()
  expect(seen.contextsLost).toBe(1)
})
