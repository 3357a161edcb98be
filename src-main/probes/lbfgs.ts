/**
 * L-BFGS: minimises a smooth function of many variables from its value and gradient, with an approximation of its curvature
 * made of the last few steps.
 *
 * @see Nocedal, Wright, Numerical Optimization, 2nd edition (2006), algorithms 7.4 and 7.5;
 * Lewis, Overton, Nonsmooth optimization via quasi-Newton methods, Mathematical Programming (2013), algorithm 2.6, for the
 * line search: bisection until both of Wolfe's conditions hold
 */

/** Writes the gradient at `at` and returns the value there. */
export type Objective = (at: Float64Array, gradient: Float64Array) => number

export type Minimum = {
  at: Float64Array
  value: number
  /** Euclidean length of the gradient */
  gradientNorm: number
  iterations: number
  /** whether the gradient became as short as was asked for */
  converged: boolean
}

export type MinimiseOptions = {
  /** done when the gradient is no longer than this */
  gradientNorm: number
  mostIterations: number
}

/** Steps that are remembered. */
const MEMORY = 10
/** Wolfe's conditions: least share of the expected decrease, most share of the slope that may be left. */
const DECREASE = 1e-4
const CURVATURE = 0.9
/** Trials of one line search; bisection of a double has no more to find. */
const MOST_TRIALS = 50

/** @param from is not changed */
export function minimise(objective: Objective, from: Float64Array, options: MinimiseOptions): Minimum {
  const n = from.length
  let at: Float64Array = from.slice()
  let gradient: Float64Array = new Float64Array(n)
  let value = objective(at, gradient)
  let iterations = 0
  const steps: { moved: Float64Array; changed: Float64Array; curvature: number }[] = []
  while (iterations < options.mostIterations && norm(gradient) > options.gradientNorm) {
    const direction = descent(gradient, steps)
    // The first step has no curvature to go by: it is as long as 1 at most.
    const first = steps.length === 0 ? Math.min(1, 1 / norm(gradient)) : 1
    const found = lineSearch(objective, at, value, gradient, direction, first)
    if (!found) break
    const moved = found.at.map((x, i) => x - at[i]!)
    const changed = found.gradient.map((g, i) => g - gradient[i]!)
    const curvature = dot(moved, changed)
    if (curvature > 0) steps.push({ moved, changed, curvature })
    if (steps.length > MEMORY) steps.shift()
    ;({ at, value, gradient } = found)
    iterations++
  }
  const gradientNorm = norm(gradient)
  return { at, value, gradientNorm, iterations, converged: gradientNorm <= options.gradientNorm }
}

/** −H g by the two loops over the remembered steps. */
function descent(
  gradient: Float64Array,
  steps: readonly { moved: Float64Array; changed: Float64Array; curvature: number }[],
): Float64Array {
  const q = gradient.slice()
  const shares: number[] = []
  for (const { moved, changed, curvature } of steps.toReversed()) {
    const share = dot(moved, q) / curvature
    shares.push(share)
    addScaled(q, -share, changed)
  }
  const last = steps.at(-1)
  const scale = last ? last.curvature / dot(last.changed, last.changed) : 1
  for (let i = 0; i < q.length; i++) q[i]! *= scale
  for (const { moved, changed, curvature } of steps) {
    const share = shares.pop()!
    addScaled(q, share - dot(changed, q) / curvature, moved)
  }
  return q.map((x) => -x)
}

/** null when no step lowers the value any more: rounding is all that is left. */
function lineSearch(
  objective: Objective,
  at: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
  first: number,
): { at: Float64Array; value: number; gradient: Float64Array } | null {
  const slope = dot(gradient, direction)
  if (!(slope < 0)) return null
  let [near, far] = [0, Infinity]
  let step = first
  for (let trial = 0; trial < MOST_TRIALS; trial++) {
    const next = at.map((x, i) => x + step * direction[i]!)
    const nextGradient = new Float64Array(at.length)
    const nextValue = objective(next, nextGradient)
    if (!(nextValue <= value + DECREASE * step * slope)) far = step
    else if (dot(nextGradient, direction) < CURVATURE * slope) near = step
    else return { at: next, value: nextValue, gradient: nextGradient }
    step = far === Infinity ? 2 * step : (near + far) / 2
  }
  return null
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

const norm = (a: Float64Array): number => Math.sqrt(dot(a, a))

function addScaled(to: Float64Array, scale: number, what: Float64Array): void {
  for (let i = 0; i < to.length; i++) to[i]! += scale * what[i]!
}
