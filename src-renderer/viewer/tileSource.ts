/**
 * A slide as OpenSeadragon wants it: a pyramid with any ratio between levels, tiles asked for in batches.
 *
 * OpenSeadragon counts levels from the smallest, a slide from the largest. Its own batching (6.1.1) loses tiles, because
 * every draw clears the loader's unflushed buckets; tiles asked for in one turn are gathered here instead.
 */
import OpenSeadragon from 'openseadragon'
import { readTiles } from '../api/tiles.ts'
import { type Slide, type TileReply, TILES_PER_REQUEST } from '../../src-shared/slides.ts'
import { messageOf, toError } from '../../src-shared/errors.ts'
import { missingTile } from './missingTile.ts'
import { asStored, drawnTile, type TileLook } from './tileLook.ts'

interface Wanted {
  /** index into the slide's levels, 0 = full resolution */
  level: number
  column: number
  row: number
  job: OpenSeadragon.ImageJob
}

/** The WebGL drawer must be given bitmaps: it leaks the URL of every blob it is given. */
export type TileType = 'imageBitmap' | 'rasterBlob'

export function slideTileSource(
  slide: Slide,
  tileType: TileType,
  look: TileLook,
  onFault: (error: Error) => void,
): OpenSeadragon.TileSource {
  const top = slide.levels.length - 1
  const levelOf = (osdLevel: number) => slide.levels[top - osdLevel]!
  const ask = batched(slide, tileType, look, onFault)

  const source = new OpenSeadragon.TileSource({
    width: slide.width,
    height: slide.height,
    tileWidth: levelOf(top).tileWidth,
    tileHeight: levelOf(top).tileHeight,
    tileOverlap: 0,
    minLevel: 0,
    maxLevel: top,
  })
  source.getLevelScale = (level) => levelOf(level).width / slide.width
  source.getNumTiles = (level) => new OpenSeadragon.Point(levelOf(level).columns, levelOf(level).rows)
  source.getTileWidth = (level) => levelOf(level).tileWidth
  source.getTileHeight = (level) => levelOf(level).tileHeight
  source.getTileUrl = (level, x, y) => `${slide.id}/${look.key}/${top - level}/${x}/${y}`
  source.hasTransparency = () => false
  source.downloadTileStart = (job) => {
    const [level, column, row] = job.src.split('/').slice(2).map(Number)
    ask({ level: level!, column: column!, row: row!, job })
  }
  source.downloadTileAbort = (job) => {
    job.userData.aborted = true
  }
  return source
}

/** Gathers the tiles asked for in one turn of the event loop into as few requests as allowed. */
function batched(
  slide: Slide,
  tileType: TileType,
  look: TileLook,
  onFault: (error: Error) => void,
): (wanted: Wanted) => void {
  let waiting: Wanted[] = []

  const flush = (): void => {
    const all = waiting
    waiting = []
    for (const [level, wanted] of Map.groupBy(all, (each) => each.level))
      for (let i = 0; i < wanted.length; i += TILES_PER_REQUEST)
        void request(level, wanted.slice(i, i + TILES_PER_REQUEST))
  }

  const request = async (level: number, wanted: Wanted[]): Promise<void> => {
    const { tileWidth, tileHeight } = slide.levels[level]!
    const form = { tileType, tileWidth, tileHeight }
    try {
      const tiles = wanted.map(({ column, row }): [number, number] => [column, row])
      const replies = await readTiles({ slide: slide.id, level, tiles, channels: look.channels })
      await Promise.all(wanted.map(({ job }, i) => finish(job, replies[i] ?? null, form, look, onFault)))
    } catch (error) {
      onFault(error as Error)
      for (const { job } of wanted) job.fail(messageOf(error), null)
    }
  }

  return (wanted) => {
    wanted.job.userData.aborted = false
    if (waiting.push(wanted) === 1) queueMicrotask(flush)
  }
}

type TileForm = { tileType: TileType; tileWidth: number; tileHeight: number }

async function finish(
  job: OpenSeadragon.ImageJob,
  reply: TileReply,
  form: TileForm,
  look: TileLook,
  onFault: (error: Error) => void,
): Promise<void> {
  if (job.userData.aborted) return
  if (reply !== null && !(reply instanceof Uint8Array))
    return finishMissing(job, toError({ code: reply.code, message: reply.message, data: reply.data }), form, onFault)
  try {
    // bare glass is white in every look
    const drawn = reply ? await drawnTile(reply, look) : await glass()
    if (!(drawn instanceof Blob)) job.finish(drawn, null, 'imageBitmap')
    else if (form.tileType === 'rasterBlob') job.finish(drawn, null, 'rasterBlob')
    else job.finish(await asStored(drawn), null, 'imageBitmap')
  } catch (error) {
    await finishMissing(job, error as Error, form, onFault)
  }
}

/** A tile that can not be read or decoded is drawn as what it is. */
async function finishMissing(
  job: OpenSeadragon.ImageJob,
  error: Error,
  { tileType, tileWidth, tileHeight }: TileForm,
  onFault: (error: Error) => void,
): Promise<void> {
  onFault(error)
  try {
    const canvas = missingTile(tileWidth, tileHeight)
    if (tileType === 'rasterBlob') job.finish(await canvas.convertToBlob({ type: 'image/png' }), null, 'rasterBlob')
    else job.finish(canvas.transferToImageBitmap(), null, 'imageBitmap')
  } catch (failure) {
    job.fail(messageOf(failure), null)
  }
}

let whiteTile: Promise<Blob> | undefined

/** Where a file stores no tile there is bare glass. */
function glass(): Promise<Blob> {
  whiteTile ??= (() => {
    const canvas = new OffscreenCanvas(1, 1)
    const g = canvas.getContext('2d')!
    g.fillStyle = '#fff'
    g.fillRect(0, 0, 1, 1)
    return canvas.convertToBlob({ type: 'image/png' })
  })()
  return whiteTile
}
