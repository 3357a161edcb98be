/**
 * The tiles of a slide in a viewer, and how they give way to those of another look: the new ones are loaded unseen, and
 * shown all at once when those in view are there. So two looks are never on the screen together, and it is never empty.
 *
 * OpenSeadragon's own way, to change the tiles it holds (`requestInvalidate`), would change up to 1,200 bitmaps that
 * nobody looks at, and one by one.
 */
import type OpenSeadragon from 'openseadragon'
import type { Slide } from '../../src-shared/slides.ts'
import type { TileLook } from './tileLook.ts'
import { slideTileSource, type TileType } from './tileSource.ts'

/** Tiles that are not there by then, from a slow drive or a damaged place, are shown as they come, ms. */
const PATIENCE_MS = 1500

interface SlideTiles {
  /** @param added called when the slide is in the viewer; its tiles follow */
  show(slide: Slide | null, look: TileLook, added: () => void): void
  relook(look: TileLook): void
  /** Asks for every tile again. */
  reload(): void
  /** Every tile of the view is there, in the look that was asked for. */
  isWhole(): boolean
  destroy(): void
}

/**
 * @param onLook told the key of a look when its tiles, and no others, are drawn
 */
export function slideTiles(
  osd: OpenSeadragon.Viewer,
  tileType: TileType,
  onLook: (key: string) => void,
  onFault: (error: Error) => void,
): SlideTiles {
  let shown: { slide: Slide; key: string; image: OpenSeadragon.TiledImage | null } | null = null
  /** The look that is being loaded. */
  let next: { key: string; stop: () => void } | null = null

  const abandon = (): void => {
    next?.stop()
    next = null
  }

  const add = (slide: Slide, look: TileLook, opacity: number, added: (image: OpenSeadragon.TiledImage) => void): void =>
    osd.addTiledImage({
      tileSource: slideTileSource(slide, tileType, look, (error) => {
        if (shown?.slide === slide) onFault(error)
      }),
      opacity,
      preload: true,
      success: (event) => added((event as unknown as { item: OpenSeadragon.TiledImage }).item),
    })

  function relook(look: TileLook): void {
    const now = shown
    if (!now || (next ?? now).key === look.key) return
    abandon()
    if (now.key === look.key) return
    let image: OpenSeadragon.TiledImage | null = null
    let timer: ReturnType<typeof setTimeout> | undefined
    let stopped = false
    const stop = (): void => {
      stopped = true
      clearTimeout(timer)
      if (image) osd.world.removeItem(image)
    }
    next = { key: look.key, stop }
    const swap = (): void => {
      if (stopped || !image) return
      clearTimeout(timer)
      stopped = true
      next = null
      const before = now.image
      now.image = image
      now.key = look.key
      image.setOpacity(1)
      if (before) osd.world.removeItem(before)
      onLook(look.key)
    }
    add(now.slide, look, 0, (made) => {
      if (stopped) {
        osd.world.removeItem(made)
        return
      }
      image = made
      made.addHandler('fully-loaded-change', ({ fullyLoaded }) => {
        if (fullyLoaded) swap()
      })
      timer = setTimeout(swap, PATIENCE_MS)
    })
  }

  return {
    show(slide, look, added) {
      abandon()
      osd.world.removeAll()
      const now = slide && { slide, key: look.key, image: null as OpenSeadragon.TiledImage | null }
      shown = now
      if (!now) return
      add(now.slide, look, 1, (image) => {
        if (shown !== now) return
        if (now.image) osd.world.removeItem(image) // another look was faster
        else {
          now.image = image
          onLook(now.key)
        }
        added()
      })
    },
    relook,
    reload: () => shown?.image?.reset(),
    isWhole: () => next === null && (shown?.image?.getFullyLoaded() ?? false),
    destroy: abandon,
  }
}
