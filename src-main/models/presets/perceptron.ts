/**
 * Multi-layer perceptron: every value of the patch goes into every unit of the first layer. The baseline that shows what
 * convolutions are good for: it knows nothing of neighbourhood, and most of its weights lie in the first layer.
 * @see Rumelhart, Hinton, Williams, Learning representations by back-propagating errors, Nature 323 (1986)
 */
import { ANY_EDGE, type Preset } from './preset.ts'
import { averagedDown } from './averagedDown.ts'

const HIDDEN = [256, 64]

export const perceptron: Preset = {
  title: 'Multi-layer perceptron',
  idea: 'No convolutions: each unit weighs every value of the patch, so that a pattern learned in one place is unknown in every other; the baseline to beat (Rumelhart, Hinton and Williams, 1986).',
  group: 'paper',
  edges: ANY_EDGE,
  build(stack, { edge, classes }) {
    averagedDown(stack, edge)
    stack.add({ kind: 'flatten', id: 'flat' })
    for (const [place, units] of HIDDEN.entries()) {
      stack.add({ kind: 'dense', id: `hidden${place + 1}`, units })
      stack.add({ kind: 'relu', id: `hidden${place + 1}_relu` })
    }
    stack.add({ kind: 'dense', id: 'classes', units: classes })
  },
}
