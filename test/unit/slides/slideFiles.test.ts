/** A slide's file without a project, as the command line uses it. */
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { slideInfo, slideRegion } from '../../../src-main/slides/slideFiles.ts'
import { nodeWorkerHost } from '../../../src-main/host/node/nodeWorkerHost.ts'
import { temporaryFolder } from '../../fixtures/temporary.ts'
import { svsSample, tiffSample, writeTinySlide } from '../../fixtures/tinySlides.ts'

const raw = (png: Uint8Array) => sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true })

const theirs = (page: number, left: number, top: number, width: number, height: number) =>
  sharp(tiffSample, { page, ignoreIcc: true }).extract({ left, top, width, height }).raw().toBuffer()

test('info gives the header and the fingerprint, the same at every reading', async () => {
  const [first, second] = [await slideInfo(nodeWorkerHost, svsSample), await slideInfo(nodeWorkerHost, svsSample)]
  expect(first).toEqual(second)
  expect(first).toMatchObject({ header: { format: 'Aperio SVS', width: 2220 } })
  expect(first.fingerprint).toMatch(/^1938955-[0-9a-f]{40}$/)
})

describe('region', () => {
  test('at a level: corner in level-0 px, size in px of the level, pixels as they are stored', async () => {
    const png = await slideRegion(nodeWorkerHost, tiffSample, {
      x: 800,
      y: 400,
      width: 120,
      height: 90,
      at: { level: 2 },
    })
    const { data, info } = await raw(png)
    expect([info.width, info.height]).toEqual([120, 90])
    expect(data.equals(await theirs(2, 200, 100, 120, 90))).toBe(true)
  })

  test('at a µm/px of the pyramid: the level’s pixels', async () => {
    const at = { mpp: 2 * 0.971996809876095 }
    const { data } = await raw(
      await slideRegion(nodeWorkerHost, tiffSample, { x: 512, y: 256, width: 50, height: 60, at }),
    )
    expect(data.equals(await theirs(1, 256, 128, 50, 60))).toBe(true)
  })

  test('at a µm/px between the levels: resampled to the size asked for', async () => {
    const at = { mpp: 1.4 }
    const { data, info } = await raw(
      await slideRegion(nodeWorkerHost, tiffSample, { x: 500, y: 300, width: 100, height: 80, at }),
    )
    expect([info.width, info.height]).toEqual([100, 80])
    const [width, height] = [100, 80].map((px) => Math.round((px * 1.4) / 0.971996809876095))
    const cut = await theirs(0, 500, 300, width!, height!)
    const same = await sharp(cut, { raw: { width: width!, height: height!, channels: 3 } })
      .resize(100, 80, { fit: 'fill', kernel: 'linear' })
      .raw()
      .toBuffer()
    expect(data.equals(same)).toBe(true)
  })

  test('partly outside: white there', async () => {
    const { data } = await raw(
      await slideRegion(nodeWorkerHost, tiffSample, { x: 2680, y: 0, width: 20, height: 5, at: { level: 0 } }),
    )
    expect([...data.subarray(8 * 3, 9 * 3)]).toEqual([255, 255, 255])
  })

  test.each([
    ['wholly outside', { x: 3000, y: 0, width: 10, height: 10, at: { level: 0 } }, 'SLIDE_REGION_OUTSIDE'],
    ['of a level there is not', { x: 0, y: 0, width: 10, height: 10, at: { level: 9 } }, 'SLIDE_REGION_OUTSIDE'],
    ['of no size', { x: 0, y: 0, width: 0, height: 10, at: { level: 0 } }, 'INPUT_INVALID'],
    ['too large for one picture', { x: 0, y: 0, width: 100_000, height: 10, at: { level: 0 } }, 'INPUT_INVALID'],
  ])('%s is refused', async (_, wanted, code) => {
    await expect(slideRegion(nodeWorkerHost, tiffSample, wanted)).rejects.toMatchObject({ code })
  })

  test('at a µm/px of a slide that does not say its own is refused', async () => {
    const file = await writeTinySlide(path.join(temporaryFolder(), 'a.tif'))
    const wanted = { x: 0, y: 0, width: 10, height: 10, at: { mpp: 1 } }
    await expect(slideRegion(nodeWorkerHost, file, wanted)).rejects.toMatchObject({ code: 'SLIDE_MPP_NEEDED' })
  })
})
