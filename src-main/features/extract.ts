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
import { edgeGiven } from './edgeGiven.ts'
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
   * Features block by block, in the order of `patches`. Ends early when the signal says so.
   * @throws {TesseraError} MODEL_SPACING_MISMATCH; what reading pixels throws
   */
  blocks(order: BlocksOrder): AsyncGenerator<EncodedBlock>
  /**
   * Writes float32 [patch, dimension] in the order of `patches`.
   * @returns patches that lie where their slide is damaged: they have no row
   * @throws {TesseraError} CANCELLED
   */
  extract(order: ExtractOrder): Promise<Uint32Array>
}

export type BlocksOrder = { source: PatchSource; patches: Uint32Array; signal: AbortSignal }

/** features float32 [patch, dimension] of `patches`; `unread` lie where their slide is damaged */
export type EncodedBlock = { patches: Uint32Array; features: Float32Array; unread: Uint32Array }

export type ExtractOrder = BlocksOrder & {
  file: string
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
  const { file, input, normalisation, name, kind, saidBy, made } = described
  const { channels } = input
  const openAt = (edgePx: number) =>
    engine.call('engine.openEncoder', { file, input: { edgePx, channels }, normalisation, layer: described.layer })
  const opened = await openAt(input.edgePx)
  /** The same network for patches of each edge that was met. */
  const ofEdge = new Map([[input.edgePx, Promise.resolve(opened)]])
  const openedAt = (edgePx: number) => {
    const known = ofEdge.get(edgePx) ?? openAt(edgePx)
    ofEdge.set(edgePx, known)
    return known
  }
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
    ...(made && { made }),
  }
  async function* blocks({ source, patches, signal }: BlocksOrder): AsyncGenerator<EncodedBlock> {
    const edgePx = edgeGiven(card, source)
    const { encoder } = await openedAt(edgePx)
    await mkdir(scratch, { recursive: true }).catch((error: unknown) => {
      throw fileError(scratch, error)
    })
    const readBlock = async (first: number) => {
      const block = patches.slice(first, first + BLOCK)
      const pixels = path.join(scratch, `${first}.pixels`)
      const unread = await readPixels({ source, patches: block, edgePx, channels }, pixels, { signal })
      const damaged = new Set(unread)
      return { numbers: block.filter((patch) => !damaged.has(patch)), unread, pixels }
    }
    const encodeBlock = async ({ numbers, unread, pixels }: Awaited<ReturnType<typeof readBlock>>) => {
      const order = { encoder, file: pixels, patches: numbers.length, numbers }
      const features = numbers.length === 0 ? new Float32Array() : (await engine.call('engine.encode', order)).features
      await rm(pixels, { force: true })
      return { features, patches: numbers, unread }
    }
    const firsts = Array.from({ length: Math.ceil(patches.length / BLOCK) }, (_, i) => i * BLOCK)
    yield* ahead(ahead(firsts, readBlock, signal), encodeBlock, signal)
  }
  return {
    card,
    blocks,
    async extract({ file: into, onProgress, ...order }) {
      const folder = path.dirname(into)
      await mkdir(folder, { recursive: true }).catch((error: unknown) => {
        throw fileError(folder, error)
      })
      const writer = await writeFeatures(into)
      const allUnread: number[] = []
      let done = 0
      try {
        for await (const { features, patches, unread } of blocks(order)) {
          await writer.append(features)
          allUnread.push(...unread)
          onProgress((done += patches.length + unread.length))
        }
      } finally {
        await writer.close()
      }
      if (order.signal.aborted) throw tesseraError('CANCELLED', 'The extraction of features was cancelled.', {})
      return Uint32Array.from(allUnread)
    },
  }
}
