/**
 * Draws the points of a map with WebGL 2: one buffer of places, one of colours, one byte for each that says how it is
 * drawn. A frame sets a few numbers and draws three times, quiet points, the others, selected ones above; what moves is
 * the view alone.
 */
import type { Rgb } from '../../../src-shared/viridis.ts'
import type { PlaneView } from './plane.ts'

export interface PointLook {
  /** CSS px across */
  size: number
  /** of points that have nothing to say */
  quiet: Rgb
  /** around selected points */
  ring: Rgb
  /** Some are selected: the others step back. */
  dimmed: boolean
}

const QUIET = 0
const SPEAKING = 1
const SELECTED = 2

const VERTEX = `#version 300 es
in vec2 place;
in vec4 colour;
in float level;
uniform vec2 middle;
uniform vec2 scale;
uniform float size;
uniform float pass;
uniform vec3 quiet;
out vec3 tint;
void main() {
  // What another pass draws is put where nothing is drawn.
  gl_Position = level == pass ? vec4((place - middle) * scale, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = size;
  tint = colour.a > 0.5 ? colour.rgb : quiet;
}`

const FRAGMENT = `#version 300 es
precision highp float;
in vec3 tint;
uniform float size;
uniform float alpha;
uniform float edge;
uniform vec3 ring;
out vec4 colour;
void main() {
  float away = length(gl_PointCoord - 0.5) * size;
  float cover = clamp(size * 0.5 - away, 0.0, 1.0);
  if (cover == 0.0) discard;
  float rim = edge > 0.0 ? clamp(away - (size * 0.5 - edge) + 0.5, 0.0, 1.0) : 0.0;
  float a = cover * alpha;
  colour = vec4(mix(tint, ring, rim) * a, a);
}`

const UNIFORMS = ['middle', 'scale', 'size', 'pass', 'quiet', 'alpha', 'edge', 'ring'] as const
type Uniforms = Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>
type Attribute = 'place' | 'colour' | 'level'

export class PointRenderer {
  readonly #gl: WebGL2RenderingContext
  readonly #buffers: Record<Attribute, WebGLBuffer>
  readonly #at: Uniforms
  #count = 0
  #pixels: Uint8Array = new Uint8Array()
  #selected: ReadonlySet<number> = new Set()

  /** @returns null where the browser has no WebGL 2 */
  static on(canvas: HTMLCanvasElement): PointRenderer | null {
    const gl = canvas.getContext('webgl2', { alpha: true, antialias: false, depth: false, premultipliedAlpha: true })
    return gl && !gl.isContextLost() ? new PointRenderer(gl) : null
  }

  private constructor(gl: WebGL2RenderingContext) {
    this.#gl = gl
    const program = gl.createProgram()
    for (const [type, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ] as const) {
      const shader = gl.createShader(type)!
      gl.shaderSource(shader, source)
      gl.compileShader(shader)
      gl.attachShader(program, shader)
    }
    gl.linkProgram(program)
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost())
      throw new Error(`the points can not be drawn: ${gl.getProgramInfoLog(program)}`)
    gl.useProgram(program)
    this.#buffers = { place: gl.createBuffer(), colour: gl.createBuffer(), level: gl.createBuffer() }
    const attributes = [
      ['place', 2, gl.FLOAT, false],
      ['colour', 4, gl.UNSIGNED_BYTE, true],
      ['level', 1, gl.UNSIGNED_BYTE, false],
    ] as const
    for (const [name, size, type, normalised] of attributes) {
      const location = gl.getAttribLocation(program, name)
      gl.bindBuffer(gl.ARRAY_BUFFER, this.#buffers[name])
      gl.enableVertexAttribArray(location)
      gl.vertexAttribPointer(location, size, type, normalised, 0, 0)
    }
    this.#at = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)])) as Uniforms
    gl.enable(gl.BLEND)
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
  }

  #fill(name: Attribute, data: ArrayBufferView): void {
    this.#gl.bindBuffer(this.#gl.ARRAY_BUFFER, this.#buffers[name])
    this.#gl.bufferData(this.#gl.ARRAY_BUFFER, data, this.#gl.DYNAMIC_DRAW)
  }

  /** @param positions [point, 2] */
  setPlaces(positions: Float32Array): void {
    this.#count = positions.length / 2
    this.#fill('place', positions)
  }

  /** @param pixels [point, 4], alpha 0 = quiet; as many as there are places */
  setColours(pixels: Uint8Array): void {
    this.#pixels = pixels
    this.#fill('colour', pixels)
    this.#setLevels()
  }

  select(points: ReadonlySet<number>): void {
    this.#selected = points
    this.#setLevels()
  }

  #setLevels(): void {
    const levels = new Uint8Array(this.#pixels.length / 4)
    for (let point = 0; point < levels.length; point++) levels[point] = this.#pixels[4 * point + 3] ? SPEAKING : QUIET
    for (const point of this.#selected) levels[point] = SELECTED
    this.#fill('level', levels)
  }

  /** @param density device px per CSS px */
  draw(view: PlaneView, density: number, look: PointLook): void {
    const gl = this.#gl
    const at = this.#at
    const width = Math.round(view.width * density)
    const height = Math.round(view.height * density)
    if (gl.canvas.width !== width || gl.canvas.height !== height) {
      gl.canvas.width = width
      gl.canvas.height = height
    }
    gl.viewport(0, 0, width, height)
    gl.clearColor(0, 0, 0, 0)
    gl.clear(gl.COLOR_BUFFER_BIT)
    if (this.#count === 0 || this.#pixels.length !== 4 * this.#count) return
    gl.uniform2f(at.middle, view.x, view.y)
    gl.uniform2f(at.scale, (2 * view.scale) / view.width, (2 * view.scale) / view.height)
    gl.uniform3f(at.quiet, look.quiet[0] / 255, look.quiet[1] / 255, look.quiet[2] / 255)
    gl.uniform3f(at.ring, look.ring[0] / 255, look.ring[1] / 255, look.ring[2] / 255)
    const pass = (level: number, size: number, alpha: number, edge: number): void => {
      gl.uniform1f(at.pass, level)
      gl.uniform1f(at.size, size * density)
      gl.uniform1f(at.alpha, alpha)
      gl.uniform1f(at.edge, edge * density)
      gl.drawArrays(gl.POINTS, 0, this.#count)
    }
    pass(QUIET, look.size, look.dimmed ? 0.3 : 0.6, 0)
    pass(SPEAKING, look.size, look.dimmed ? 0.35 : 0.9, 0)
    if (this.#selected.size > 0) pass(SELECTED, look.size + 2.5, 1, 1.25)
  }

  /** Gives its memory on the graphics card back. */
  end(): void {
    for (const buffer of Object.values(this.#buffers)) this.#gl.deleteBuffer(buffer)
  }
}
