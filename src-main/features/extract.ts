/**
 * Features of patches by an encoder, block by block: while one block is in the network the next is read and the one before
 * is written.
 */
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { EncoderCard } from '../../src-shared/encoders.ts'
import { tesseraError } from '../../src-shared/errors.ts'
import type { PatchSource } from '../../src-shared/patches.ts'
import { fileError } from '../files/fileErrors.ts'
import { ahead } from '../jobs/ahead.ts'
import type { EngineClient } from '../nn/engine.ts'
import type { PixelsWanted } from '../patches/readPixels.ts'
import type { EncoderFile } from './encoderFile.ts'
import { writeFeatures } from './featureFile.ts'

/** Patches in one block. */
const BLOCK = 256

/** Writes pixels of patches of a source into a file; see ../patches/readPixels.ts. */
export type ReadSourcePixels = (
  wanted: PixelsWanted,
  file: string,
  options: { signal: AbortSignal },
) => Promise<Uint32Array>

/** An encoder that is open in an engine. */
export type ReadyEncoder = {
  card: EncoderCard
  /**
   * Writes float32 [patch, dimension] in the order of `patches`.
   * @returns patches that lie where their slide is damaged: they have no row
   * @throws {TesseraError} CANCELLED
   */
  extract(order: ExtractOrder): Promise<Uint32Array>
}

export type ExtractOrder = {
  source: PatchSource
  patches: Uint32Array
  file: string
  signal: AbortSignal
  /** patches that are done */
  onProgress: (done: number) => void
}

/**
 * Opens an encoder, which runs it once.
 * @param scratch a folder of the caller's, for pixels on their way
 */
export async function openEncoderFile(
  engine: EngineClient,
  readPixels: ReadSourcePixels,
  described: EncoderFile,
  scratch: string,
): Promise<ReadyEncoder> {
  const { file, input, normalisation, name, kind, saidBy } = described
  const { edgePx, channels } = input
  const opened = await engine.call('engine.openEncoder', {
    file,
    input: { edgePx, channels },
    normalisation,
    layer: described.layer,
  })
  const card: EncoderCard = {
    format: 'tessera-encoder-card',
    version: 1,
    name,
    kind,
    weights: { file: path.basename(file), sha256: opened.sha256, bytes: opened.bytes },
    layer: opened.layer,
    pooling: opened.pooling,
    dimensions: opened.dimensions,
    input,
    normalisation,
    saidBy,
  }
  return {
    card,
    async extract({ source, patches, file: into, signal, onProgress }) {
      checkScale(card, source)
      await mkdir(scratch, { recursive: true }).catch((error: unknown) => {
        throw fileError(scratch, error)
      })
      const readBlock = async (first: number) => {
        const block = patches.slice(first, first + BLOCK)
        const pixels = path.join(scratch, `${first}.pixels`)
        const unread = await readPixels({ source, patches: block, edgePx, channels }, pixels, { signal })
        const damaged = new Set(unread)
        return { count: block.length, numbers: block.filter((patch) => !damaged.has(patch)), unread, pixels }
      }
      const encodeBlock = async ({ count, numbers, unread, pixels }: Awaited<ReturnType<typeof readBlock>>) => {
        const order = { encoder: opened.encoder, file: pixels, patches: numbers.length, numbers }
        const features =
          numbers.length === 0 ? new Float32Array() : (await engine.call('engine.encode', order)).features
        await rm(pixels, { force: true })
        return { features, unread, count }
      }
      const firsts = Array.from({ length: Math.ceil(patches.length / BLOCK) }, (_, i) => i * BLOCK)
      const writer = await writeFeatures(into)
      const allUnread: number[] = []
      let done = 0
      try {
        const read = ahead(firsts, readBlock, signal)
        for await (const { features, unread, count } of ahead(read, encodeBlock, signal)) {
          await writer.append(features)
          allUnread.push(...unread)
          onProgress((done += count))
        }
      } finally {
        await writer.close()
      }
      if (signal.aborted) throw tesseraError('CANCELLED', 'The extraction of features was cancelled.', {})
      return Uint32Array.from(allUnread)
    },
  }
}

/** How far two µm/px may be apart and still show the same, as a share: that of models and slides. */
const SAME_SCALE = 0.1

/**
 * Patches are resized whole to the input. Where both sides say their µm/px, what the encoder then sees must be what it was
 * made for.
 * @throws {TesseraError} MODEL_SPACING_MISMATCH
 */
function checkScale({ name, input: { edgePx, mpp } }: EncoderCard, source: PatchSource): void {
  const [edge, own] = source.kind === 'set' ? [source.width, source.mpp] : [source.params.edgePx, source.params.mpp]
  if (mpp === null || own === null) return
  const seen = (own * edge) / edgePx
  if (Math.abs(seen / mpp - 1) <= SAME_SCALE) return
  throw tesseraError(
    'MODEL_SPACING_MISMATCH',
    `“${name}” takes ${edgePx} px at ${mpp} µm/px; these patches of ${edge} px at ${own} µm/px would be shown to it at ${Number(seen.toPrecision(3))} µm/px. Take patches of ${Math.round((edgePx * mpp) / own)} px, or another encoder.`,
    { model: name, expected: mpp, actual: seen, unit: 'µm/px' },
  )
}
