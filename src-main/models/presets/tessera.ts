/**
 * Tessera S and M: residual networks for tissue patches of about 96 to 224 px on a processor, without a graphics card.
 *
 * A stem at half the edge, three stages of residual blocks at twice the channels and half the edge of the stage before,
 * the mean, dropout and one dense layer. The first stage is to work on maps of about 48 px, whatever the patch: small
 * patches are not halved by the stem, large ones a second time by a pool.
 */
import { ANY_EDGE, type Patches, type Preset } from './preset.ts'
import { residualBlock } from './residual.ts'
import { endInMean, type Stack } from './stack.ts'

/** px of the first stage's map: half of 96, where a nucleus at 0.5 to 1 µm/px is still several values wide. */
const FIRST_MAP = 48
const DROPOUT = 0.3

type Size = { /** channels of each stage */ widths: readonly number[]; blocks: readonly number[] }

const tessera = (title: string, idea: string, size: Size): Preset => ({
  title,
  idea,
  group: 'recommended',
  edges: ANY_EDGE,
  build: (stack, patches) => build(stack, patches, size),
})

export const tesseraS = tessera(
  'Tessera S',
  'A residual network with few channels: learns in minutes on a laptop, good for a first look and for many short runs (Tessera, after He et al., 2015).',
  { widths: [24, 48, 96], blocks: [1, 2, 1] },
)

export const tesseraM = tessera(
  'Tessera M',
  'A residual network with most of its weights where maps are small and multiplying is cheap: the one for a model that is to be used (Tessera, after He et al., 2015).',
  { widths: [32, 64, 128], blocks: [1, 2, 2] },
)

function build(stack: Stack, { edge, classes }: Patches, { widths, blocks }: Size): void {
  const halvings = Math.max(0, Math.round(Math.log2(edge / FIRST_MAP)))
  stack.convolve('stem', widths[0] ?? 0, 3, { stride: halvings > 0 ? 2 : 1 })
  for (let pool = 2; pool <= halvings; pool++)
    stack.add({ kind: 'max-pool', id: `stem_pool${pool}`, kernel: 3, stride: 2, padding: 1 })
  for (const [stage, width] of widths.entries())
    for (let block = 0; block < (blocks[stage] ?? 0); block++) {
      const first = stage > 0 && block === 0
      residualBlock(stack, `stage${stage + 1}_${block + 1}`, width, { stride: first ? 2 : 1, widens: first })
    }
  endInMean(stack, classes, DROPOUT)
}
